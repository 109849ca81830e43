"""The files of a report: in a browser at two widths, printed, copied, sorted, as LaTeX."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from ablations import ablate
from ablations.ablate import CARD
from ablations.process.names import WIKIART
from records import suite_of_styles, suite_over
from summary.analysis import Measure, analyse
from summary.report import page
from summary.report.content import Content, of_suite

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PICTURES = ("effects", "metrics", "per_class", "per_class_effects", "learning_curves", "confusions")
#: the parts of a page that a reader would not see in full
CUT = """
() => [...document.querySelectorAll("td, th, figure, dd, li, h1, h2, nav a")].filter(element => {
  const box = element.getBoundingClientRect();
  return box.width && (box.left < 0 || box.right > innerWidth || element.scrollWidth > element.clientWidth + 1
    && getComputedStyle(element).display !== "inline");
}).map(element => element.outerHTML.slice(0, 100))
"""


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"Debian's package {package} is not installed")
    return found


@pytest.fixture(scope="module")
def content() -> Content:
    """The study's question on its images, three seeds."""
    suite = suite_over(tuple(CARD), tuple(CARD), ablate.__doc__.strip(), kind=WIKIART)
    measure = Measure(items="images")
    return of_suite(suite, analyse(suite.answers, suite.design, measure=measure, replications=20))


@pytest.fixture(scope="module")
def folder(content, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    page.write(content, folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    chromium = program("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def tables_of(content: Content) -> list[pd.DataFrame]:
    return [part.table.text for part in content.parts if part.table is not None]


def test_the_folder_holds_tables_figures_and_pages(folder):
    tables = {f"{stem}.{suffix}" for stem in ("table", "effects") for suffix in ("md", "csv", "tex")}
    figures = {f"{name}.{suffix}" for name in PICTURES for suffix in ("png", "svg")}
    assert {file.name for file in folder.iterdir()} == tables | figures | {"report.md", "report.html"}


def test_the_figures_that_markdown_links_exist(folder):
    linked = re.findall(r"\]\((.*?)\)", (folder / "report.md").read_text())
    assert linked == [f"{name}.png" for name in PICTURES]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_and_nothing_is_asked_of_the_network(browser, folder, width):
    requests = []
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.on("request", lambda sent: requests.append(sent.url))
    tab.goto((folder / "report.html").as_uri())
    sizes = tab.evaluate("[...document.images].map(image => image.complete ? image.naturalWidth : 0)")
    assert len(sizes) == len(PICTURES)
    assert min(sizes) > 300
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.evaluate(CUT) == []
    assert [url for url in requests if not url.startswith("data:")] == [(folder / "report.html").as_uri()]
    tab.close()


def test_long_names_are_broken(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "DPI", 30)
    suite = suite_of_styles(["x" * 3000, "y" * 70, "z"], "name", "q" * 300)
    page.write(of_suite(suite, analyse(suite.answers, suite.design, replications=20)), tmp_path)
    tab = browser.new_page(viewport={"width": 390, "height": 900})
    tab.goto((tmp_path / "report.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.close()


def test_contents_lead_to_the_sections_and_figures_say_what_they_show(browser, folder, content):
    tab = browser.new_page()
    tab.goto((folder / "report.html").as_uri())
    targets = tab.evaluate(
        "[...document.querySelectorAll('nav a')].map(a => document.querySelector(a.hash)?.tagName)"
    )
    assert targets == ["H2"] * (len(content.sections) + 3)
    alternatives = tab.evaluate("[...document.images].map(image => image.alt)")
    assert "Three convolutions instead of one: +" in alternatives[0]
    assert all(len(text) > 40 for text in alternatives)
    tab.close()


def test_tables_are_sorted_and_copied(browser, folder, content):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    tab.goto((folder / "report.html").as_uri())
    table = tab.locator("#table-table")
    shown = []
    for _ in range(2):
        table.get_by_role("button", name=re.compile("^accuracy")).click()
        texts = table.locator("tbody tr td:nth-child(3)").all_inner_texts()
        shown.append([float(text.split()[0]) for text in texts])
    assert shown[0] == sorted(shown[0])
    assert shown[1] == shown[0][::-1]
    copies = {}
    for name in ("Markdown", "CSV", "LaTeX"):
        tab.locator("#table-effects").get_by_role("button", name=name).click()
        copies[name] = tab.evaluate("navigator.clipboard.readText()")
    effects = tables_of(content)[0]
    assert copies["CSV"] == effects.to_csv(index=False)
    assert copies["Markdown"].splitlines()[0].split(" | ")[0].strip("| ") == "effect"
    assert copies["LaTeX"].startswith("% Needs \\usepackage{booktabs")
    context.close()


def test_print_holds_every_column_and_no_heading_alone(browser, folder, content, tmp_path):
    tab = browser.new_page()
    tab.goto((folder / "report.html").as_uri())
    tab.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    tab.close()
    read = [program("pdftotext", "poppler-utils"), "-layout", "report.pdf", "-"]
    text = subprocess.run(read, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    words = text.split()
    for table in tables_of(content):
        for cell in [*table.columns, *table.to_numpy().ravel()]:
            assert set(cell.split()) <= set(words), cell
    headings = {section.title for section in content.sections} | {
        "Answers",
        "What was run",
        "How to read this",
    }
    last_lines = [
        printed.rstrip().splitlines()[-1].strip() for printed in text.split("\f") if printed.strip()
    ]
    assert not headings & set(last_lines)


def test_dark_mode_changes_the_colours(browser, folder):
    colours = set()
    for scheme in ("light", "dark"):
        tab = browser.new_page(color_scheme=scheme)
        tab.goto((folder / "report.html").as_uri())
        colours.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        tab.close()
    assert len(colours) == 2


def test_latex_compiles_within_the_width_of_the_text(folder, tmp_path):
    latex = program("pdflatex", "texlive-latex-base")
    inputs = "".join(rf"\input{{{folder}/{stem}}}" for stem in ("table", "effects"))
    packages = r"\usepackage{booktabs, tabularx, siunitx}"
    text = rf"\documentclass{{article}}{packages}\begin{{document}}{inputs}\end{{document}}"
    (tmp_path / "paper.tex").write_text(text)
    assert packages in (folder / "effects.tex").read_text().splitlines()[0]
    command = [latex, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    widths = re.findall(r"Overfull \\hbox \((.*?)pt", done.stdout)
    assert all(float(width) <= 1 for width in widths), widths


def test_the_csv_of_the_effects_holds_numbers_with_units(folder, content):
    effects = pd.read_csv(folder / "effects.csv", keep_default_na=False, na_values="")
    printed = tables_of(content)[0]
    first = effects[effects["metric"] == "accuracy"].reset_index(drop=True)
    assert list(first["effect"]) == list(printed["effect"])
    assert list(first["verdict"]) == list(printed["verdict"])
    assert [f"{points:+.1f}" for points in first["estimate_points"]] == list(printed["points"])
    numbers = [name for name in effects if name.endswith(("_points", "probability")) or name.startswith("p")]
    assert all(effects[name].dtype == float for name in numbers)
