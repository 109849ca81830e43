"""A reader makes a suite's report again from its answers, to the byte, without MLflow."""

import re
from pathlib import Path

import matplotlib
import pytest
from click.testing import CliRunner
from PIL import Image

import summarize
from records import suite_of_styles
from summary import published
from summary.errors import AnswersError
from summary.report import terminal

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
KEPT = {published.ANSWERS_FILE, published.SUITE_FILE}


def made_again(folder: Path, out: Path) -> Path:
    """The folder that the command makes of the answers in another."""
    arguments = ["--table", str(folder / published.ANSWERS_FILE), "--out", str(out), "--name", "again"]
    done = CliRunner().invoke(summarize.command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return out / "again"


def assert_equal_files(expected: Path, made: Path) -> None:
    """Every file is equal; drawings only if this Matplotlib drew the expected ones."""
    drawings = {path for path in expected.iterdir() if path.suffix in (".png", ".svg")}
    same = all(f"version{matplotlib.__version__}," in drawn_by(p) for p in drawings if p.suffix == ".png")
    names = {path.name for path in expected.iterdir()} - KEPT
    assert {path.name for path in made.iterdir()} == names
    for name in names:
        one, other = (folder.joinpath(name).read_bytes() for folder in (expected, made))
        if not same:
            if expected / name in drawings:
                continue
            one, other = (re.sub(rb"data:image/png;base64,[\w+/=]+", b"", page) for page in (one, other))
        assert one == other, name


def drawn_by(picture: Path) -> str:
    return Image.open(picture).info["Software"]


@pytest.fixture
def small(tmp_path) -> Path:
    suite = suite_of_styles(["Amber", "NA", 'a,b"c'], "name")
    terminal.summarize(suite, tmp_path / "first", 2)
    published.write(suite, 2, tmp_path / "first")
    return tmp_path / "first"


def test_the_report_of_a_small_suite_is_made_again_from_its_answers(small, tmp_path):
    assert_equal_files(small, made_again(small, tmp_path))


def test_the_same_answers_are_the_same_file(small, tmp_path):
    suite, margin = published.read(small)
    published.write(suite, margin, tmp_path / "second")
    for name in KEPT:
        assert (small / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_the_report_of_a_real_suite_is_made_again_from_its_answers(smote_suite, tmp_path):
    terminal.summarize(smote_suite, tmp_path / "first")
    published.write(smote_suite, 0, tmp_path / "first")
    assert_equal_files(tmp_path / "first", made_again(tmp_path / "first", tmp_path))


@pytest.mark.parametrize("folder", [file.parent for file in PUBLISHED.rglob(published.ANSWERS_FILE)])
def test_the_published_reports_are_made_again_from_their_answers(folder, tmp_path):
    assert_equal_files(folder, made_again(folder, tmp_path))


def test_answers_without_their_suite_are_a_table(small, tmp_path):
    (small / published.SUITE_FILE).unlink()
    assert "Design full" in (made_again(small, tmp_path) / "table.md").read_text()


@pytest.mark.parametrize("text", ["{", "[]", '{"about": {"runs": [{}]}}'])
def test_a_file_that_is_no_suite_is_refused(small, text):
    (small / published.SUITE_FILE).write_text(text)
    with pytest.raises(AnswersError, match="are not those of a suite"):
        published.read(small)
