"""A small suite for the tests of engines and servers: its command, environment and results."""

import sys
from pathlib import Path
from typing import NamedTuple

from mlflow import MlflowClient

from tests.conftest import ROOT, environment_for

ARGUMENTS = {
    "factors": "class_order=unsorted,sorted prior=train,uniform smote=off,on",
    "image_size": 24,
    "batch_size": 4,
    "epochs": 30,
    "seeds": 1,
    "threads": 1,
}
CELLS = 8  # from 2 trainings


class Reference(NamedTuple):
    """A suite that ran without faults."""

    results: dict[str, dict[str, float]]  #: metrics by fingerprint
    seconds: float


def command(paintings: Path, folder: Path, **more: object) -> list[str]:
    arguments = {"data": paintings, "out": folder / "results", **ARGUMENTS, **more}
    options = [word for name, value in arguments.items() for word in (f"--{name.replace('_', '-')}", value)]
    return [sys.executable, "-m", "ablations.smote", *map(str, options)]


def environment(folder: Path, uri: str = "") -> dict[str, str]:
    return {
        **environment_for(folder),
        **({"MLFLOW_TRACKING_URI": uri} if uri else {}),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }


def results(uri: str, experiment: str = "0") -> dict[str, dict[str, float]]:
    """Return the metrics of finished cells by fingerprint, without durations; fail if a cell has two."""
    runs = MlflowClient(uri).search_runs(
        [experiment], "tags.role = 'cell' and attributes.status = 'FINISHED'"
    )
    by_fingerprint = {run.data.tags["fingerprint"]: run.data.metrics for run in runs}
    assert len(by_fingerprint) == len(runs)
    return {
        name: {key: value for key, value in metrics.items() if not key.startswith("time/")}
        for name, metrics in by_fingerprint.items()
    }
