"""All that is said to MLflow, and asked of it."""

import json
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
    Run,
    RunStatus,
    RunTag,
)
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_ARTIFACTS

from ablations import interrupts
from ablations.checkpoint import stamp
from ablations.design import Design, Question
from ablations.liveness import owner
from ablations.pictures import confusion_picture
from ablations.target import Target, opening
from ablations.trainings import CellRun, Training
from wikiart.audit import Audit
from wikiart.evaluation import Scores
from wikiart.paintings import SPLITS
from wikiart.store import Store
from wikiart.training import Epoch

INHERITED = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit")
REUSED = "reused."  # begins the parent's tags that name runs of other suites


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
    """
    uri = mlflow.get_tracking_uri()
    with opening(uri), interrupts.held():  # held: a run that is there but not known could not be ended
        info = mlflow.start_run(tags=owner()).info
        parent = Parent(Target(uri, info.experiment_id, info.run_id), info.start_time)
    try:
        interrupts.check()
        yield parent
    except BaseException as stop:
        parent.status = "KILLED" if isinstance(stop, KeyboardInterrupt) else "FAILED"
        raise
    finally:
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


def finished(target: Target, since: int) -> dict[str, str]:
    """The finished cell runs of the experiment: fingerprint -> run id, the newest where there are several.

    Runs that began before ``since`` (milliseconds since 1970) do not count.
    """
    found: dict[str, str] = {}
    for run in target.search(_finished(since)):
        found.setdefault(run.data.tags["fingerprint"], run.info.run_id)
    return found


def finished_run(target: Target, fingerprint: str, since: int) -> Run | None:
    """The newest finished run with a fingerprint, if there is one; ``since`` as for `finished`."""
    return next(target.search(f"{_finished(since)} and tags.fingerprint = '{fingerprint}'"), None)


def _finished(since: int) -> str:
    return f"tags.role = 'cell' and attributes.status = 'FINISHED' and attributes.start_time >= {since}"


def mark_reused(target: Target, runs: Mapping[str, str]) -> None:
    """Name on the parent the runs that it did not have to run again: run name -> run id."""
    tags = _tags({f"{REUSED}{name}": run_id for name, run_id in runs.items()})
    for start in range(0, len(tags), 100):  # the server's limit for one batch
        target.client.log_batch(target.parent_id, tags=tags[start : start + 100])


def start_cell(target: Target, cell: CellRun, store: Store, training: str) -> str:
    """Create a child run; returns its id.

    ``training`` names the distinct set of weights: cells that share it were read from one training.
    """
    client = target.client
    parent = client.get_run(target.parent_id)
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
        **{key: parent.data.tags[key] for key in INHERITED if key in parent.data.tags},
    }
    run_id = client.create_run(target.experiment_id, tags=tags, run_name=cell.name).info.run_id
    client.log_batch(run_id, params=[Param(*pair) for pair in (*cell.levels, ("seed", str(cell.seed)))])
    client.log_inputs(run_id, dataset_inputs(store))
    return run_id


class Curve:
    """The learning curve of a training on its way to the runs that are read from it.

    It is logged every few seconds, not every epoch: an epoch may take less than a database's commit.
    """

    EVERY = 5.0  # seconds

    def __init__(self, target: Target, runs: Sequence[str]):
        self.target, self.runs = target, runs
        self._waiting: list[Metric] = []
        self._logged = time.monotonic()

    def add(self, epoch: Epoch) -> None:
        """The curve's next point."""
        values = {"train/loss": epoch.loss, "train/accuracy": epoch.accuracy}
        self._waiting += _metrics(values, step=epoch.number)
        if time.monotonic() - self._logged > self.EVERY:
            self.log()

    def log(self) -> None:
        """Hand in what waits."""
        for start in range(0, len(self._waiting), 1000):  # the server's limit for one batch
            for run_id in self.runs:
                self.target.client.log_batch(run_id, metrics=self._waiting[start : start + 1000])
        self._waiting, self._logged = [], time.monotonic()


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


def reused(target: Target) -> dict[str, str]:
    """What `mark_reused` has named on the parent so far."""
    tags = target.client.get_run(target.parent_id).data.tags
    return {key.removeprefix(REUSED): run_id for key, run_id in tags.items() if key.startswith(REUSED)}


def _metrics(values: Mapping[str, float], step: int = 0, model_id: str | None = None) -> list[Metric]:
    now = int(time.time() * 1000)
    return [Metric(key, value, now, step, model_id=model_id) for key, value in values.items()]


def _tags(values: Mapping[str, str]) -> list[RunTag]:
    return [RunTag(key, value) for key, value in values.items()]
