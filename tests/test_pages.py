"""The pages say what is so: links lead somewhere, commands exist, README's own question runs."""

import importlib.util
import re
import shlex
import shutil
import string
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mlflow.projects.utils import load_project

import ablations
from tests.ablations.cli.test_mlproject import click_command
from tests.conftest import TINY, environment_for, mlflow_run

ROOT = Path(__file__).resolve().parents[1]
FOUND = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("results/published/*.md")]
PAGES = sorted(page for page in FOUND if not page.name.endswith(".in.md"))  # those are made into pages
PROJECT = load_project(str(ROOT))
QUESTION = "A question of your own"  # README's section


def tokens(page: Path) -> Iterator[Token]:
    """The tokens of a Markdown file, those within lines included."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def anchors(page: Path) -> set[str]:
    """The names of a page's headings in addresses, as GitHub makes them."""
    found, heading = set(), False
    for token in tokens(page):
        heading = token.type == "heading_open" or (heading and token.type != "heading_close")
        if heading and token.type == "inline":
            kept = re.sub(rf"[^\w\- {string.whitespace}]", "", token.content.lower())
            found.add(kept.replace(" ", "-"))
    return found


def links(page: Path) -> list[str]:
    found = [token.attrs.get("href") or token.attrs.get("src") for token in tokens(page)]
    return [link for link in found if link and not re.match(r"[a-z]+:", link)]


def code(page: Path) -> list[str]:
    """The lines of a page's code, in blocks and in between."""
    kinds = ("fence", "code_block", "code_inline")
    return [line for token in tokens(page) if token.type in kinds for line in token.content.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: there is no {path}"
        if anchor:
            assert anchor in anchors(target), f"{link}: {target.name} has no such heading"


def test_every_page_can_be_reached_from_readme():
    seen, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
        ahead += [target for target in targets if target.suffix == ".md" and target.is_file()]
    assert {page for page in PAGES if page.parent.name == "docs"} - seen == set()


def commands(program: str) -> list[tuple[str, str]]:
    """The commands of a program that the pages show: (page, command)."""
    return [
        (page.name, match[0])
        for page in PAGES
        for line in code(page)
        for match in re.finditer(rf"{program} [^&|#`<]*", line)
    ]


@pytest.mark.parametrize(("page", "command"), commands("mlflow run"))
def test_commands_name_entry_points_and_parameters_with_values_that_they_take(page, command, tmp_path):
    words = shlex.split(command)
    if "-e" not in words or "-P" in words[-1:]:  # `mlflow run` itself is spoken of
        return
    entry = words[words.index("-e") + 1]
    given = dict(
        words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "-P" and "=" in words[at + 1]
    )
    if entry == questions_name():
        entry = "dropout"  # README's question is a copy of this entry
    point = PROJECT.get_entry_point(entry)
    assert set(given) <= set(point.parameters)
    click, arguments = click_command(shlex.split(point.compute_command(given, str(tmp_path))))
    click.make_context(entry, arguments)


def test_programs_that_are_shown_exist():
    for page, command in commands("python"):
        words = shlex.split(command)
        if words[1:2] == ["-m"] and len(words) > 2 and not words[2].endswith("."):
            assert importlib.util.find_spec(words[2]), f"{page}: {command}"
        elif words[1:] and words[1].endswith(".py"):
            assert (ROOT / words[1]).is_file(), f"{page}: {command}"


def section(title: str) -> list[Token]:
    """The tokens of a section of README."""
    every = list(tokens(ROOT / "README.md"))
    starts = [at for at, token in enumerate(every) if token.type == "heading_open"] + [len(every)]
    return next(every[at:end] for at, end in pairwise(starts) if every[at + 1].content == title)


def questions_name() -> str:
    """The module that README's own question is written to."""
    spans = [token.content for token in section(QUESTION) if token.type == "code_inline"]
    return next(Path(span).stem for span in spans if re.fullmatch(r"ablations/\w+\.py", span))


def test_readmes_question_runs_and_its_factor_stands_in_the_table(tmp_path, paintings_folder):
    name = questions_name()
    text = next(token.content for token in section(QUESTION) if token.info == "python")
    assert len([line for line in text.splitlines() if line.strip()]) <= 10
    project = tmp_path / "project"
    shutil.copytree(ROOT / "ablations", project / "ablations", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("wikiart", "results"):  # with their compiled code
        (project / folder).symlink_to(ROOT / folder)
    (project / "ablations" / f"{name}.py").write_text(text)
    entries = (ROOT / "MLproject").read_text()
    entry = re.search(r"^  dropout:\n(?:    .*\n)+", entries, re.MULTILINE)[0]
    assert entry.count("dropout") == 2  # as README says
    (project / "MLproject").write_text(entries.replace(entry, entry + "\n" + entry.replace("dropout", name)))
    where = {"data": paintings_folder, "out": tmp_path / "results"}
    done = mlflow_run(environment_for(tmp_path), name, project, **where, **TINY)
    assert done.returncode == 0, done.stdout + done.stderr
    first = [line.partition(" ")[0] for line in done.stdout.splitlines()]
    heading = first.index(name)
    assert first[heading + 2 : heading + 4] == ["0.01", "0.001"]


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    [version, date] = re.search(r"^## \[(\d[^]]*)\] - (\S+)$", changelog, re.MULTILINE).groups()
    assert (version, date) == (ablations.__version__, str(citation["date-released"]))
    assert citation["version"] == version
