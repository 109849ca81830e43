"""Verdicts: words, intervals and p-values never contradict each other."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

import simulation
import suites
from simulation import STRUCTURES, full_factorial
from summary.analysis import analyse
from summary.analysis.verdicts import CANNOT_TELL, decide, holm, is_certain, verdict


def row(**numbers: float) -> pd.Series:
    wide = {"low_90": -3.0, "high_90": 5.0, "low_simultaneous": -5.0, "high_simultaneous": 7.0}
    return pd.Series({"estimate": 1.0, "p": 0.5, "p_holm": 1.0, **wide, **numbers})


@pytest.mark.parametrize(
    ("numbers", "margin", "words"),
    [
        ({"p": 0.001, "p_holm": 0.004}, 2, "raises"),
        ({"estimate": -1.0, "p": 0.001, "p_holm": 0.004}, 2, "lowers"),
        ({"p": 0.03, "p_holm": 0.056}, 2, "probably raises"),
        ({"estimate": -1.0, "p": 0.03, "p_holm": 0.056}, 2, "probably lowers"),
        ({"low_90": -0.5, "high_90": 1.9}, 2, "smaller than 2 points"),
        ({"low_90": -0.5, "high_90": 2.1}, 2, CANNOT_TELL),
        ({"low_90": -0.5, "high_90": 0.4}, 0, CANNOT_TELL),
        (
            {"p": 0.001, "p_holm": 0.004, "low_simultaneous": 0.1, "high_simultaneous": 2.4},
            2.5,
            "raises, by less than 2.5 points",
        ),
        ({"p": np.nan, "p_holm": np.nan, "low_90": np.nan, "high_90": np.nan}, 2, CANNOT_TELL),
    ],
)
def test_words_follow_from_p_and_the_intervals(numbers, margin, words):
    assert verdict(row(**numbers), margin) == words


def test_holm_is_that_of_statsmodels():
    p = np.random.default_rng(0).random((20, 7)) ** 4
    expected = [multipletests(row, method="holm")[1] for row in p]
    assert holm(p) == pytest.approx(np.array(expected))


def test_simultaneous_interval_is_cut_at_zero_where_holm_rejects_and_bonferroni_does_not():
    effects = pd.DataFrame(
        {
            "metric": "accuracy",
            "estimate": [9.0, -5.0, 1.0],
            "p": [0.001, 0.02, 0.8],
            "p_holm": np.nan,
            "low_simultaneous": [4.0, -10.0, -5.0],
            "high_simultaneous": [14.0, 1.0, 7.0],
            "low_90": np.nan,
            "high_90": np.nan,
        }
    )
    decided = decide(effects, 0)
    assert list(decided["verdict"]) == ["raises", "lowers", CANNOT_TELL]
    assert list(decided["p_holm"]) == pytest.approx([0.003, 0.04, 0.8])
    assert list(decided["low_simultaneous"]) == [4, -10, -5]
    assert list(decided["high_simultaneous"]) == [14, 0, 7]


@pytest.mark.parametrize("random_seed", range(12))
def test_interval_p_and_verdict_agree_in_simulated_suites(random_seed):
    rng = np.random.default_rng(random_seed)
    design = full_factorial((suites.LAYERS, suites.DROPOUT, suites.SMOTE))
    levels = simulation.level_codes(design)
    accuracy = 0.3 + np.array([0.05, 0.03, 0.0]) @ (levels - 0.5).T
    [correct] = simulation.draw(rng, STRUCTURES["as on paintings"], levels, accuracy, 4, 300)
    truth = simulation.truths(rng, 300)
    answers = simulation.table(simulation.answers(rng, correct, truth), truth, design.cells)
    effects = analyse(answers, design, replications=50, margin=2).effects
    excludes = (effects["low_simultaneous"] >= 0) | (effects["high_simultaneous"] <= 0)
    assert (excludes == (effects["p_holm"] < 0.05)).all()
    assert (excludes == effects["verdict"].map(is_certain)).all()
    uncorrected = (effects["low"] > 0) | (effects["high"] < 0)
    assert (uncorrected == (effects["p"] < 0.05)).all()
    assert (~uncorrected == effects["verdict"].isin(["smaller than 2 points", CANNOT_TELL])).all()
    assert (effects["high_simultaneous"] - effects["low_simultaneous"] > 0).all()
