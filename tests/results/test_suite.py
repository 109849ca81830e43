"""What is read from MLflow is what the runs hold."""

import mlflow
import pytest

from summary import suite as reading
from tests.conftest import TINY


def test_every_planned_run_is_found(suite, read):
    assert len(read.runs) == len(read.finished) == 16
    metrics = {run.info.run_id: run.data.metrics for run in suite.cells()}
    for _, row in read.runs.iterrows():
        assert row["accuracy"] == metrics[row["run_id"]]["test/accuracy"]
        assert row["macro-F1"] == metrics[row["run_id"]]["test/macro_f1"]


def test_answers_give_the_accuracies_again(read):
    right = read.answers["truth"] == read.answers["prediction"]
    shares = right.groupby(read.answers["cell"]).mean()
    for _, row in read.runs.iterrows():
        assert shares[row["cell"]] == pytest.approx(row["accuracy"])


def test_curves_have_every_epoch(read):
    assert len(read.curves) == 16 * TINY["epochs"]
    assert read.curves["epoch"].max() == TINY["epochs"]
    assert read.curves["loss"].notna().all()


def test_reused_runs_count(repeated):
    assert len(repeated.finished) == 4
    assert sorted(repeated.runs["seed"]) == [0, 0, 1, 1]


def test_newest_suite_by_experiment(suite, more):
    mlflow.set_tracking_uri(suite.uri)
    assert reading.newest_suite("Default") == reading.newest_suite() == suite.parents()[0].info.run_id


def test_no_suite(suite):
    mlflow.set_tracking_uri(suite.uri)
    with pytest.raises(reading.NoSuite, match="no experiment is called elsewhere"):
        reading.newest_suite("elsewhere")
    with pytest.raises(reading.NoSuite, match="0123 is no suite"):
        reading.read_suite("0123")
    cell = suite.cells()[0].info.run_id
    with pytest.raises(reading.NoSuite, match=f"{cell} is no suite"):
        reading.read_suite(cell)
