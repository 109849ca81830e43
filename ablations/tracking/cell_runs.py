"""The run of a cell: its start, its learning curve and its end."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric, Param, RunStatus, RunTag
from mlflow.exceptions import RestException
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_ARTIFACTS

from ablations.design.trainings import CellRun
from ablations.process import names
from ablations.tracking import models
from ablations.tracking.confusion import confusion_picture
from ablations.tracking.datasets import dataset_inputs
from ablations.tracking.destination import Destination, metrics
from ablations.tracking.outcome import Outcome, Point
from ablations.tracking.sweep import owner
from wikiart.images.store import Store
from wikiart.learning.evaluation import Scores

INHERITED = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit")


@dataclass(frozen=True)
class CellAnswers:
    """The answers of a cell to the test images, and their scores."""

    classes: Sequence[str]  #: the style that each output of the network is read as
    adjustment: np.ndarray  #: what the reading adds to the log-probability of each output
    items: pd.DataFrame  #: a row per test image: path, truth, prediction
    scores: Scores


def start_cell(destination: Destination, cell: CellRun, store: Store, training: str) -> str:
    """Create the run of a cell and return its id.

    ``training`` is the name of the training that the cell is read from.
    """
    client = destination.client
    tags = {
        names.ROLE: names.CELL,
        names.SUITE: destination.parent_id,
        names.cell_tag(name for name, _ in cell.levels): cell.cell,
        names.FINGERPRINT: cell.fingerprint,
        names.TRAINING: training,
        names.DATA: store.digest,
        **owner(),
        "mlflow.parentRunId": destination.parent_id,
        "mlflow.note.content": cell.description,
        **_inherited(destination),
    }
    run_id = client.create_run(destination.experiment_id, tags=tags, run_name=cell.name).info.run_id
    client.log_batch(run_id, params=[Param(*pair) for pair in (*cell.levels, ("seed", str(cell.seed)))])
    try:
        client.log_inputs(run_id, dataset_inputs(store))
    except RestException:  # two runs logged this data set for the first time at once: MLflow refuses one
        client.log_inputs(run_id, dataset_inputs(store))
    return run_id


@lru_cache
def _inherited(destination: Destination) -> Mapping[str, str]:
    """Return the tags that cells inherit from the suite's run.

    The cache is per process and saves a request for each cell. It cannot become stale: MLflow sets
    these tags when the run is created.
    """
    tags = destination.client.get_run(destination.parent_id).data.tags
    return {key: tags[key] for key in INHERITED if key in tags}


def log_curve(destination: Destination, run_id: str, points: Sequence[Point]) -> None:
    """Log points of the learning curve; points that the run has already are not duplicated."""
    metrics = [
        Metric(metric, value, time_ms, epoch.number)
        for time_ms, epoch in points
        for name, metric in (names.CURVES | names.VALIDATION_CURVES).items()
        if (value := getattr(epoch, name)) is not None
    ]
    destination.client.log_batch(run_id, metrics=metrics)


def finish_cell(destination: Destination, run_id: str, answers: CellAnswers, outcome: Outcome) -> str:
    """Log a cell's answers and its model, and end its run.

    Parameters
    ----------
    destination : Destination
        Where the run is.
    run_id : str
        The cell's run.
    answers : CellAnswers
        The network's answers as this cell reads them.
    outcome : Outcome
        The training's outcome, shared by all cells that are read from it.

    Returns
    -------
    str
        URI of the logged model's files.
    """
    client, scores = destination.client, answers.scores
    model = _log_model(destination, run_id, outcome.model, answers)
    # MLflow's interface selects the metric that was logged first: the overall metrics come before the others.
    overall = {names.test_metric(key): getattr(scores, key) for key in names.METRICS}
    styles = sorted(answers.classes)
    class_metrics = names.class_metrics(styles)
    others = {class_metrics[style]: value for style, value in scores.by_class.items()}
    others[names.duration_metric("training")] = outcome.seconds
    confusion = pd.DataFrame(scores.confusion, columns=styles)
    confusion.insert(0, _unlike("truth", styles), styles)
    tables = {names.ITEMS_FILE: answers.items, names.CONFUSION_FILE: confusion}
    with tempfile.TemporaryDirectory() as scratch:  # one upload for all files: each call is a round trip
        folder = Path(scratch)
        for file, table in tables.items():
            table.to_json(folder / file, orient="split", index=False)
        confusion_picture(scores.confusion, styles).save(folder / names.CONFUSION_PICTURE)
        classes = json.dumps({"classes": list(answers.classes)})
        (folder / names.CLASSES_FILE).write_text(classes, encoding="utf-8")
        if outcome.remarks:
            (folder / names.LOG_FILE).write_text("\n".join(outcome.remarks), encoding="utf-8")
        client.log_artifacts(run_id, scratch)
    shown = json.dumps([{"path": file, "type": "table"} for file in tables])  # the tag that log_table sets
    client.log_batch(
        run_id,
        metrics=[*metrics(overall, model_id=model.model_id), *metrics(others)],
        tags=[RunTag(MLFLOW_LOGGED_ARTIFACTS, shown)],
    )
    client.set_terminated(run_id)
    return model.artifact_location


def _unlike(name: str, others: Sequence[str]) -> str:
    """Return a name that none of the others equals, for a column beside columns named after styles."""
    while name in others:
        name += "_"
    return name


def _log_model(destination: Destination, run_id: str, folder: Path, answers: CellAnswers) -> LoggedModel:
    """Upload a saved network as the run's model ``model``, which answers as the cell did."""
    client = destination.client
    model = client.create_logged_model(destination.experiment_id, name="model", source_run_id=run_id)
    reading = {"classes": list(answers.classes), "adjustment": answers.adjustment.tolist()}
    with tempfile.TemporaryDirectory() as scratch:
        copy = (
            Path(scratch) / "model"
        )  # the outcome stays as it is for the next attempt, should this one fail
        models.copy(folder, copy)
        models.stamp(copy, run_id=run_id, model_id=model.model_id, reading=reading)
        client.log_model_artifacts(model.model_id, str(copy))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return model


def fail_cell(destination: Destination, run_id: str, error: str) -> None:
    """End a run as FAILED, with the error as an artifact, unless it is finished already."""
    if destination.client.get_run(run_id).info.status == "FINISHED":
        return
    with suppress(OSError):  # the error may be that the disk is full
        destination.client.log_text(run_id, error, names.ERROR_FILE)
    destination.client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED))
