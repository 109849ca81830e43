"""Designs and contrasts: against a textbook and by their algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suites import CARD, CLASS_ORDER, SMOTE
from summary.analysis.contrasts import Design, Factor
from summary.analysis.uncertainty import Layout


def test_the_pilot_plant_of_box_hunter_and_hunter():
    """Statistics for Experimenters, 2nd ed., chapter 5: a replicated 2^3."""
    yields = {
        ("160", "20", "A"): (59, 61),
        ("180", "20", "A"): (74, 70),
        ("160", "40", "A"): (50, 58),
        ("180", "40", "A"): (69, 67),
        ("160", "20", "B"): (50, 54),
        ("180", "20", "B"): (81, 85),
        ("160", "40", "B"): (46, 44),
        ("180", "40", "B"): (79, 81),
    }
    design = Design((Factor("T", ("160", "180")), Factor("C", ("20", "40")), Factor("K", ("A", "B"))))
    cells = [cell for cell, pair in yields.items() for _ in pair]
    value = np.array([y for pair in yields.values() for y in pair], float)
    layout = Layout(cells, range(16))  # genuine replicates: no blocks
    printed = {"T": 23.0, "C": -5.0, "K": 1.5, "T x C": 1.5, "T x K": 10.0, "C x K": 0.0}
    for contrast in design.contrasts():
        estimate = layout.weights(contrast) @ value
        halved = 2 if contrast.kind == "interaction" else 1  # the book halves the difference of differences
        parts = layout.components(contrast, value, np.zeros((16, 16)), 1)
        assert estimate / halved == pytest.approx(printed[contrast.factor])
        assert round(np.sqrt(parts.run) / halved, 1) == 1.4
        assert parts.df_run == 8


def test_half_fraction_really_is_confounded_with_its_alias():
    """A pure interaction of B and C shows up as the main effect of A, with the sign named."""
    for smote, sign in (("off", -1), ("on", 1)):
        design = Design(CARD[1:], "half", {"conv_layers": "1", "dropout": "0.01", "smote": smote})
        [main, *_] = design.contrasts()
        same = {cell: 1 if (cell[1] == "0.1") == (cell[2] == "on") else -1 for cell in design.cells()}
        assert sum(weight * same[cell] for cell, weight in main.weights().items()) == 2 * sign


@given(st.lists(st.integers(2, 3), min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_contrasts_are_blind_to_what_they_do_not_measure(sizes):
    """Weights sum to zero, and a main effect moves only its own contrasts."""
    factors = tuple(Factor(f"f{k}", tuple(map(str, range(n)))) for k, n in enumerate(sizes))
    design = Design(factors)
    for contrast in design.contrasts():
        weights = contrast.weights()
        assert sum(weights.values()) == pytest.approx(0)
        for at, factor in enumerate(factors):
            seen = sum(weight * (cell[at] == factor.levels[1]) for cell, weight in weights.items())
            own = contrast.factor == factor.name and contrast.level == factor.levels[1]
            assert seen == pytest.approx(float(own))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Factor("smote", ()), "levels"),
        (lambda: Factor("smote", ("on", "on")), "levels"),
        (lambda: Factor("smote", ("on", "off"), "later"), "stage"),
        (lambda: Design(CARD, "quarter"), "must be one of"),
        (lambda: Design((SMOTE, SMOTE)), "given twice"),
        (
            lambda: Design((CLASS_ORDER, Factor("crop", ("1", "2"), "evaluate"))),
            "one factor of stage evaluate",
        ),
        (lambda: Design(CARD, "half"), "base must hold"),
        (lambda: Design((SMOTE,), "half", {"smote": "on"}), "two or more"),
    ],
)
def test_designs_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
