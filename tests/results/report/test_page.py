"""Reports of real suites: complete, with one seed, with one factor, with a missing run."""

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from suites import without_runs
from summary import suite as suites_module
from summary.analysis import analyse
from summary.report import figures, page, sentences, tables
from summary.tracking import read_suite

CHROMIUM = shutil.which("chromium")
PDFLATEX = shutil.which("pdflatex")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def smote_report(smote_suite, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    page.write(smote_suite, analyse(smote_suite.answers, smote_suite.design), folder)
    return folder


@pytest.fixture(scope="module")
def card_report(card_suite, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    page.write(card_suite, analyse(card_suite.answers, card_suite.design), folder)
    return folder


def test_table_agrees_with_the_runs(card_suite):
    cells = tables.cells_table(card_suite)
    assert len(cells) == 17
    for _, row in cells.iloc[:-1].iterrows():
        same = (card_suite.runs[card_suite.factors] == row[card_suite.factors]).all(axis=1)
        assert row["accuracy"] == f"{100 * card_suite.runs[same]['accuracy'].item():.1f}"
        assert row["seeds"] == "1"


def test_of_many_cells_the_base_and_the_best_are_displayed(card_suite, tmp_path, monkeypatch):
    monkeypatch.setattr(suites_module, "MOST_CELLS", 5)
    many = read_suite(card_suite.id)
    assert len(many.displayed_cells) == 5
    assert many.base_cell in many.displayed_cells
    left_out = many.runs[~many.runs["cell"].isin(many.displayed_cells)]
    best = many.runs[many.runs["cell"].isin(set(many.displayed_cells) - {many.base_cell})]
    assert best["accuracy"].min() >= left_out["accuracy"].max()
    assert len(tables.cells_table(many, many.displayed_cells)) == 5 + 1  # and the baseline
    assert "5 of 16 cells; table.csv has all" in tables.displayed_cells_caption(many)
    assert set(many.curves["cell"]) == set(many.displayed_cells)
    assert len(figures.per_class(many).axes[0].get_xticks()) == 5


def test_a_sentence_keeps_the_colons_of_levels():
    effect = {"kind": "main", "factor": "smote", "reference": "off", "level": "copy:400"}
    assert sentences.phrase(pd.Series(effect), [{"name": "smote"}]) == "smote copy:400 instead of off"


def test_baseline(card_suite):
    last = tables.cells_table(card_suite).iloc[-1]
    assert last["class_order"] == "always Amber"
    # 5 of 15 test images are Amber: recall 1 of 3 tested classes; F1 of Amber 2*(1/3)/(4/3) = 1/2
    assert (last["accuracy"], last["balanced accuracy"], last["macro-F1"]) == ("33.3", "33.3", "16.7")


def test_spread():
    assert tables.spread(pd.Series([0.4, 0.5])) == "45.0 ± 7.1"
    assert tables.spread(pd.Series([0.4])) == "40.0"
    assert tables.spread(pd.Series([], dtype=float)) == "missing"


def test_effect_of_one_factor_is_the_difference_of_the_means(smote_suite):
    analysis = analyse(smote_suite.answers, smote_suite.design)
    table = tables.effects_table(analysis)
    means = smote_suite.runs.groupby("smote")["accuracy"].mean()
    assert len(table) == 1
    assert table["points"][0] == f"{100 * (means['auto'] - means['off']):+.1f}"
    assert table[tables.on_new(analysis.measure)][0].startswith("[")
    [sentence] = sentences.answers(smote_suite.about["factors"], analysis)
    assert "smote auto instead of off" in sentence  # the phrase holds for the default levels
    assert "The study" not in sentence  # which claimed nothing of this level, nor of these images


def test_with_one_seed_there_is_no_interval_over_seeds_and_the_sentences_say_so(card_suite):
    analysis = analyse(card_suite.answers, card_suite.design)
    assert all("with one seed" in line for line in sentences.answers(card_suite.about["factors"], analysis))
    assert set(tables.effects_table(analysis)[tables.on_new(analysis.measure)]) == {"–"}


def test_a_missing_run_stays_visible_and_its_effects_are_not_estimated(card_suite):
    broken = without_runs(card_suite, 15)
    first = tables.cells_table(broken).iloc[15]
    assert (first["seeds"], first["accuracy"]) == ("0 of 1", "missing")
    assert "1 of 16 runs are missing" in tables.cells_caption(broken)
    analysis = analyse(broken.answers, broken.design)
    effects = tables.effects_table(analysis)
    assert set(effects["points"]) == {"not estimable"}
    assert "no finished run" in effects["note"][0]
    assert any("cannot be told" in line for line in sentences.answers(broken.about["factors"], analysis))


def test_a_report_with_a_missing_run_is_written(card_suite, tmp_path):
    broken = without_runs(card_suite, 15)
    page.write(broken, analyse(broken.answers, broken.design), tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "nothing is filled in" in text
    assert "Over the settings that did run" in text


def test_the_folder_holds_tables_figures_and_pages(card_report):
    names = {file.name for file in card_report.iterdir()}
    for stem in ("table", "effects"):
        assert {f"{stem}.md", f"{stem}.csv", f"{stem}.tex"} <= names
    assert {"report.md", "report.html", "effects_all_metrics.csv"} <= names
    for figure in ("per_class", "learning_curves", "confusions", "effects", "metrics", "per_class_effects"):
        assert {f"{figure}.png", f"{figure}.svg"} <= names


def test_the_figures_that_markdown_links_exist(smote_report):
    text = (smote_report / "report.md").read_text()
    linked = [part.split(")")[0] for part in text.split("](")[1:]]
    assert len(linked) == 6
    assert all((smote_report / name).is_file() for name in linked)


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")
@pytest.mark.parametrize("which", ["smote_report", "card_report"])
def test_html_shows_every_figure_and_asks_the_network_for_nothing(which, request):
    from playwright.sync_api import sync_playwright

    html = request.getfixturevalue(which) / "report.html"
    requests = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page()
        tab.on("request", lambda sent: requests.append(sent.url))
        tab.goto(html.as_uri())
        widths = tab.evaluate("[...document.images].map(image => image.complete ? image.naturalWidth : 0)")
        rows = tab.locator("table tr").count()
        browser.close()
    assert len(widths) == 6
    assert min(widths) > 300
    assert rows > 4
    assert [url for url in requests if not url.startswith("data:")] == [html.as_uri()]


@pytest.mark.skipif(PDFLATEX is None, reason="Debian's package texlive-latex-base is not installed")
def test_latex_compiles(card_report, tmp_path):
    tables_in = "\n".join((card_report / f"{stem}.tex").read_text() for stem in ("table", "effects"))
    source = (
        "\\documentclass{article}\\usepackage[utf8]{inputenc}\\usepackage{booktabs}"
        f"\\begin{{document}}{tables_in}\\end{{document}}"
    )
    (tmp_path / "paper.tex").write_text(source)
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
