"""Scores in place of right and wrong answers: worked examples from the literature, and one number per run."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from suites import LAYERS, SMOTE, answers_of, effect
from summary.analysis import Measure, analyse
from summary.analysis.contrasts import trained_contrasts
from summary.analysis.layout import Layout
from summary.analysis.recognition import find_design
from summary.analysis.samples import accuracy, read_runs

# J. Ramalho, "industRial data science", chapter on two-level designs: tensile strength of PET, 2^2, three
# replicates. R prints the coefficients A 9.58, B -5.75, A:B 1.92, each with the standard error 1.31; an
# effect is twice its coefficient.
PET = [64.4, 82.8, 41.4, 71.3, 57.5, 73.6, 43.7, 69.0, 62.1, 73.6, 52.9, 66.7]
# Box, Hunter and Hunter, Statistics for Experimenters: the pilot plant, 2^3, two replicates; yields. Effects
# with standard errors: temperature 23.0 +- 1.4, concentration -5.0 +- 1.4, catalyst 1.5 +- 1.4.
PILOT_PLANT = [59, 74, 50, 69, 50, 81, 46, 79, 61, 70, 58, 67, 54, 85, 44, 81]


def replicated(factors: str, replicates: int, scores: list[float]) -> pd.DataFrame:
    """Runs in standard order (the first factor varies fastest); each is a seed of its own."""
    cells = [levels[::-1] for levels in product("01", repeat=len(factors))] * replicates
    levels = pd.DataFrame(cells, columns=list(factors))
    return levels.assign(seed=range(len(scores)), score=scores)


def standard_errors(answers: pd.DataFrame) -> dict[str, float]:
    design = find_design(answers)
    runs = read_runs(answers, design.names)
    cells = [*runs.table[design.names].itertuples(index=False, name=None)]
    layout = Layout(cells, [*runs.table["seed"]])
    parts = {c.factor: layout.estimate(c, accuracy(runs))[1] for c in trained_contrasts(design)}
    return {name: float(np.sqrt(part.variance)) for name, part in parts.items()}


def test_a_published_two_by_two_to_the_printed_digits():
    answers = replicated("AB", 3, PET)
    effects, errors = analyse(answers).effects, standard_errors(answers)
    for name, coefficient in {"A": 9.58, "B": -5.75}.items():
        assert round(effect(effects, name, metric="score")["estimate"] / 2, 2) == coefficient
        assert round(errors[name] / 2, 2) == 1.31
    # The difference of two differences is twice the effect that the textbook prints.
    assert round(effect(effects, "A x B", metric="score")["estimate"] / 4, 2) == 1.92
    assert round(errors["A x B"] / 4, 2) == 1.31


def test_the_pilot_plant_to_the_printed_digits():
    answers = replicated("TCK", 2, PILOT_PLANT)
    effects, errors = analyse(answers).effects, standard_errors(answers)
    for name, printed in {"T": 23.0, "C": -5.0, "K": 1.5}.items():
        assert round(effect(effects, name, metric="score")["estimate"], 1) == printed
        assert round(errors[name], 1) == 1.4
    for name, printed in {"T x C": 1.5, "T x K": 10.0, "C x K": 0.0}.items():
        assert round(effect(effects, name, metric="score")["estimate"] / 2, 1) == printed


def test_a_score_of_right_and_wrong_gives_the_effects_on_accuracy():
    right = {("1", "off"): [2, 4], ("1", "on"): [3, 3], ("3", "off"): [5, 7], ("3", "on"): [8, 10]}
    answers = answers_of(right, (LAYERS, SMOTE))
    score = (answers["truth"] == answers["prediction"]).astype(float)
    scored = answers.drop(columns=["truth", "prediction"]).assign(score=score)
    numbers = ["estimate", "low", "high", "low_items", "detectable"]
    expected = analyse(answers).effects.query("metric == 'accuracy'")[numbers].to_numpy()
    analysis = analyse(scored)
    assert 100 * analysis.effects[numbers].to_numpy() == pytest.approx(expected)
    assert analysis.majority is None
    assert analysis.per_class.empty


def test_one_number_per_run_gives_the_interval_over_seeds():
    right = {("1",): [2, 4, 3], ("3",): [5, 7, 8]}
    answers = answers_of(right, (LAYERS,))
    score = (answers["truth"] == answers["prediction"]).astype(float)
    per_run = score.groupby([answers["conv_layers"], answers["seed"]]).mean().rename("score").reset_index()
    analysis = analyse(per_run)
    row = effect(analysis.effects, "conv_layers", metric="score")
    on_test_set = effect(analyse(answers).effects, "conv_layers")
    assert (row["low"], row["high"]) == (row["low_run"], row["high_run"])
    assert 100 * row["low"] == pytest.approx(on_test_set["low_run"])
    assert np.isnan(row["low_items"])
    assert (analysis.items, analysis.measure.on_new) == (0, "for other seeds")
    assert (analysis.power["floor"] == 0).all()


@pytest.mark.parametrize(
    ("values", "digits"), [([0.1, 0.11, 0.12], 4), ([50, 70, 90], 0), ([1e6, 1e6 + 7], 1)]
)
def test_scores_are_rounded_to_two_digits_of_their_spread(values, digits):
    assert Measure("loss", is_share=False).rounded_for(np.array(values)).digits == digits


def test_accuracies_keep_one_digit():
    assert Measure().rounded_for(np.array([0.1, 0.9])).digits == 1
