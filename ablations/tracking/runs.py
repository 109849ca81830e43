"""All that is said to MLflow, and asked of it."""

import json
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModel,
    LoggedModelOutput,
    Metric,
    Param,
    RunStatus,
    RunTag,
)
from mlflow.exceptions import MlflowException, RestException
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_ARTIFACTS

from ablations.design.designs import Design, Question
from ablations.design.trainings import CellRun, Training
from ablations.process import interrupts
from ablations.tracking import server
from ablations.tracking.destination import Target, opening
from ablations.tracking.models import stamp
from ablations.tracking.outcome import Point
from ablations.tracking.pictures import confusion_picture
from ablations.tracking.sweep import owner
from wikiart.images.audit import Audit
from wikiart.images.paintings import SPLITS
from wikiart.images.store import Store
from wikiart.learning.evaluation import Scores

INHERITED = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit")
REUSED = "reused"  # the parent's tag that counts the runs of other suites; reused.json names them


@dataclass
class Parent:
    """The suite's own run while it is open; ``status`` is what it ends with."""

    target: Target
    began: int  #: milliseconds since 1970
    status: str = "FINISHED"


@contextmanager
def suite_run() -> Iterator[Parent]:
    """The parent run: the one that ``mlflow run`` made, or a new one without it.

    It ends with the status that is set inside; KILLED after an interrupt, FAILED after another exception.

    Raises
    ------
    ablations.tracking.server.ServerError
        The tracking server refuses it.
    """  # noqa: DOC501  made by server.refused
    uri = mlflow.get_tracking_uri()
    with opening(uri), interrupts.held():  # held: a run that is there but not known could not be ended
        try:
            info = mlflow.start_run(tags=owner()).info
        except RestException as error:
            raise server.refused(uri, error) from error
        parent = Parent(Target(uri, info.experiment_id, info.run_id), info.start_time)
    try:
        interrupts.check()
        yield parent
    except BaseException as stop:
        parent.status = "KILLED" if isinstance(stop, KeyboardInterrupt) else "FAILED"
        with interrupts.held(), server.hurried(), suppress(MlflowException):
            mlflow.end_run(parent.status)  # the next start ends it, if the server is away
        raise
    with interrupts.held():
        mlflow.end_run(parent.status)


def describe_suite(
    target: Target, question: Question, plan: Design, every: Sequence[Training], store: Store
) -> None:
    """Say on the parent what the suite is, for people and, as ``design.json``, for the summary."""
    factors = {factor.name: [str(level) for level in factor.levels] for factor in plan.factors}
    tags = {
        "role": "suite",
        "design": plan.kind,
        "seeds": str(len(plan.seeds)),
        "factors": " ".join(f"{name}={','.join(levels)}" for name, levels in factors.items()),
        "data": store.digest,
        "command": question.command,
        "mlflow.note.content": question.text,
    }
    client = target.client
    client.log_inputs(target.parent_id, dataset_inputs(store))
    about = {
        "question": question.text.splitlines()[0],
        "design": plan.kind,
        "factors": [
            {
                "name": f.name,
                "levels": factors[f.name],
                "stage": f.stage,
                "phrase": f.phrase,
                "claim": f.claim,
            }
            for f in plan.factors
        ],
        "base": {name: str(level) for name, level in plan.base.items()},
        "runs": [
            {"cell": run.cell, "levels": dict(run.levels), "seed": run.seed, "fingerprint": run.fingerprint}
            for run in _in_order(plan, every)
        ],
        "data": data_account(store),
    }
    client.log_dict(target.parent_id, about, "design.json")
    client.log_batch(target.parent_id, tags=_tags(tags))  # last: who has the role suite has a design


def _in_order(plan: Design, every: Sequence[Training]) -> list[CellRun]:
    """The runs as the design counts its cells, whichever weights they share."""
    position = {plan.label(cell): number for number, cell in enumerate(plan.cells)}
    runs = [run for training in every for run in training.cells]
    return sorted(runs, key=lambda run: (position[run.cell], run.seed))


def data_account(store: Store) -> dict:
    """Images per style and split, and what always answering the most frequent training style scores."""
    counts = {
        split: np.bincount(getattr(store, split).labels, minlength=len(store.classes)).tolist()
        for split in SPLITS
    }
    largest = int(np.argmax(counts["train"]))
    return {
        "styles": [
            {"style": style, **{split: counts[split][k] for split in SPLITS}}
            for k, style in enumerate(store.classes)
        ],
        "majority_style": store.classes[largest],
        "majority_accuracy": counts["test"][largest] / sum(counts["test"]),
    }


