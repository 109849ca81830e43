"""The report of real suites: whole, with one seed, one factor, a missing run, none."""

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from conftest import without
from summary import suite as reading
from summary.analysis import analyse
from summary.report import figures, sentences, tables
from summary.report import page as report

CHROMIUM = shutil.which("chromium")
PDFLATEX = shutil.which("pdflatex")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def written(repeated, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    report.write(repeated, analyse(repeated.answers, repeated.design), folder)
    return folder


@pytest.fixture(scope="module")
def written_card(read, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    report.write(read, analyse(read.answers, read.design), folder)
    return folder


def test_table_agrees_with_the_runs(read):
    cells = tables.cells_table(read)
    assert len(cells) == 17
    for _, row in cells.iloc[:-1].iterrows():
        same = (read.runs[read.factors] == row[read.factors]).all(axis=1)
        assert row["accuracy"] == f"{100 * read.runs[same]['accuracy'].item():.1f}"
        assert row["seeds"] == "1"


def test_of_many_cells_the_base_and_the_best_are_shown(read, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_CELLS", 5)
    many = reading.Suite(read.parent, read.about, read.runs)
    assert len(many.shown) == 5
    assert set(many.base_cell) <= set(many.shown)
    left_out = many.runs[~many.runs["cell"].isin(many.shown)]
    best = many.runs[many.runs["cell"].isin(set(many.shown) - set(many.base_cell))]
    assert best["accuracy"].min() >= left_out["accuracy"].max()
    assert len(tables.cells_table(many, many.shown)) == 5 + 1  # and the baseline
    assert "5 of 16 cells; table.csv has all" in tables.shown_caption(many)
    assert set(many.curves["cell"]) == set(many.shown)
    assert len(figures.per_class(many).axes[0].get_xticks()) == 5


def test_baseline(read):
    last = tables.cells_table(read).iloc[-1]
    assert last["class_order"] == "always Amber"
    # 5 of 15 test images are Amber: recall 1 of 3 tested classes; F1 of Amber 2*(1/3)/(4/3) = 1/2
    assert (last["accuracy"], last["balanced accuracy"], last["macro-F1"]) == ("33.3", "33.3", "16.7")


def test_spread():
    assert tables.spread(pd.Series([0.4, 0.5])) == "45.0 ± 7.1"
    assert tables.spread(pd.Series([0.4])) == "40.0"
    assert tables.spread(pd.Series([], dtype=float)) == "missing"


def test_effect_of_one_factor_is_the_difference_of_the_means(repeated):
    analysis = analyse(repeated.answers, repeated.design)
    table = tables.effects_table(analysis)
    means = repeated.runs.groupby("smote")["accuracy"].mean()
    assert len(table) == 1
    assert table["points"][0] == f"{100 * (means['auto'] - means['off']):+.1f}"
    assert table[tables.ON_NEW_IMAGES][0].startswith("[")
    said = sentences.answers(repeated, analysis)
    assert len(said) == 1
    assert "smote auto instead of off" in said[0]  # the phrase is of the card's own levels
    assert "The study: 0.2937" in said[0]


def test_one_seed_is_said_and_no_interval_over_seeds_is_shown(read):
    analysis = analyse(read.answers, read.design)
    said = sentences.answers(read, analysis)
    assert all("with one seed" in line for line in said)
    assert set(tables.effects_table(analysis)[tables.ON_NEW_IMAGES]) == {"–"}


def test_a_missing_run_stays_visible_and_its_effects_are_not_estimated(read):
    broken = without(read, 15)
    first = tables.cells_table(broken).iloc[15]
    assert (first["seeds"], first["accuracy"]) == ("0 of 1", "missing")
    assert "1 of 16 runs are missing" in tables.cells_caption(broken)
    analysis = analyse(broken.answers, broken.design)
    effects = tables.effects_table(analysis)
    assert set(effects["points"]) == {"not estimable"}
    assert "no finished run" in effects["note"][0]
    assert any("cannot be told" in line for line in sentences.answers(broken, analysis))


def test_a_report_with_a_missing_run_is_written(read, tmp_path):
    broken = without(read, 15)
    report.write(broken, analyse(broken.answers, broken.design), tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "nothing is filled in" in text
    assert "Over the settings that did run" in text


def test_every_file_is_there(written_card):
    names = {file.name for file in written_card.iterdir()}
    for stem in ("table", "effects"):
        assert {f"{stem}.md", f"{stem}.csv", f"{stem}.tex"} <= names
    assert {"report.md", "report.html", "effects_all_metrics.csv"} <= names
    for figure in ("per_class", "learning_curves", "confusions", "effects", "metrics", "per_class_effects"):
        assert {f"{figure}.png", f"{figure}.svg"} <= names


def test_markdowns_figures_exist(written):
    text = (written / "report.md").read_text()
    linked = [part.split(")")[0] for part in text.split("](")[1:]]
    assert len(linked) == 6
    assert all((written / name).is_file() for name in linked)


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")
@pytest.mark.parametrize("which", ["written", "written_card"])
def test_html_shows_every_figure_and_asks_the_network_for_nothing(which, request):
    from playwright.sync_api import sync_playwright

    page_file = request.getfixturevalue(which) / "report.html"
    asked = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda sent: asked.append(sent.url))
        page.goto(page_file.as_uri())
        widths = page.evaluate("[...document.images].map(image => image.complete ? image.naturalWidth : 0)")
        rows = page.locator("table tr").count()
        browser.close()
    assert len(widths) == 6
    assert min(widths) > 300
    assert rows > 4
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]


@pytest.mark.skipif(PDFLATEX is None, reason="Debian's package texlive-latex-base is not installed")
def test_latex_compiles(written_card, tmp_path):
    tables_in = "\n".join((written_card / f"{stem}.tex").read_text() for stem in ("table", "effects"))
    source = (
        "\\documentclass{article}\\usepackage[utf8]{inputenc}\\usepackage{booktabs}"
        f"\\begin{{document}}{tables_in}\\end{{document}}"
    )
    (tmp_path / "paper.tex").write_text(source)
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
