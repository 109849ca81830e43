"""``python results/summarize.py`` as a user types it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import summarize
from suites import without_runs
from summary.report import terminal

SCRIPT = Path(summarize.__file__)


def run_script(suite, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    variables = {**suite.environment, **environment}
    return subprocess.run(command, env=variables, capture_output=True, text=True, cwd=suite.folder)


def test_prints_the_same_table_as_the_suite(suite, card_suite, tmp_path):
    done = run_script(suite, "--suite", card_suite.id, "--out", tmp_path, "--name", "report")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(("sorted ", "unsorted ", "always "))]
    assert len(rows) == 17
    assert all(row in suite.output for row in rows)
    assert (tmp_path / "report" / "report.html").is_file()


def test_two_suites_are_compared(suite, card_suite, smote_suite, tmp_path):
    first, second = card_suite.id, smote_suite.name  # by id or by name
    done = run_script(suite, "--compare", first, second, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"Suite {second} less suite {card_suite.name}" in done.stdout
    assert (tmp_path / f"{second}-less-{card_suite.name}" / "comparison.tex").is_file()
    rows = [line for line in done.stdout.splitlines() if "| sorted " in line and "| off " in line]
    assert len(rows) == 1  # the one cell that both have: SMOTE alone was varied, the rest held at the base
    assert "+0.0" in rows[0]


def test_settings_that_two_suites_fixed_differently_are_named(card_suite, smote_suite):
    assert terminal.fixed_differences(card_suite, smote_suite) == ""
    base = {**card_suite.about["base"], "epochs": "77", "conv_layers": "1"}  # which the first suite varied
    other = replace(smote_suite, about={**smote_suite.about, "base": base})
    epochs = card_suite.about["base"]["epochs"]
    assert terminal.fixed_differences(card_suite, other).endswith(f" fixed: epochs 77 instead of {epochs}.")


def test_an_earlier_suite_had_the_defaults_of_settings_that_came_later(card_suite, smote_suite):
    about = {name: value for name, value in card_suite.about.items() if name != "defaults"}
    about["base"] = {name: level for name, level in about["base"].items() if name != "prior"}
    earlier = replace(card_suite, about=about)
    assert terminal.fixed_differences(earlier, smote_suite) == ""
    assert terminal.fixed_differences(smote_suite, earlier) == ""
    base = {**smote_suite.about["base"], "prior": "uniform"}
    corrected = replace(smote_suite, about={**smote_suite.about, "base": base})
    assert terminal.fixed_differences(earlier, corrected).endswith(" fixed: prior uniform instead of train.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite", "0123"], "0123 is no suite"),
        (["--suite", "Rosa's"], "Rosa's is no suite"),
        (["--experiment", "nothing"], "no experiment is called nothing"),
    ],
)
def test_a_mistake_is_one_line(suite, arguments, message):
    failed = run_script(suite, *arguments)
    assert failed.returncode == 1
    assert message in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_server_without_suites_is_named(suite, tmp_path):
    failed = run_script(suite, MLFLOW_TRACKING_URI=f"sqlite:///{tmp_path}/empty.db")
    assert failed.returncode == 1
    assert "run one with mlflow run" in failed.stderr


def test_a_suite_without_a_finished_run_is_refused(card_suite, tmp_path):
    with pytest.raises(ValueError, match="no run of this suite is finished"):
        terminal.summarize(without_runs(card_suite, *range(16)), tmp_path)