def log_audit(target: Target, seen: Audit, store: Store) -> None:
    """Say on the parent what the images are: ``audit.json``, and ``skipped.json`` if any are unreadable."""
    client = target.client
    client.log_dict(target.parent_id, seen.as_dict(), "audit.json")
    if store.skipped:
        client.log_table(target.parent_id, pd.DataFrame(store.skipped), "skipped.json")


def log_times(target: Target, seconds: Mapping[str, float]) -> None:
    """Say on the parent how long the parts of a suite took, as metrics ``time/<part>_s``."""
    metrics = _metrics({f"time/{part}_s": value for part, value in seconds.items()})
    target.client.log_batch(target.parent_id, metrics=metrics)


def finished(target: Target, since: int, but_not_of: str = "") -> dict[str, str]:
    """The finished cell runs of the experiment: fingerprint -> run id, the newest where there are several.

    Runs that began before ``since`` (milliseconds since 1970), or belong to the suite ``but_not_of``, do not
    count.
    """
    others = f" and tags.suite != '{but_not_of}'" if but_not_of else ""
    found: dict[str, str] = {}
    for run in target.search(_finished(since) + others):
        found.setdefault(run.data.tags["fingerprint"], run.info.run_id)
    return found


def finished_among(target: Target, cells: Sequence[CellRun], since: int) -> set[str]:
    """Fingerprints of those cells that have a finished run; ``since`` as for `finished`."""
    return {cell.fingerprint for cell in cells if _has_run(target, cell.fingerprint, since)}


def _has_run(target: Target, fingerprint: str, since: int) -> bool:
    found = target.search(f"{_finished(since)} and tags.fingerprint = '{fingerprint}'")
    return next(found, None) is not None


def _finished(since: int) -> str:
    return f"tags.role = 'cell' and attributes.status = 'FINISHED' and attributes.start_time >= {since}"


def mark_reused(target: Target, runs: Mapping[str, str]) -> None:
    """Name on the parent the runs that it did not have to run itself: cell's run name -> run id.

    A file, since thousands of tags would bury the parent's others.
    """
    if runs:
        target.client.log_dict(target.parent_id, dict(runs), f"{REUSED}.json")
        target.client.set_tag(target.parent_id, REUSED, str(len(runs)))


def start_cell(target: Target, cell: CellRun, store: Store, training: str) -> str:
    """Create a child run; returns its id.

    ``training`` names the distinct set of weights: cells that share it were read from one training.
    """
    client = target.client
    tags = {
        "role": "cell",
        "suite": target.parent_id,
        cell_tag(name for name, _ in cell.levels): cell.cell,
        "fingerprint": cell.fingerprint,
        "training": training,
        "data": store.digest,
        **owner(),
        "mlflow.parentRunId": target.parent_id,
        "mlflow.note.content": cell.description,
        **_inherited(target),
    }
    run_id = client.create_run(target.experiment_id, tags=tags, run_name=cell.name).info.run_id
    client.log_batch(run_id, params=[Param(*pair) for pair in (*cell.levels, ("seed", str(cell.seed)))])
    try:
        client.log_inputs(run_id, dataset_inputs(store))
    except RestException:  # MLflow refuses one of two writers who name the same data set for the first time
        client.log_inputs(run_id, dataset_inputs(store))
    return run_id


@lru_cache
def _inherited(target: Target) -> Mapping[str, str]:
    """What the cells have from their parent; asked once, since it does not change."""
    tags = target.client.get_run(target.parent_id).data.tags
    return {key: tags[key] for key in INHERITED if key in tags}


def log_curve(target: Target, run_id: str, points: Sequence[Point]) -> None:
    """The learning curve's next points; those that are there already do no harm."""
    metrics = [
        Metric(name, value, when, epoch.number)
        for when, epoch in points
        for name, value in (("train/loss", epoch.loss), ("train/accuracy", epoch.accuracy))
    ]
    for start in range(0, len(metrics), 1000):  # the server's limit for one batch
        target.client.log_batch(run_id, metrics=metrics[start : start + 1000])


