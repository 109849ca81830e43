"""Widths of the main effects, the rule that stops the addition of seeds, and looks at the effects."""

import numpy as np
import pytest
from scipy import stats

import suites
from growth import grow
from simulation import STRUCTURES, full_factorial
from summary.analysis import analyse, precision
from summary.analysis.precision import enough, seeds_needed, target
from summary.analysis.uncertainty import Components
from summary.analysis.verdicts import after_looks

PARTS = Components(run=4.0, item=2.0, noise=1.0, df_run=4, df_item=471)  # of five seeds
DESIGN = full_factorial((suites.LAYERS, suites.DROPOUT))


def test_widths_are_those_of_the_intervals():
    answers = suites.suite(full_factorial(suites.CARD), seeds=3)
    design = full_factorial(suites.CARD)
    effects = analyse(answers, design, replications=2).effects
    effects = effects[(effects["metric"] == "accuracy") & (effects["kind"] != "interaction")]
    table = precision(answers, design, until=2.5)
    assert (
        list(table["factor"]) == list(effects["factor"]) == ["class_order", "conv_layers", "dropout", "smote"]
    )
    np.testing.assert_allclose(table["half_width"], (effects["high"] - effects["low"]) / 2)


def test_the_target_is_the_wanted_width_or_near_what_endless_seeds_would_leave():
    floor = stats.norm.ppf(0.975)  # item - noise is 1
    assert target(PARTS, 2.5) == 2.5
    assert target(PARTS, 0.5) == pytest.approx(1.15 * floor)
    endless = PARTS.with_seeds(1e9, 5)
    assert enough(endless, 0.5)
    assert endless.half_width() > 0.5


def test_seeds_needed_are_the_fewest_that_are_enough():
    needed = seeds_needed(PARTS, 5, 3)
    assert needed > 5
    assert enough(PARTS.with_seeds(needed / 5, 5), 3)
    assert not enough(PARTS.with_seeds((needed - 1) / 5, 5), 3)
    assert seeds_needed(PARTS, 5, 100) == 5


def test_with_one_seed_the_width_is_unknown_and_not_enough():
    table = precision(suites.suite(DESIGN, seeds=1), DESIGN, until=100)
    assert table["half_width"].isna().all()
    assert table["seeds"].isna().all()
    assert not table["enough"].any()


def test_p_after_looks():
    np.testing.assert_allclose(after_looks(np.array([0.01, 0.4]), 3), [0.03, 1])


def test_coverage_at_the_stop_and_false_positives_of_looks():
    """benchmarks/interval_coverage.py --until 2.5 does the same with more tables."""
    growth = grow(STRUCTURES["a seed moves all cells"], tables=100, until=2.5, items=200)
    stops = growth.stops(3)
    assert 3 < stops.mean() < 20
    assert 0.89 <= growth.coverage(stops).mean() <= 0.98
    looks = (3, 5, 10)
    corrected = growth.false_positives_of_looks(looks, (1, 2, 3))
    assert corrected < growth.false_positives_of_looks(looks, (1, 1, 1))
    assert corrected <= 0.1


def test_two_seeds_say_what_they_cannot_tell():
    notes = analyse(suites.suite(DESIGN, seeds=2), DESIGN, replications=2).notes
    assert any("seven times as wide as with five" in note for note in notes)
    ratio = (stats.t.isf(0.025, 1) / np.sqrt(2)) / (stats.t.isf(0.025, 4) / np.sqrt(5))
    assert round(ratio) == 7
    assert not any(
        "two seeds" in note for note in analyse(suites.suite(DESIGN), DESIGN, replications=2).notes
    )
