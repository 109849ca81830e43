"""Reports of real suites: complete, with one seed, with one factor, with a missing run."""

import pandas as pd
import pytest

from suites import without_runs
from summary import suite as suites_module
from summary.analysis import Analysis, Measure, analyse
from summary.report import figures, page, sentences, tables
from summary.report.content import of_suite
from summary.report.wording import ONE_SEED, Wording
from summary.suite import Suite
from summary.tracking import read_suite


def analysis_of(suite: Suite) -> Analysis:
    return analyse(suite.answers, suite.design, measure=Measure(items="images"), replications=50)


def test_table_agrees_with_the_runs(card_suite):
    cells = tables.cells_by_factor(card_suite)
    assert len(cells) == 17
    for _, row in cells.iloc[:-1].iterrows():
        same = (card_suite.runs[card_suite.factors] == row[card_suite.factors]).all(axis=1)
        assert row["accuracy"] == f"{100 * card_suite.runs[same]['accuracy'].item():.1f}"
        assert row["seeds"] == "1"


def test_numbers_of_the_cells_have_units_and_are_numbers(smote_suite, tmp_path):
    page.write_tables({"table": tables.cells_table(smote_suite)}, tmp_path / "table")
    cells = pd.read_csv(tmp_path / "table.csv", keep_default_na=False, na_values="")
    assert list(cells["cell"]) == ["no SMOTE", "SMOTE auto", "always Amber"]
    assert list(cells["finished_runs"][:2]) == [2, 2]
    accuracy = 100 * smote_suite.runs.groupby("smote", sort=False)["accuracy"].agg(["mean", "std"])
    assert list(cells["accuracy_percent"][:2]) == pytest.approx(list(accuracy["mean"]), abs=1e-4)
    assert list(cells["accuracy_sd_percent"][:2]) == pytest.approx(list(accuracy["std"]), abs=1e-4)


def test_of_many_cells_the_base_and_the_best_are_displayed(card_suite, monkeypatch):
    monkeypatch.setattr(suites_module, "MOST_CELLS", 5)
    many = read_suite(card_suite.id)
    assert len(many.displayed_cells) == 5
    assert many.base_cell in many.displayed_cells
    left_out = many.runs[~many.runs["cell"].isin(many.displayed_cells)]
    best = many.runs[many.runs["cell"].isin(set(many.displayed_cells) - {many.base_cell})]
    assert best["accuracy"].min() >= left_out["accuracy"].max()
    cells = tables.cells_table(many)
    assert len(cells.text) == 5 + 1  # and the baseline
    assert len(cells.numbers) == 16 + 1
    assert "5 of 16 cells; table.csv has all" in cells.caption
    assert set(many.curves["cell"]) == set(many.displayed_cells)
    assert len(figures.per_class(many).figure.axes[0].get_xticks()) == 5


def test_baseline(card_suite):
    last = tables.cells_by_factor(card_suite).iloc[-1]
    assert last["class_order"] == "always Amber"
    # 5 of 15 test images are Amber: recall 1 of 3 tested classes; F1 of Amber 2*(1/3)/(4/3) = 1/2
    assert (last["accuracy"], last["balanced accuracy"], last["macro-F1"]) == ("33.3", "33.3", "16.7")


def test_spread():
    assert tables.spread(pd.Series([0.4, 0.5])) == "45.0 ± 7.1"
    assert tables.spread(pd.Series([0.4])) == "40.0"
    assert tables.spread(pd.Series([], dtype=float)) == "missing"


def test_effect_of_one_factor_is_the_difference_of_the_means(smote_suite):
    analysis, wording = analysis_of(smote_suite), Wording(smote_suite.about["factors"])
    table = tables.effects_table(analysis, wording)
    means = smote_suite.runs.groupby("smote")["accuracy"].mean()
    assert len(table.text) == 1
    assert table.text["95 % on new images"][0].startswith("[")
    assert table.numbers["estimate_points"][0] == pytest.approx(
        100 * (means["auto"] - means["off"]), abs=1e-4
    )
    [sentence] = sentences.answers(wording, analysis)
    assert "SMOTE auto instead of off" in sentence  # the phrase holds for the default levels
    assert "The study" not in sentence  # which claimed nothing of this level, nor of these images


def test_with_one_seed_there_is_no_interval_over_seeds_and_the_sentences_say_so(card_suite):
    analysis, wording = analysis_of(card_suite), Wording(card_suite.about["factors"])
    assert all(ONE_SEED in line for line in sentences.answers(wording, analysis))
    text = tables.effects_table(analysis, wording).text
    assert list(text) == ["effect", "points", tables.THESE_TRAININGS, "verdict"]


def test_a_missing_run_stays_visible_and_its_effects_are_not_estimated(card_suite, tmp_path):
    broken = without_runs(card_suite, 15)
    first = tables.cells_by_factor(broken).iloc[15]
    assert (first["seeds"], first["accuracy"]) == ("0 of 1", "missing")
    analysis, wording = analysis_of(broken), Wording(broken.about["factors"])
    assert set(tables.effects_table(analysis, wording).text["verdict"]) == {"not estimable"}
    assert "no finished run" in tables.details_table(analysis, wording).text["note"][0]
    assert any("not estimable" in line for line in sentences.answers(wording, analysis))
    page.write(of_suite(broken, analysis), tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "nothing is filled in" in text
    assert "1 of 16 runs are missing" in text
    assert "Means over the settings that did run" in text


def test_a_real_suites_head_says_what_was_run(card_suite):
    facts = of_suite(card_suite, analysis_of(card_suite)).facts
    assert facts["images"].startswith("images of the folder paintings")
    assert "4 styles, 32 images for training and 15 for testing; 24 x 24 pixels" in facts["images"]
    assert "learning_rate 0.001, batch_size 4, epochs 6, image_size 24" in facts["held fixed"]
    assert facts["design"] == "full: 16 cells, 1 seed; 16 runs from 8 trainings"
    assert facts["machine"].startswith("cpu; ")
    assert facts["versions"].startswith("Python 3")
    assert facts["command"].startswith("mlflow run . -e ablate --env-manager local -P data=")
    assert "trainings" in facts["duration"]
