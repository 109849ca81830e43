"""Comparison of two suites: with itself, by hand, and where it is refused."""

import pytest
from scipy import stats

from suites import CARD, LAYERS, answers_of
from summary.analysis import Factor, compare


def test_comparison_of_a_suite_with_itself_is_nothing(card_answers):
    table = compare(card_answers, card_answers, [f.name for f in CARD], {"class_order": "sorted"})
    assert (table["estimate"] == 0).all()
    assert list(table.iloc[0, :4]) == ["sorted", "all", "all", "all"]
    assert len(table) == 17
    assert set(table["note"]) == {"runs paired by seed"}


def test_comparison_by_hand_paired_and_not():
    first = answers_of({("1",): [2, 4, 3], ("3",): [5, 5, 6]}, (LAYERS,))
    second = answers_of({("1",): [4, 5, 6], ("5",): [1, 1, 1]}, (LAYERS,))
    table = compare(first, second, ["conv_layers"])
    assert list(table["conv_layers"]) == ["all", "1"]
    paired = stats.ttest_rel([40, 50, 60], [20, 40, 30]).confidence_interval()
    assert tuple(table.iloc[1][["low_run", "high_run"]]) == pytest.approx(paired)
    assert table["estimate"].iloc[1] == pytest.approx(20)
    other_seeds = second.query("seed < 2").assign(seed=lambda t: t["seed"] + 7)
    row = compare(first, other_seeds, ["conv_layers"]).iloc[1]
    welch = stats.ttest_ind([40, 50], [20, 40, 30], equal_var=False).confidence_interval()
    assert tuple(row[["low_run", "high_run"]]) == pytest.approx(welch)
    assert row["estimate"] == pytest.approx(15)
    assert row["note"] == "runs not paired"
    row = compare(first, second.query("seed < 2"), ["conv_layers"]).iloc[1]
    assert row["note"] == "runs paired by seed: 2 of 3 seeds"


def test_runs_of_a_seed_are_not_independent_in_a_comparison():
    """A seed that moves all cells: the mean over four cells is as uncertain as one cell."""
    right = {(level,): [2, 6, 4] for level in ("1", "2", "3", "4")}
    layers = Factor("conv_layers", ("1", "2", "3", "4"))
    first = answers_of(right, (layers,))
    second = answers_of(right, (layers,)).assign(seed=lambda t: t["seed"] + 3)
    table = compare(first, second, ["conv_layers"])
    assert table["high_run"].iloc[0] == pytest.approx(table["high_run"].iloc[1])


def test_comparison_needs_the_same_items_and_a_common_cell():
    first = answers_of({("1",): [2, 4]}, (LAYERS,))
    with pytest.raises(ValueError, match="share their test items"):
        compare(first, answers_of({("1",): [2, 4]}, (LAYERS,), items=9), ["conv_layers"])
    with pytest.raises(ValueError, match="no cell in common"):
        compare(first, answers_of({("3",): [2, 4]}, (LAYERS,)), ["conv_layers"])
