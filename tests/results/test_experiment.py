"""Runs of somebody else's in MLflow: effects between their parameters, with intervals over seeds."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from scipy import stats

import suites
import summarize
from summary.analysis import analyse
from summary.experiment import NoExperiment, read_experiment
from summary.table import Columns
from tests.conftest import environment_for

LOSS = {("0.1", "sgd"): [0.50, 0.54, 0.52], ("0.1", "adam"): [0.40, 0.46, 0.43]}
LOSS |= {("0.01", "sgd"): [0.60, 0.62, 0.64], ("0.01", "adam"): [0.30, 0.33, 0.36]}
FACTORS = Columns(factors=("lr", "optimizer"))


def log(client: MlflowClient, experiment: str, parameters: dict, status: str = "FINISHED", **metrics: float):
    run = client.create_run(experiment)
    for name, value in parameters.items():
        client.log_param(run.info.run_id, name, value)
    for name, value in metrics.items():
        client.log_metric(run.info.run_id, name, value)
    client.set_terminated(run.info.run_id, status)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Path]:
    """Experiments of a program that knows nothing of this project, in SQLite."""
    folder = tmp_path_factory.mktemp("runs")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    client = MlflowClient()
    sweep, again = (client.create_experiment(name, f"{folder}/artifacts") for name in ("sweep", "again"))
    for (rate, optimizer), losses in LOSS.items():
        for seed, loss in enumerate(losses):
            run = {"lr": rate, "optimizer": optimizer, "seed": seed, "epochs": 10, "output": f"{rate}/{seed}"}
            log(client, sweep, run, val_loss=loss, train_loss=loss / 2)
    log(client, sweep, {"lr": "0.1"})  # a sweep's own run has no result
    log(client, sweep, {"lr": "5"}, status="FAILED", val_loss=9)
    for _ in range(2):
        log(client, again, {"lr": "0.1", "seed": 0}, val_loss=1, nan=float("nan"))
    yield folder
    mlflow.set_tracking_uri(before)


def test_effects_between_parameters_have_intervals_over_seeds(server):
    table, left_out = read_experiment("sweep", "val_loss", FACTORS)
    assert left_out == 1
    analysis = analyse(table.answers, measure=table.measure)
    row = suites.effect(analysis.effects, "optimizer", metric="val_loss")
    assert (row["reference"], row["level"], row["runs"]) == ("adam", "sgd", 12)
    own = [
        sum(LOSS[rate, "sgd"][seed] - LOSS[rate, "adam"][seed] for rate in ("0.1", "0.01")) / 2
        for seed in range(3)
    ]
    assert row["estimate"] == pytest.approx(sum(own) / 3)
    expected = stats.ttest_1samp(own, 0).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))


def test_the_command_says_that_the_intervals_hold_for_other_seeds_alone(server, tmp_path):
    environment = {**environment_for(tmp_path), "MLFLOW_TRACKING_URI": f"sqlite:///{server}/mlflow.db"}
    arguments = ["--experiment", "sweep", "--metric", "val_loss", "--factors", "lr,optimizer"]
    command = [sys.executable, summarize.__file__, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Left out, without the metric val_loss: 1 finished run." in done.stdout
    assert "optimizer sgd instead of adam: raises val_loss" in done.stdout
    assert "for other seeds" in done.stdout
    assert "test images" not in done.stdout
    table = (tmp_path / "results" / "sweep" / "effects.md").read_text()
    assert "95 % for other seeds" in table
    assert "new images" not in table


@pytest.mark.parametrize(
    ("experiment", "metric", "columns", "message"),
    [
        ("nothing", "val_loss", FACTORS, "no experiment is called nothing on sqlite"),
        ("sweep", "accuracy", FACTORS, "has the metric accuracy; they have train_loss, val_loss"),
        ("sweep", "val_loss", Columns(), "no two runs differ in the seed alone, if the factors are lr"),
        ("sweep", "val_loss", Columns(seed="trial"), "has no parameter trial: --factors names"),
        ("sweep", "val_loss", Columns(factors=("width",)), "has no parameter width: --factors names"),
        ("again", "nan", Columns(factors=("lr",)), "has nan=nan, which is not a finite number"),
        ("again", "val_loss", Columns(factors=("lr",)), "have the same parameters and seed"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(server, experiment, metric, columns, message):
    with pytest.raises(NoExperiment, match=message):
        read_experiment(experiment, metric, columns)
