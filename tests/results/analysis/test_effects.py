"""Effects from answers: computed by hand, for each kind of design, and with runs missing."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simulation import full_factorial, half_fraction, one_at_a_time
from suites import (
    BASE,
    CARD,
    CLASS_ORDER,
    LAYERS,
    PRIOR,
    SMOTE,
    answers_of,
    effect,
    suite,
)
from summary.analysis import Analysis, Factor, Measure, analyse
from summary.errors import AnswersError


def analyse_crossed(right: dict[tuple[str, ...], list[int]], factors: tuple[Factor, ...]) -> Analysis:
    return analyse(answers_of(right, factors), full_factorial(factors), replications=2)


# By hand


def test_two_by_two_by_hand():
    right = {("1", "off"): [2, 4], ("1", "on"): [3, 3], ("3", "off"): [5, 7], ("3", "on"): [8, 10]}
    table = analyse_crossed(right, (LAYERS, SMOTE)).effects
    # Cell means 30, 30, 60, 90 percent.
    assert effect(table, "conv_layers")["estimate"] == pytest.approx(45)
    assert effect(table, "smote")["estimate"] == pytest.approx(15)
    assert effect(table, "conv_layers x smote")["estimate"] == pytest.approx(30)
    # The effect in each seed: (50 + 80) / 2 - (20 + 30) / 2 = 40, and (70 + 100) / 2 - (40 + 30) / 2 = 50.
    half = stats.t.isf(0.025, 1) * np.std([40, 50], ddof=1) / np.sqrt(2)
    layers = effect(table, "conv_layers")
    assert (layers["low_run"], layers["high_run"]) == pytest.approx((45 - half, 45 + half))
    # The items' own main effects: over four runs at each level.
    per_item = np.zeros(10)
    for cell, counts in right.items():
        per_item += np.array(
            [(1 if cell[0] == "3" else -1) * sum(k < n for n in counts) / 4 for k in range(10)]
        )
    half = stats.t.isf(0.025, 9) * 100 * per_item.std(ddof=1) / np.sqrt(10)
    assert (layers["low_items"], layers["high_items"]) == pytest.approx((45 - half, 45 + half))
    assert layers["low"] <= layers["low_run"]
    assert layers["high"] >= layers["high_run"]
    assert (layers["runs"], layers["seeds"], layers["items"]) == (8, 2, 10)


def test_class_order_is_the_paired_difference_by_hand():
    right = {("unsorted",): [1, 0, 2], ("sorted",): [6, 4, 8]}
    analysis = analyse(answers_of(right, (CLASS_ORDER,)), full_factorial((CLASS_ORDER,)))
    row = effect(analysis.effects, "class_order")
    assert row["estimate"] == pytest.approx(50)
    paired = stats.ttest_rel([60, 40, 80], [10, 0, 20]).confidence_interval()
    assert (row["low_run"], row["high_run"]) == pytest.approx(paired)
    assert (row["kind"], row["within"], row["runs"]) == ("reading", "", 6)
    assert "same weights" in row["note"]
    assert list(analysis.effects["metric"]) == ["accuracy"]  # one class: the other metrics compare classes


def test_two_factors_of_readings_are_each_judged_at_the_base_of_the_other():
    right = {
        ("unsorted", "train", "off"): [1, 0, 2],
        ("unsorted", "train", "on"): [0, 1, 1],
        ("unsorted", "uniform", "off"): [9, 9, 9],
        ("unsorted", "uniform", "on"): [9, 9, 9],
        ("sorted", "train", "off"): [4, 5, 6],
        ("sorted", "train", "on"): [5, 6, 8],
        ("sorted", "uniform", "off"): [6, 8, 7],
        ("sorted", "uniform", "on"): [6, 5, 8],
    }
    factors = CLASS_ORDER, PRIOR, SMOTE
    base = {"class_order": "sorted", "prior": "train"}
    analysis = analyse(answers_of(right, factors), full_factorial(factors, base))
    effects = analysis.effects.set_index("factor")
    assert list(effects["kind"]) == ["reading", "reading", "main"]
    assert effects["within"].to_dict() == {
        "class_order": "prior=train",
        "prior": "class_order=sorted",
        "smote": "class_order=sorted, prior=train",
    }
    assert effects["runs"].to_dict() == {"class_order": 12, "prior": 12, "smote": 6}
    # The prior's effect in each seed: the mean over SMOTE of uniform minus train.
    by_seed = np.mean([[20, 30, 10], [10, -10, 0]], axis=0)
    assert effects.loc["prior", "estimate"] == pytest.approx(by_seed.mean())
    interval = stats.ttest_1samp(by_seed, 0).confidence_interval()
    assert tuple(effects.loc["prior", ["low_run", "high_run"]]) == pytest.approx(interval)
    assert effects.loc["class_order", "estimate"] == pytest.approx(290 / 6)
    assert effects.loc["smote", "estimate"] == pytest.approx(40 / 3)
    assert len(analysis.cells) == 8
    assert analysis.cells.query("class_order == 'sorted' and prior == 'uniform'")["accuracy"].tolist() == (
        pytest.approx([70, 190 / 3])
    )


# The four factors


def test_per_class_effects_carry_their_item_counts(card_answers):
    table = analyse(card_answers, full_factorial(CARD, BASE), replications=2).per_class
    layers = table[table["factor"] == "conv_layers"].set_index("class")
    counts = card_answers.drop_duplicates("item")["truth"].value_counts()
    assert (layers["items"] == counts[layers.index]).all()
    assert layers["items"].sum() == 200
    assert (layers["low"].isna() == (layers["items"] < 5)).all()
    total = effect(analyse(card_answers, full_factorial(CARD, BASE), replications=2).effects, "conv_layers")[
        "estimate"
    ]
    assert (layers["estimate"] * layers["items"]).sum() / 200 == pytest.approx(total)


def test_effects_of_the_four_factors(card_answers):
    design = full_factorial(CARD, BASE)
    analysis = analyse(card_answers, design, replications=50)
    effects = analysis.effects.query("metric == 'accuracy'")
    assert list(effects["factor"]) == [
        "class_order",
        *("conv_layers", "dropout", "smote"),
        *("conv_layers x dropout", "conv_layers x smote", "dropout x smote"),
    ]
    assert set(effects["within"][1:]) == {"class_order=sorted"}
    assert (effects["p_holm"] >= effects["p"]).all()
    assert effect(effects, "class_order")["runs"] == 48
    assert effect(effects, "dropout")["runs"] == 24
    assert effects["sign_probability"].between(0.5, 1).all()
    assert analysis.runs == 48
    assert analysis.items == 200
    assert len(analysis.cells) == 16
    assert analysis.not_estimable.empty
    assert analysis.partial.empty
    name, share = analysis.majority
    assert share == pytest.approx(100 * (card_answers.drop_duplicates("item")["truth"] == name).mean())


def test_effects_of_the_other_factors_do_not_depend_on_unsorted_runs(card_answers):
    design, within = full_factorial(CARD, BASE), full_factorial(CARD[1:], BASE)
    all_runs = analyse(card_answers, design, replications=20).effects.query("metric == 'accuracy'")
    alone = analyse(card_answers.query("class_order == 'sorted'"), within, replications=20).effects
    alone = alone.query("metric == 'accuracy'")
    for column in ("estimate", "low", "high", "low_run", "p"):
        assert all_runs[column].to_numpy()[1:] == pytest.approx(alone[column].to_numpy())


def test_a_note_says_that_no_run_is_read_as_the_base_is(card_answers):
    analysis = analyse(
        card_answers.query("class_order == 'unsorted'"), full_factorial(CARD, BASE), replications=2
    )
    assert analysis.notes[0] == (
        "no run has class_order=sorted: the effects hold within class_order=unsorted"
    )
    assert set(analysis.effects["within"]) == {"class_order=unsorted"}
    assert (
        "no finished run at both unsorted and sorted"
        in effect(analysis.not_estimable, "class_order")["reason"]
    )


def test_order_of_rows_does_not_matter(card_answers):
    design = full_factorial(CARD, BASE)
    one = analyse(card_answers, design, replications=20)
    other = analyse(card_answers.sample(frac=1, random_state=0), design, replications=20)
    numbers = ["estimate", "low_run", "high_run", "low", "high", "p_holm", "sign_probability"]
    exact = one.effects.query("metric == 'accuracy'")[numbers].to_numpy()
    assert other.effects.query("metric == 'accuracy'")[numbers].to_numpy() == pytest.approx(exact)


# Missing runs


def test_missing_cell_is_listed_and_not_filled_in(card_answers):
    gone = "conv_layers == '3' and dropout == '0.1' and smote == 'on'"
    analysis = analyse(card_answers.query(f"not ({gone})"), full_factorial(CARD, BASE), replications=2)
    assert analysis.effects.empty
    assert len(analysis.not_estimable) == 7
    reason = effect(analysis.not_estimable, "dropout")["reason"]
    assert reason == "no finished run in conv_layers=3, dropout=0.1, smote=on"
    assert "1 of 8 trained cells have no run" in analysis.notes[0]
    empty = analysis.cells.query(f"class_order == 'sorted' and {gone}").iloc[0]
    assert empty["runs"] == 0
    assert np.isnan(empty["accuracy"])
    part = effect(analysis.partial, "dropout")
    assert part["runs"] == 18  # 3 of 4 settings
    assert "settings that did run" in part["note"]
    assert np.isnan(part["p_holm"])


def test_effects_stay_within_sorted_when_a_sorted_run_failed(card_answers):
    failed = "class_order == 'sorted' and conv_layers == '3' and dropout == '0.1' and smote == 'on'"
    analysis = analyse(card_answers.query(f"not ({failed})"), full_factorial(CARD, BASE), replications=2)
    assert set(analysis.not_estimable["within"]) == {"", "class_order=sorted"}
    only = one_at_a_time(CARD, BASE)
    unsorted = analyse(suite(only).query("class_order == 'unsorted'"), only, replications=2)
    assert unsorted.effects.empty
    assert len(unsorted.not_estimable) == 4


def test_partial_effect_is_the_mean_over_complete_settings():
    right = {("1", "off"): [2, 4], ("1", "on"): [3, 3], ("3", "off"): [5, 7]}
    analysis = analyse_crossed(right, (LAYERS, SMOTE))
    assert effect(analysis.partial, "conv_layers")["estimate"] == pytest.approx(30)
    assert "conv_layers x smote" not in set(analysis.partial["factor"])


def test_one_seed_gives_no_run_interval(card_answers):
    analysis = analyse(card_answers.query("seed == 0"), full_factorial(CARD, BASE), replications=20)
    for row in analysis.effects.to_dict("records"):
        assert np.isnan(
            [row[name] for name in ("low_run", "low", "p", "p_holm", "detectable", "sign_probability")]
        ).all()
        assert row["low_items"] <= row["estimate"] <= row["high_items"]
        assert "silent on other seeds" in row["note"]
    assert analysis.power["detectable"].isna().all()


def test_unequal_seeds_weigh_cells_the_same():
    right = {("1", "off"): [2, 4, 6], ("1", "on"): [3], ("3", "off"): [5, 7], ("3", "on"): [8, 10]}
    row = effect(
        analyse_crossed(right, (LAYERS, SMOTE)).effects,
        "smote",
    )
    assert row["estimate"] == pytest.approx((30 + 90) / 2 - (40 + 60) / 2)
    assert "1 to 3 seeds per cell" in row["note"]
    assert "the intervals are too short" in row["note"]  # what a single seed cannot tell
    assert row["seeds"] == 1
    assert np.isfinite(row["high"])


def test_unequal_seeds_by_hand():
    row = effect(analyse_crossed({("1",): [2, 4, 6], ("3",): [5, 7]}, (LAYERS,)).effects, "conv_layers")
    # Of each seed: deviations from the cell's mean / its n runs * root of n / (n - 1).
    shares = np.array([20, 0, -20]) / 3 * np.sqrt(3 / 2) + np.array([-10, 10, 0]) / 2 * np.sqrt(2)
    # Their covariance for independent runs of variance 1.
    expected = (np.eye(3) - 1 / 3) / 6 + np.pad((np.eye(2) - 1 / 2) / 2, (0, 1))
    df = np.trace(expected) ** 2 / (expected**2).sum()
    half = stats.t.isf(0.025, df) * np.sqrt((shares**2).sum())
    assert (row["low_run"], row["high_run"]) == pytest.approx((20 - half, 20 + half))


def test_runs_that_never_vary_give_no_error():
    right = {("1",): [5, 5], ("3",): [5, 5]}
    row = effect(
        analyse_crossed(right, (LAYERS,)).effects,
        "conv_layers",
    )
    assert tuple(row[["estimate", "low", "high", "p"]]) == pytest.approx((0, 0, 0, 1), abs=1e-4)


# Other designs


def test_one_factor_is_the_paired_t_test():
    right = {("1",): [2, 4, 3, 6], ("3",): [5, 7, 7, 8]}
    row = effect(
        analyse_crossed(right, (LAYERS,)).effects,
        "conv_layers",
    )
    paired = stats.ttest_rel([50, 70, 70, 80], [20, 40, 30, 60]).confidence_interval()
    assert (row["low_run"], row["high_run"]) == pytest.approx(paired)


def test_more_than_two_levels_are_contrasts_with_the_first():
    rate = Factor("dropout", ("0.01", "0.1", "0.3"))
    design = full_factorial((rate, SMOTE))
    cells = list(product(rate.levels, SMOTE.levels))
    right = {cell: [k + 1, k + 2] for k, cell in enumerate(cells)}
    table = analyse(answers_of(right, (rate, SMOTE)), design, replications=2).effects
    assert effect(table, "dropout", "0.1")["estimate"] == pytest.approx(20)
    assert effect(table, "dropout", "0.3")["estimate"] == pytest.approx(40)
    assert set(table["reference"][:2]) == {"0.01"}
    assert effect(table, "dropout x smote", "0.3 x on")["estimate"] == pytest.approx(0)
    assert effect(table, "dropout", "0.1")["runs"] == 8


def test_one_at_a_time_is_read_against_the_base_cell():
    design = one_at_a_time(CARD, BASE)
    answers = suite(design, seeds=3)
    assert len(design.cells) == 5
    analysis = analyse(answers, design, replications=2)
    effects = analysis.effects.query("metric == 'accuracy'")
    assert list(effects["kind"]) == ["reading", "base", "base", "base"]
    means = analysis.cells.set_index([f.name for f in CARD])["accuracy"]
    base = means["sorted", "3", "0.1", "off"]
    row = effect(effects, "conv_layers")
    assert (row["level"], row["reference"], row["runs"]) == ("1", "3", 6)
    assert row["estimate"] == pytest.approx(means["sorted", "1", "0.1", "off"] - base)
    assert effect(effects, "class_order")["estimate"] == pytest.approx(
        base - means["unsorted", "3", "0.1", "off"]
    )
    without = analyse(answers.query("smote == 'off'"), design, replications=2)
    assert list(without.not_estimable["factor"]) == ["smote"]
    assert len(without.effects.query("metric == 'accuracy'")) == 3


@pytest.mark.parametrize(("smote", "alias"), [("off", "minus "), ("on", "")])
def test_half_fraction_names_its_aliases(smote, alias):
    design = half_fraction(CARD, {**BASE, "conv_layers": "1", "dropout": "0.01", "smote": smote})
    analysis = analyse(suite(design), design, replications=2)
    assert len(design.trained_cells) == 4
    assert ("1", "0.01", smote) in design.trained_cells
    effects = analysis.effects.query("metric == 'accuracy'")
    assert list(effects["kind"]) == ["reading", "main", "main", "main"]
    assert effect(effects, "conv_layers")["aliases"] == f"{alias}dropout x smote"
    means = analysis.cells.query("class_order == 'sorted'").groupby("conv_layers")["accuracy"].mean()
    assert effect(effects, "conv_layers")["estimate"] == pytest.approx(means["3"] - means["1"])


# Refusals


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.iloc[:0], "no finished run"),
        (lambda t: t.drop(columns="truth"), "lack the column truth"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "twice in one run"),
        (lambda t: t.iloc[1:], "share their test items"),
        (lambda t: t.assign(truth=["b", *t["truth"].iloc[1:]]), "two truths"),
        (lambda t: t.replace({"conv_layers": "3"}, "5"), "conv_layers=5"),
    ],
)
def test_unreadable_answers_are_refused(spoil, message):
    answers = answers_of({("1",): [2, 4], ("3",): [5, 7]}, (LAYERS,))
    with pytest.raises(ValueError, match=message):
        analyse(spoil(answers), full_factorial((LAYERS,)), replications=2)


# What decides, and on which items


def test_the_metric_that_decides_comes_first_and_gives_power_and_cells():
    answers, design = suite(full_factorial((LAYERS, SMOTE))), full_factorial((LAYERS, SMOTE))
    by_accuracy = analyse(answers, design)
    by_balanced = analyse(answers, design, measure=Measure("balanced_accuracy"))
    assert by_balanced.effects["metric"].unique().tolist() == ["balanced_accuracy", "accuracy", "macro_f1"]
    rows = [table.effects.sort_values(["metric", "factor"]) for table in (by_accuracy, by_balanced)]
    pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in rows))  # the same numbers
    decisive = effect(by_balanced.effects, "smote", metric="balanced_accuracy")
    now = by_balanced.power[by_balanced.power["factor"] == "smote"].iloc[0]
    assert now["detectable"] == pytest.approx(decisive["detectable"])
    by_hand = by_accuracy.cells["balanced_accuracy"]
    assert by_balanced.cells["balanced_accuracy"].tolist() == pytest.approx(by_hand.tolist())
    assert (by_balanced.cells["low"] < by_balanced.cells["balanced_accuracy"]).all()


def test_a_metric_of_classes_needs_classes():
    answers = answers_of({("off",): [1, 2], ("on",): [3, 4]}, (SMOTE,))
    with pytest.raises(AnswersError, match="balanced accuracy needs predictions of two classes"):
        analyse(answers, full_factorial((SMOTE,)), measure=Measure("balanced_accuracy"))


def test_effects_on_groups_of_classes_are_those_of_their_items_alone():
    answers, design = suite(full_factorial((LAYERS, SMOTE))), full_factorial((LAYERS, SMOTE))
    classes = sorted(answers["truth"].unique())
    groups = {"rare": classes[:3], "untested": ["nowhere"], "others": classes[3:]}
    table = analyse(answers, design, groups=groups).per_group
    assert table["group"].unique().tolist() == ["rare", "others"]
    for name in ("rare", "others"):
        part = answers[answers["truth"].isin(groups[name])]
        alone = analyse(part, design).effects
        for _, row in table[table["group"] == name].iterrows():
            expected = effect(alone, row["factor"])
            assert row[["estimate", "low", "high"]].tolist() == pytest.approx(
                expected[["estimate", "low", "high"]].tolist()
            )
            assert (row["classes"], row["items"]) == (len(groups[name]), part["item"].nunique())


def test_one_group_of_all_classes_has_the_effects_on_accuracy():
    answers, design = suite(full_factorial((LAYERS, SMOTE))), full_factorial((LAYERS, SMOTE))
    analysis = analyse(answers, design, groups={"all": answers["truth"].unique().tolist()})
    whole = effect(analysis.effects, "conv_layers")
    row = effect(analysis.per_group, "conv_layers")
    assert row[["estimate", "low", "high"]].tolist() == pytest.approx(
        whole[["estimate", "low", "high"]].tolist()
    )
