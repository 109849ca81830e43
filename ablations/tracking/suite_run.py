"""The suite's own run, parent of the runs of its cells."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import RunTag
from mlflow.exceptions import MlflowException, RestException
from mlflow.utils.mlflow_tags import MLFLOW_PROJECT_ENTRY_POINT, MLFLOW_PROJECT_ENV

from ablations.design.designs import Design, SuiteDescription
from ablations.design.factors import DEFAULTS, Factor
from ablations.design.trainings import CellRun, Training, cells_digest, plan_digest
from ablations.design.wording import factor_title, level_words
from ablations.process import interrupts, names
from ablations.process.environment import few_retries
from ablations.tracking import server
from ablations.tracking.datasets import dataset_inputs
from ablations.tracking.destination import Destination, locked_database, metrics
from ablations.tracking.sweep import ENDED, owner
from wikiart.images.audit import Audit
from wikiart.images.paintings import SPLITS
from wikiart.images.store import Store


@dataclass
class SuiteRun:
    """The suite's own run while it is open; ``status`` is the status that it ends with."""

    destination: Destination
    start_ms: int  #: milliseconds since 1970
    status: str = "FINISHED"


@contextmanager
def open_run() -> Iterator[SuiteRun]:
    """Open the suite's own run: the one that ``mlflow run`` created, or a new one.

    It ends with the status that is set in the block: KILLED after an interrupt, FAILED after another
    exception.

    Raises
    ------
    ablations.tracking.server.ServerError
        The tracking server refuses the run.
    """  # noqa: DOC501  created by server.refused
    uri = server.tracking_uri()
    # An interrupt between the creation of the run and the assignment would leave a run that nobody ends.
    with locked_database(uri), interrupts.deferred():
        try:
            # MLflow's global function, since only it attaches to the run of `mlflow run` (MLFLOW_RUN_ID).
            info = mlflow.start_run(tags=owner()).info
        except RestException as error:
            raise server.refused(uri, error) from error
        run = SuiteRun(Destination(uri, info.experiment_id, info.run_id), info.start_time)
    try:
        interrupts.check()
        yield run
    except BaseException as error:
        is_interrupt = isinstance(error, KeyboardInterrupt) or interrupts.has_arrived()
        run.status = "KILLED" if is_interrupt else "FAILED"
        # If the server cannot be reached, the next start ends the run (tracking/sweep.py).
        with interrupts.deferred(), few_retries(), suppress(MlflowException):
            mlflow.end_run(run.status)
            if is_interrupt:  # `mlflow run` may set another status: the next start sets this one again
                run.destination.client.set_tag(run.destination.parent_id, ENDED, run.status)
        raise
    with interrupts.deferred():
        mlflow.end_run(run.status)


def describe(
    destination: Destination,
    description: SuiteDescription,
    design: Design,
    trainings: Sequence[Training],
    store: Store,
    provenance: Mapping[str, Mapping[str, Any]],
) -> None:
    """Log the description of a suite: tags for readers, ``design.json`` for the summary.

    When seeds are added, the description of the larger design replaces that of the smaller one.
    ``provenance`` has the keys ``data``, ``machine`` and ``versions``.
    """
    client = destination.client
    launch_tags = client.get_run(destination.parent_id).data.tags
    factors = {factor.name: [str(level) for level in factor.levels] for factor in design.factors}
    tags = {
        names.ROLE: names.SUITE,
        "design": design.kind,
        "seeds": str(len(design.seeds)),
        "factors": " ".join(f"{name}={','.join(levels)}" for name, levels in factors.items()),
        names.DATA: store.digest,
        names.CELLS_DIGEST: cells_digest(trainings),
        names.PLAN: plan_digest(description, design, trainings),
        "command": command_line(description, launch_tags),
        "mlflow.note.content": description.text,
    }
    client.log_inputs(destination.parent_id, dataset_inputs(store))
    claims = provenance["data"]["kind"] == names.WIKIART
    record: dict[str, Any] = {
        "question": description.text.splitlines()[0],
        "metric": description.metric,
        "design": design.kind,
        "until": float(description.parameters.get("until", 0)),
        "factors": [factor_record(factor, claims=claims) for factor in design.factors],
        "base": {name: str(level) for name, level in design.base.items()},
        "defaults": {name: str(level) for name, level in DEFAULTS.items()},
        "runs": [
            {"cell": run.cell, "levels": dict(run.levels), "seed": run.seed, "fingerprint": run.fingerprint}
            for run in _in_order(design, trainings)
        ],
        **provenance,
        "data": {**provenance["data"], **_data_summary(store)},
    }
    client.log_dict(destination.parent_id, record, names.DESIGN_FILE)
    # The tags come last: a run with the role "suite" always has its design.
    client.log_batch(destination.parent_id, tags=[RunTag(key, value) for key, value in tags.items()])


