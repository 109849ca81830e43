"""Intervals and power: against statsmodels, and on simulated tables with known effects."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import anova_lm

import simulation
from simulation import SETTINGS, Noise, full_factorial, study
from suites import DROPOUT, LAYERS, SMOTE, suite
from summary.analysis import Design, analyse
from summary.analysis.contrasts import trained_contrasts
from summary.analysis.layout import Layout
from summary.analysis.samples import Sample, accuracy, read_runs
from summary.analysis.uncertainty import Components, detectable, interval


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


def test_run_level_test_is_the_anova_with_seeds_as_blocks(balanced):
    answers, design = balanced
    means = coded(answers).groupby(["a", "b", "c", "seed"], as_index=False)["y"].mean()
    table = anova_lm(smf.ols("y ~ a * b * c + C(seed)", means).fit())
    runs = read_runs(answers, ["conv_layers", "dropout", "smote"])
    sample = accuracy(runs)
    layout = Layout([tuple(row) for row in runs.table.iloc[:, :3].to_numpy()], [*runs.table["seed"]], False)
    for contrast, term in zip(trained_contrasts(design), ["a", "b", "c", "a:b", "a:c", "b:c"], strict=True):
        estimate, parts = layout.estimate(contrast, sample)
        assert estimate**2 / parts.run == pytest.approx(table.loc[term, "F"])
        assert parts.df_run == table.loc["Residual", "df"]


def test_parts_are_those_of_statsmodels_clusters(balanced):
    """Item clusters, and run clusters where seeds are no blocks; up to the small-sample factors."""
    answers, design = balanced
    frame = coded(answers)
    frame["run"] = frame.groupby(["a", "b", "c", "seed"]).ngroup()
    model = smf.ols("y ~ a * b * c", frame)
    plain = {"use_correction": False}
    by_item = model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(frame["item"])[0], **plain}).bse[
        "a"
    ]
    by_run = model.fit(cov_type="cluster", cov_kwds={"groups": frame["run"], **plain}).bse["a"]
    runs = read_runs(answers, ["conv_layers", "dropout", "smote"])
    sample = accuracy(runs)
    cells = [tuple(row) for row in runs.table.iloc[:, :3].to_numpy()]
    _, parts = Layout(cells, range(32)).estimate(trained_contrasts(design)[0], sample)
    assert np.sqrt(parts.item * 79 / 80) == pytest.approx(by_item)
    assert np.sqrt(parts.run * 24 / 32) == pytest.approx(by_run)


def test_plain_two_way_clustering_of_the_benchmark_is_that_of_statsmodels(balanced):
    frame = coded(balanced[0]).sort_values(["a", "b", "c", "seed", "item"], kind="stable")
    frame["run"] = frame.groupby(["a", "b", "c", "seed"]).ngroup()
    groups = np.column_stack([frame["run"], pd.factorize(frame["item"])[0]])
    fitted = smf.ols("y ~ a + b + c", frame).fit(cov_type="cluster", cov_kwds={"groups": groups})
    per_run = frame.groupby("run")[["a", "b", "c"]].first().to_numpy()
    design = np.column_stack([np.ones(32), per_run])
    coefficients, variances = simulation.plain_two_way(frame["y"].to_numpy().reshape(32, 80), design)
    assert coefficients == pytest.approx(fitted.params.to_numpy())
    assert variances == pytest.approx(np.diag(fitted.cov_params()))


@pytest.mark.parametrize(("setting", "seeds"), [("none", 3), ("some", 5), ("much", 5)])
def test_two_way_intervals_cover_the_truth(setting, seeds):
    """A reduced benchmarks/interval_coverage.py: 6 effects x 400 tables; the mean is known to 1 point."""
    result = study(SETTINGS[setting], seeds, 400, class_order=False, random_seed=3)
    assert 0.93 <= result.coverage.mean() <= 0.975
    assert result.coverage.min() >= 0.92
    assert 0.93 <= result.covered_by_run.mean() <= 0.97
    assert result.false_positives <= 0.06


def test_coverage_holds_where_the_runs_of_a_seed_go_together():
    """Half of the variance is shared by the cells of one architecture and seed: coverage of its effect."""
    shared = Noise(architecture=0.12, run=0.12)
    ignored = study(shared, 5, 200, class_order=False, by_seed=False).coverage[0]
    tested = study(shared, 5, 200, class_order=False).coverage[0]
    assert ignored < 0.85
    assert tested > 0.88


def test_power_is_as_stated():
    size = float(np.median(study(SETTINGS["some"], 5, 100, class_order=False).detectable[:, 0]))
    result = study(SETTINGS["some"], 5, 400, (size, 0, 0), 0.0, class_order=False, random_seed=5)
    assert 0.75 <= result.rejected[0] <= 0.87


def test_smallest_detectable_effect_with_many_runs_is_the_textbook_one():
    assert detectable(1.0, np.inf) == pytest.approx(1.95996 + 0.84162, abs=1e-4)
    with_ten_degrees = detectable(1.0, 10)
    critical = stats.t.isf(0.025, 10)
    assert stats.nct.sf(critical, 10, with_ten_degrees) == pytest.approx(0.8)


def test_the_detectable_effect_falls_with_seeds_but_not_below_its_floor(balanced):
    power = analyse(*balanced, replications=2).power
    assert list(power["seeds"].unique()) == [4, 8, 16]
    for _, rows in power.groupby("factor"):
        assert rows["detectable"].is_monotonic_decreasing
        assert (rows["detectable"] > rows["floor"]).all()


def test_sign_probability_is_that_of_single_runs():
    """New pairs of runs on new items show the effect's sign as often as stated (truth: a large pilot)."""
    rng = np.random.default_rng(2)
    expected = np.array([0.28, 0.30])
    design = full_factorial((LAYERS,))
    cells = [cell for cell in design.trained_cells for _ in range(200)]
    pilot, _ = simulation.simulate(rng, expected, SETTINGS["some"], 200, 630)
    runs = pilot.reshape(400, -1).astype(float)
    layout = Layout(cells, [*range(200)] * 2)
    covariance = np.cov(runs) / 630
    # The pilot's values, around the true means.
    value = np.repeat(expected, 200) + runs.mean(1) - np.repeat(pilot.mean((1, 2)), 200)
    stated = layout.sign_probability(trained_contrasts(design)[0], Sample(value, covariance, 630))
    unpaired = simulation.Noise(run=np.hypot(SETTINGS["some"].run, SETTINGS["some"].seed))
    pairs = [simulation.simulate(rng, expected, unpaired, 1, 630)[0].mean((1, 2)) for _ in range(1500)]
    assert stated == pytest.approx(np.mean([b > a for a, b in pairs]), abs=0.04)


def test_components_are_at_least_the_noise_they_contain():
    parts = Components(run=0.0, item=1.0, noise=2.0, df_run=4, df_item=100)
    assert parts.variance == 2.0
    assert parts.floor == 0.0
    assert np.isnan(interval(1.0, np.nan, 0)).all()


def test_by_seed_is_the_t_test_on_each_seeds_own_effect(balanced):
    answers, design = balanced
    row = analyse(answers, design, replications=2, by_seed=True).effects.iloc[0]
    means = coded(answers).pivot_table("y", "seed", "a")
    expected = stats.ttest_1samp(100 * (means[0.5] - means[-0.5]), 0).confidence_interval()
    assert (row["low_run"], row["high_run"]) == pytest.approx(tuple(expected))