def finish_cell(
    target: Target,
    run_id: str,
    scores: Scores,
    items: pd.DataFrame,
    classes: Sequence[str],
    model: Path,
    seconds: float,
    remarks: Sequence[str],
) -> str:
    """Write a cell's answers and end its run; returns where the checkpoint's files lie.

    Parameters
    ----------
    target : Target
        Where the run is.
    run_id : str
        The cell's run.
    scores : Scores
        What the answers are worth, 0..1.
    items : DataFrame
        One row per test image: path, truth, prediction.
    classes : sequence of str
        How this cell reads the network's outputs, in order: the class list of its checkpoint.
    model : Path
        Folder of the saved network (checkpoint.save).
    seconds : float
        What the training took, shared by all cells that were read from it.
    remarks : sequence of str
        Lines for the run's log.txt, if any.
    """
    client = target.client
    logged = log_checkpoint(target, run_id, model, classes)
    overall = {
        "test/accuracy": scores.accuracy,  # first: the interface selects the metric that was logged first
        "test/balanced_accuracy": scores.balanced_accuracy,
        "test/macro_f1": scores.macro_f1,
    }
    per_class = {f"test_class/{metric_name(style)}": value for style, value in scores.by_class.items()}
    others = _metrics({**per_class, "time/training_s": seconds})
    names = sorted(classes)
    confusion = pd.DataFrame(scores.confusion, columns=names)
    confusion.insert(0, "truth", names)
    tables = {"items.json": items, "confusion.json": confusion}
    with tempfile.TemporaryDirectory() as name:  # handed in at once: for a server, each call is a journey
        folder = Path(name)
        for file, table in tables.items():
            table.to_json(folder / file, orient="split", index=False)
        confusion_picture(scores.confusion, names).save(folder / "confusion.png")
        (folder / "classes.json").write_text(json.dumps({"classes": list(classes)}), encoding="utf-8")
        if remarks:
            (folder / "log.txt").write_text("\n".join(remarks), encoding="utf-8")
        client.log_artifacts(run_id, name)
    shown = json.dumps([{"path": file, "type": "table"} for file in tables])  # as log_table would say
    client.log_batch(
        run_id,
        metrics=[*_metrics(overall, model_id=logged.model_id), *others],
        tags=[RunTag(MLFLOW_LOGGED_ARTIFACTS, shown)],
    )
    client.set_terminated(run_id)
    return logged.artifact_location


def log_checkpoint(target: Target, run_id: str, model: Path, classes: Sequence[str]) -> LoggedModel:
    """Hand a saved network in as the run's model ``model``."""
    client = target.client
    logged = client.create_logged_model(target.experiment_id, name="model", source_run_id=run_id)
    stamp(model, run_id=run_id, model_id=logged.model_id, classes=classes)
    client.log_model_artifacts(logged.model_id, str(model))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return logged


def fail_cell(target: Target, run_id: str, error: str) -> None:
    """End a run that could not be carried out, with the reason; one that is finished already stays so."""
    if target.client.get_run(run_id).info.status == "FINISHED":
        return
    with suppress(OSError):  # a full disk has no room for the reason either
        target.client.log_text(run_id, error, "error.txt")
    target.client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED))


def dataset_inputs(store: Store) -> list[DatasetInput]:
    """The two splits as MLflow data sets; the digest follows pixels and labels, not file names."""
    inputs = []
    for split, context in (("train", "training"), ("test", "testing")):
        images = getattr(store, split).images
        profile = {"images": len(images), "styles": len(store.classes), "image_size": images.shape[1]}
        source = json.dumps({"uri": str(store.folder)})
        dataset = Dataset(f"{split} images", store.digest[:32], "local", source, profile=json.dumps(profile))
        inputs.append(DatasetInput(dataset, [InputTag("mlflow.data.context", context)]))
    return inputs


def metric_name(style: str) -> str:
    """A style's name with what MLflow refuses in a metric's name replaced by ``_``."""
    return re.sub(r"[^\w.\- ]", "_", style)


def cell_tag(factors: Iterable[str]) -> str:
    """The tag that says which of the cells of these factors a run belongs to.

    It has the factors in its name, since a run that is reused belongs to cells of other factors too.
    """
    return f"cells of {' '.join(factors)}"


def _metrics(values: Mapping[str, float], step: int = 0, model_id: str | None = None) -> list[Metric]:
    now = int(time.time() * 1000)
    return [Metric(key, value, now, step, model_id=model_id) for key, value in values.items()]


def _tags(values: Mapping[str, str]) -> list[RunTag]:
    return [RunTag(key, value) for key, value in values.items()]
