"""The comparison table of a real suite, and of one with a missing run."""

import subprocess
import sys
from pathlib import Path

import mlflow
import pandas as pd
import pytest

import summarize

SCRIPT = Path(summarize.__file__)


def run_script(suite, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, env=suite.environment, capture_output=True, text=True, cwd=suite.folder)


@pytest.fixture
def read(suite):
    mlflow.set_tracking_uri(suite.uri)
    return summarize.read_suite(suite.parents()[-1].info.run_id)


def test_table_agrees_with_the_runs(suite, read):
    cells = summarize.table(read)
    assert len(cells) == 17
    own = [run for run in suite.cells() if run.data.tags["suite"] == read.parent.info.run_id]
    by_levels = {tuple(run.data.params[f] for f in read.factors): run for run in own}
    for _, row in cells.iloc[:-1].iterrows():
        run = by_levels[tuple(row[read.factors])]
        assert row["accuracy"] == f"{100 * run.data.metrics['test/accuracy']:.1f}"
        assert row["seeds"] == "1"


def test_baseline(read):
    last = summarize.table(read).iloc[-1]
    assert last["class_order"] == "always Amber"
    # 5 of 15 test images are Amber: recall 1 of 3 tested classes; F1 of Amber 2*(1/3)/(4/3) = 1/2
    assert (last["accuracy"], last["balanced accuracy"], last["macro-F1"]) == ("33.3", "33.3", "16.7")


def test_missing_runs_stay_visible(read):
    runs = read.runs.copy()
    runs.loc[0, ["run_id", "accuracy"]] = None
    broken = summarize.Suite(read.parent, read.design, runs)
    first = summarize.table(broken).iloc[0]
    assert first["seeds"] == "0 of 1"
    assert first["accuracy"] == "missing"
    assert "1 of 16 runs are missing" in " ".join(summarize.notes(broken))


def test_spread():
    assert summarize.spread(pd.Series([0.4, 0.5])) == "45.0 ± 7.1"
    assert summarize.spread(pd.Series([0.4])) == "40.0"
    assert summarize.spread(pd.Series([], dtype=float)) == "missing"


def test_script_writes_three_files(suite, read, tmp_path):
    done = run_script(suite, "--suite", read.parent.info.run_id, "--out", tmp_path, "--name", "report")
    assert done.returncode == 0, done.stderr
    assert "always Amber" in done.stdout
    assert {path.name for path in (tmp_path / "report").iterdir()} >= {"table.md", "table.csv", "table.tex"}
    tex = (tmp_path / "report" / "table.tex").read_text()
    assert r"class\_order" in tex
    assert r"\toprule" in tex
    assert len(pd.read_csv(tmp_path / "report" / "table.csv")) == 17


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite", "0123"], "0123 is no suite"),
        (["--experiment", "nothing"], "no experiment is called nothing"),
    ],
)
def test_mistakes(suite, arguments, message):
    failed = run_script(suite, *arguments)
    assert failed.returncode == 1
    assert message in failed.stderr
    assert "Traceback" not in failed.stderr


def test_no_suite_at_all(suite, tmp_path):
    environment = {**suite.environment, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/empty.db"}
    command = [sys.executable, str(SCRIPT)]
    failed = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert failed.returncode == 1
    assert "run one with mlflow run" in failed.stderr