def factor_record(factor: Factor, *, claims: bool) -> dict:
    """Describe a factor, with the study's claim if ``claims`` is true: it is about WikiArt's paintings."""
    return {
        "name": factor.name,
        "title": factor_title(factor.name),
        "levels": [str(level) for level in factor.levels],
        "words": [level_words(factor.name, level) for level in factor.levels],
        "stage": factor.stage,
        "change": [str(level) for level in factor.change],
        "phrase": factor.phrase,
        "claim": factor.claim if claims else "",
    }


def command_line(description: SuiteDescription, tags: Mapping[str, str]) -> str:
    """Return the command that gives the same results, for the way in which the suite was started.

    Parameters
    ----------
    description : SuiteDescription
        Its entry point and parameters.
    tags : mapping
        Tags of the suite's run: ``mlflow run`` sets an entry point, and the environment if it made one.
    """
    parameters = description.parameters.items()
    if MLFLOW_PROJECT_ENTRY_POINT not in tags:
        options = [f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in parameters]
        return " ".join([f"python -m ablations.{description.entry_point}", *options])
    environment = tags.get(MLFLOW_PROJECT_ENV, "local")
    manager = [f"--env-manager {environment}"] if environment in ("local", "uv") else []
    options = [f"-P {name}={shlex.quote(value)}" for name, value in parameters]
    return " ".join([f"mlflow run . -e {description.entry_point}", *manager, *options])


def _in_order(design: Design, trainings: Sequence[Training]) -> list[CellRun]:
    """Return the runs of cells in the order of the design's cells, and of the seeds within a cell."""
    position = {design.label(cell): number for number, cell in enumerate(design.cells)}
    runs = [run for training in trainings for run in training.cells]
    return sorted(runs, key=lambda run: (position[run.cell], run.seed))


def _data_summary(store: Store) -> dict:
    """Count the images per style and split, and score always answering the largest training style."""
    labels = {split: getattr(store, split).labels for split in SPLITS}
    counts = {split: np.bincount(labels[split], minlength=len(store.classes)) for split in SPLITS}
    styles = pd.DataFrame({"style": store.classes, **counts}).to_dict("records")
    largest = max(styles, key=lambda style: style["train"])
    return {
        "styles": styles,
        "majority_style": largest["style"],
        "majority_accuracy": largest["test"] / len(store.test.labels),
    }


def log_audit(destination: Destination, audit: Audit, store: Store) -> None:
    """Log the audit of the images, and the list of unreadable images if there are any."""
    client = destination.client
    client.log_dict(destination.parent_id, audit.as_dict(), names.AUDIT_FILE)
    if store.skipped:
        client.log_table(destination.parent_id, pd.DataFrame(store.skipped), names.SKIPPED_FILE)


def log_durations(destination: Destination, seconds: Mapping[str, float]) -> None:
    """Log the seconds that the parts of a suite took, as metrics ``time/<part>_s``."""
    values = {names.duration_metric(part): value for part, value in seconds.items()}
    destination.client.log_batch(destination.parent_id, metrics=metrics(values))


def mark_reused(destination: Destination, runs: Mapping[str, str]) -> None:
    """Log the runs that the suite took over from others: name of the cell's run -> run id.

    They are written to a file, because thousands of tags would hide the other tags of the run.
    """
    if runs:
        destination.client.log_dict(destination.parent_id, dict(runs), names.REUSED_FILE)
        destination.client.set_tag(destination.parent_id, names.REUSED, str(len(runs)))
