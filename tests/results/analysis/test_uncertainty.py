"""Intervals and power: against statsmodels, closed formulas, and simulated tables with known effects."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

import simulation
from simulation import STRUCTURES, Structure, full_factorial
from studies import TWO_EFFECTS, study
from suites import DROPOUT, LAYERS, SMOTE, suite
from summary.analysis import Design, analyse
from summary.analysis.contrasts import trained_contrasts
from summary.analysis.layout import Layout
from summary.analysis.samples import Sample, accuracy, mean_score, read_runs
from summary.analysis.uncertainty import Components, detectable, half_width


@pytest.fixture(scope="module")
def balanced() -> tuple[pd.DataFrame, Design]:
    design = full_factorial((LAYERS, DROPOUT, SMOTE))
    return suite(design, seeds=4, items=80), design


def coded(answers: pd.DataFrame) -> pd.DataFrame:
    frame = answers.assign(y=(answers["truth"] == answers["prediction"]).astype(float))
    for name, factor in {"a": LAYERS, "b": DROPOUT, "c": SMOTE}.items():
        frame[name] = np.where(frame[factor.name] == factor.levels[1], 0.5, -0.5)
    return frame


def test_estimates_are_least_squares_on_codes(balanced):
    answers, design = balanced
    fitted = smf.ols("y ~ (a + b + c) ** 2", coded(answers)).fit().params[1:]
    effects = analyse(answers, design, replications=2).effects.query("metric == 'accuracy'")
    assert effects["estimate"].to_numpy() == pytest.approx(100 * fitted.to_numpy())


def test_interval_on_the_test_set_is_the_t_interval_of_each_seeds_own_effect(balanced):
    answers, design = balanced
    row = analyse(answers, design, replications=2).effects.iloc[0]
    means = coded(answers).pivot_table("y", "seed", "a")
    expected = stats.ttest_1samp(100 * (means[0.5] - means[-0.5]), 0).confidence_interval()
    assert (row["low_run"], row["high_run"]) == pytest.approx(tuple(expected))


def test_variance_and_degrees_of_freedom_are_those_of_obuchowski_rockette_and_hillis():
    """Two tests, r readers, n cases; Hillis 2007, Statistics in Medicine 26, 596.

    F = MS(T) / (MS(TR) + r max(Cov2 - Cov3, 0)), with (t - 1)(r - 1) degrees of freedom times
    (MS(TR) + r max(Cov2 - Cov3, 0))^2 / MS(TR)^2. The tests are cells, the readers seeds, the
    figure of merit the share of right answers; covariances are those over the cases.
    """
    rng = np.random.default_rng(5)
    readers, cases = 5, 400
    levels, structure = np.array([[0], [1]]), STRUCTURES["independent, 2 points"]
    [correct] = simulation.draw(rng, structure, levels, np.array([0.3, 0.33]), readers, cases)
    merit = correct.mean(2)
    interaction = merit - merit.mean(0) - merit.mean(1, keepdims=True) + merit.mean()
    square_of_tests = readers * ((merit.mean(1) - merit.mean()) ** 2).sum()
    square = (interaction**2).sum() / (readers - 1)
    covariance = np.cov(correct.reshape(2 * readers, cases)).reshape(2, readers, 2, readers) / cases
    other_reader = ~np.eye(readers, dtype=bool)
    cov2 = np.mean([covariance[test, :, test][other_reader].mean() for test in (0, 1)])
    cov3 = covariance[0, :, 1][other_reader].mean()
    error = square + readers * max(cov2 - cov3, 0)
    assert cov2 > cov3

    layout = Layout([("1",)] * readers + [("3",)] * readers, [*range(readers)] * 2)
    sample = mean_score(correct.reshape(2 * readers, cases).astype(float))
    [contrast] = trained_contrasts(full_factorial((LAYERS,)))
    estimate, parts = layout.estimate(contrast, sample)
    assert estimate**2 / parts.variance == pytest.approx(square_of_tests / error)
    endless_items = Components(parts.run, parts.item, parts.noise, parts.df_run, 1e12)
    assert endless_items.df == pytest.approx((readers - 1) * error**2 / square**2)


def test_items_part_is_that_of_statsmodels_clusters(balanced):
    """Up to the small-sample factor."""
    answers, design = balanced
    frame = coded(answers)
    groups = {"groups": pd.factorize(frame["item"])[0], "use_correction": False}
    by_item = smf.ols("y ~ a * b * c", frame).fit(cov_type="cluster", cov_kwds=groups).bse["a"]
    runs = read_runs(answers, ["conv_layers", "dropout", "smote"])
    cells = [tuple(row) for row in runs.table.iloc[:, :3].to_numpy()]
    layout = Layout(cells, [*runs.table["seed"]])
    _, parts = layout.estimate(trained_contrasts(design)[0], accuracy(runs))
    assert np.sqrt(parts.item * 79 / 80) == pytest.approx(by_item)


def test_cells_without_a_common_seed_are_compared_as_welch_does():
    value = np.array([0.2, 0.4, 0.3, 0.5, 0.58])
    layout = Layout([("1",)] * 3 + [("3",)] * 2, range(5))
    [contrast] = trained_contrasts(full_factorial((LAYERS,)))
    estimate, parts = layout.estimate(contrast, Sample(value, np.zeros((5, 5)), 10))
    welch = stats.ttest_ind(value[3:], value[:3], equal_var=False)
    assert estimate / np.sqrt(parts.run) == pytest.approx(welch.statistic)
    assert parts.df_run == pytest.approx(welch.df)


def test_with_a_missing_run_the_spread_over_seeds_is_unbiased_and_has_fewer_degrees_of_freedom():
    """Independent runs of one spread: the variance of the contrast is known."""
    rng = np.random.default_rng(3)
    cells = [("1",)] * 4 + [("3",)] * 3
    layout = Layout(cells, [0, 1, 2, 3, 1, 2, 3])
    [contrast] = trained_contrasts(full_factorial((LAYERS,)))
    tables = Sample(rng.normal(size=(20_000, 7)), np.zeros((20_000, 7, 7)), 10)
    estimate, parts = layout.estimate(contrast, tables)
    assert parts.run.mean() == pytest.approx(1 / 4 + 1 / 3, rel=0.03)
    assert 2 * parts.run.mean() ** 2 / parts.run.var() == pytest.approx(float(parts.df_run[0]), rel=0.08)
    assert 2 < parts.df_run[0] < 3
    assert (np.abs(estimate) < half_width(parts.run, parts.df_run)).mean() == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_intervals_cover_the_truth(structure, seeds):
    """A reduced benchmarks/interval_coverage.py: 6 effects x 300 tables; the mean is known to 1 point."""
    result = study(STRUCTURES[structure], seeds, 300, accuracy=TWO_EFFECTS, items=300, random_seed=3)
    assert 0.93 <= result.coverage.mean() <= 0.975
    assert result.coverage.min() >= 0.90
    assert result.false_positives <= 0.08
    assert 0.74 <= result.power.mean() <= 0.86


def test_detectable_is_the_multiple_that_the_simulated_test_finds_in_80_of_100_tables():
    rng = np.random.default_rng(0)
    normal = rng.normal(size=10**6)
    for df in (2, 4, 9):
        stated, tested = np.sqrt(rng.chisquare(df, (2, 10**6)) / df)
        found = normal + detectable(1.0, df) * stated > stats.t.isf(0.025, df) * tested
        assert found.mean() == pytest.approx(0.8, abs=0.002)
    assert detectable(1.0, np.array([2, 4, 9])) == pytest.approx([8.775, 4.678, 3.465], abs=1e-3)


def test_smallest_detectable_effect_with_many_runs_is_the_textbook_one():
    assert detectable(1.0, np.inf) == pytest.approx(1.95996 + 0.84162, abs=1e-4)


def test_the_detectable_effect_falls_with_seeds_but_not_below_its_floor(balanced):
    power = analyse(*balanced, replications=2).power
    assert list(power["seeds"].unique()) == [4, 8, 16]
    for _, rows in power.groupby("factor"):
        assert rows["detectable"].is_monotonic_decreasing
        assert (rows["detectable"] > rows["floor"]).all()


def test_sign_probability_is_that_of_single_runs():
    """New pairs of runs on new items show the effect's sign as often as stated (truth: a large pilot)."""
    rng = np.random.default_rng(2)
    expected, levels = np.array([0.28, 0.30]), np.array([[0], [1]])
    structure = Structure((1.2,))
    [pilot] = simulation.draw(rng, structure, levels, expected, 200, 630)
    runs = pilot.reshape(400, -1).astype(float)
    design = full_factorial((LAYERS,))
    layout = Layout([cell for cell in design.trained_cells for _ in range(200)], [*range(200)] * 2)
    # The pilot's values, around the true means.
    value = np.repeat(expected, 200) + runs.mean(1) - np.repeat(pilot.mean((1, 2)), 200)
    sample = Sample(value, np.cov(runs) / 630, 630)
    stated = layout.sign_probability(trained_contrasts(design)[0], sample)
    pairs = simulation.draw(rng, structure, levels, expected, 1, 630, tables=1500).mean((2, 3))
    assert stated == pytest.approx((pairs[:, 1] > pairs[:, 0]).mean(), abs=0.04)


def test_interval_is_never_narrower_than_that_of_the_seeds_alone():
    parts = Components(run=1.0, item=1.1, noise=0.9, df_run=2, df_item=100)
    assert half_width(parts.variance, parts.df) < half_width(parts.run, parts.df_run)
    assert parts.half_width() == half_width(parts.run, parts.df_run)
    assert parts.p_value(3.0) == pytest.approx(2 * stats.t.sf(3.0, 2))


def test_parts_are_never_negative_and_unknown_without_a_second_seed():
    parts = Components(run=0.5, item=1.0, noise=2.0, df_run=4, df_item=100)
    assert (parts.variance, parts.floor) == (0.5, 0.0)
    assert np.isnan(Components(np.nan, 1.0, np.nan, 0, 100).half_width())
