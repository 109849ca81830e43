"""Names from data change nothing but the text of a report, whatever characters they hold."""

import html.parser
import re
from pathlib import Path
from unittest.mock import patch

import markdown_it
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.cbook import is_math_text

import summarize
from ablations.process import escape
from ablations.process.terminal import one_line
from records import suite_of_styles
from summary.analysis import analyse
from summary.report import page, templates, terminal
from summary.report.content import of_suite
from summary.report.formats import markdown
from summary.suite import Suite

WORST = [
    r"$\bad{$",
    "truth",
    "..",
    "line\nbreak",
    "a/b",
    "![x](http://127.0.0.1/x.png)",
    r"\input /etc/passwd",
    "<script src=http://127.0.0.1/x.js></script>",
    "[x]: http://127.0.0.1 'x'",
    "\x1b[31mred\u202e|**_`&amp;",
    "x" * 3000,
]
NAMES = st.one_of(st.sampled_from(WORST), st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
COMMANDS = {"begin", "end", "caption", "label", "toprule", "midrule", "bottomrule", "pm", "lambda"}
COMMANDS |= {"textbackslash", "textasciitilde", "textasciicircum", "centering", "times", "shortstack"}
COMMANDS |= {"usepackage", "small", "footnotesize", "setlength", "tabcolsep", "sisetup", "linewidth"}
COMMANDS |= {"hsize", "raggedright", "arraybackslash"}


class Resources(html.parser.HTMLParser):
    """Collects what a page loads, links or runs."""

    def __init__(self, text: str):
        super().__init__()
        self.urls: list[str] = []
        self.tags: set[str] = set()
        self.scripts: list[str] = []
        self.feed(text)

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and self.scripts:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.lasttag = ""

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags.add(tag)
        if tag == "script":
            self.scripts.append("")
            assert not attributes
        self.urls += [
            value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")
        ]
        assert not any(name.startswith("on") for name, _ in attributes)


def own_script() -> str:
    """The script that every report has."""
    return "\n" + (templates.FOLDER / "report.js").read_text()


def assert_harmless(suite: Suite, out: Path) -> None:
    folder = out / terminal.folder_name(suite)
    with patch.object(page, "DPI", 30):
        files = page.write(of_suite(suite, analyse(suite.answers, suite.design)), folder)
    assert {file.resolve().parent.parent for file in files} == {out.resolve()}
    resources = Resources((folder / "report.html").read_text())
    assert all(re.match("data:image/png;base64,|#[a-z-]+$", url) for url in resources.urls)
    assert not resources.tags & {"iframe", "object", "link", "base", "form"}
    assert resources.scripts == [own_script()]
    everywhere = Resources(
        markdown_it.MarkdownIt("commonmark").enable("table").render((folder / "report.md").read_text())
    )
    assert {file.name for file in files} >= set(everywhere.urls)
    for file in folder.glob("*.tex"):
        text = file.read_text().replace(r"\\", "")  # ends of lines
        assert set(re.findall(r"\\([A-Za-z]+)", text)) <= COMMANDS
    for file in folder.glob("*.md"):
        assert "\x1b" not in file.read_text()


def test_a_report_of_the_worst_names(tmp_path):
    assert_harmless(suite_of_styles(WORST, "..", "`![x](http://127.0.0.1)`"), tmp_path)


@settings(max_examples=4, deadline=None)
@given(styles=st.lists(NAMES, min_size=2, max_size=5, unique=True), run=NAMES)
def test_a_report_of_any_names(tmp_path_factory, styles, run):
    assert_harmless(suite_of_styles(styles, run), tmp_path_factory.mktemp("report"))


@given(st.lists(NAMES, min_size=1, max_size=4))
@example(WORST)
def test_markdown_tables_show_the_names(names):
    text = markdown(pd.DataFrame({"style": names, "number": "1"}))
    rendered = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
    cells = [token for token in rendered if token.type == "inline"][2::2]
    shown = ["".join(child.content for child in cell.children or ()) for cell in cells]
    assert [" ".join(text.split()) for text in shown] == [" ".join(one_line(name).split()) for name in names]


@given(NAMES)
@example("````")
def test_markdown_code_shows_the_name(name):
    rendered = markdown_it.MarkdownIt("commonmark").parse(f"see {escape.markdown_code(name)} there")
    kinds = [child.type for child in rendered[1].children or ()]
    assert kinds == ["text", "code_inline", "text"] or not one_line(name).strip()


@given(NAMES)
def test_files_of_any_name_stay_in_their_folder(name):
    path = Path("/out") / (escape.file_name(name) or "0123")
    assert path.resolve().parent == Path("/out")
    assert len(path.name.encode()) <= escape.FILE_BYTES


@given(NAMES)
def test_figures_show_no_formulas(name):
    assert not is_math_text(escape.figure(name))


@pytest.mark.parametrize("name", ["../x", "..", "/x", "a/b"])
def test_a_folder_outside_is_refused(name):
    refused = CliRunner().invoke(summarize.command, ["--name", name])
    assert refused.exit_code == 2
    assert "is not the name of a folder below --out" in refused.output
