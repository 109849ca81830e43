"""One training, carried out: its weights, and a run for each cell that is read from them."""

import logging
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ablations import checkpoint, liveness, tracking
from ablations.locks import alone
from ablations.synthetic import kept_recipes
from ablations.target import Target
from ablations.trainings import CellRun, Training
from wikiart import evaluation, store, training
from wikiart.store import Store

SAVE_EVERY = float(os.environ.get("WIKIART_SAVE_SECONDS", "30"))  # between two states of a training on disk
RECORD = os.environ.get("WIKIART_CUDA_GRAPHS") == "1"  # docs/speed.md


@dataclass(frozen=True)
class Job:
    """A training to carry out, where, and where its runs go."""

    training: Training
    target: Target
    device: str
    since: int  #: what was finished, or kept between epochs, before then does not count; ms since 1970


def carry_out(job: Job, report: Callable[[float], None]) -> None:
    """Train, evaluate and log what no other suite has finished meanwhile.

    If another suite is at the same training, its end is waited for. ``report`` is called with the
    share that is done, 0..1, after every epoch. After an exception the runs are FAILED and hold
    its traceback.
    """
    with alone(job.training.lock):
        liveness.sweep(job.target)  # what this worker's predecessor began, if it died of this training
        cells = _unfinished(job)
        resume = job.training.resume
        if resume.exists() and resume.stat().st_mtime * 1000 < job.since:
            resume.unlink()
        if cells:
            _carry_out(replace(job, training=replace(job.training, cells=cells)), report)
        resume.unlink(missing_ok=True)


def _unfinished(job: Job) -> tuple[CellRun, ...]:
    """The cells that are still to be run; what another suite has finished is named on the parent."""
    target = job.target
    runs = {cell: tracking.finished_run(target, cell.fingerprint, job.since) for cell in job.training.cells}
    done = {cell.name: run for cell, run in runs.items() if run is not None}
    theirs = {name: run for name, run in done.items() if run.data.tags["suite"] != target.parent_id}
    tracking.mark_reused(target, {name: run.info.run_id for name, run in theirs.items()})
    return tuple(cell for cell in job.training.cells if cell.name not in done)


def _carry_out(job: Job, report: Callable[[float], None]) -> None:
    data = store.load(job.training.store)
    runs = {
        cell: tracking.start_cell(job.target, cell, data, job.training.name) for cell in job.training.cells
    }
    try:
        with _remarks() as remarks:
            _train_and_log(job, data, runs, report, remarks)
    except Exception:
        for run_id in runs.values():
            tracking.fail_cell(job.target, run_id, traceback.format_exc())
        raise


class _Lines(logging.Handler):
    """Keeps what is logged as lines of a list."""

    def __init__(self, lines: list[str]):
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@contextmanager
def _remarks() -> Iterator[list[str]]:
    """What the subject logs meanwhile (SMOTE on small classes), as lines for the runs."""
    lines: list[str] = []
    handler = _Lines(lines)
    logger = logging.getLogger("wikiart")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # to the runs, not among the lines of the suite
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def _train_and_log(
    job: Job, data: Store, runs: dict[CellRun, str], report: Callable[[float], None], remarks: list[str]
) -> None:
    config = job.training.config
    began = time.monotonic()
    curve = tracking.Curve(job.target, list(runs.values()))

    def on_epoch(epoch: training.Epoch) -> None:
        report(epoch.number / (config.epochs + 1))  # evaluation and logging count as one epoch more
        curve.add(epoch)

    network = training.train(
        config,
        data.train.images,
        data.train.labels,
        kept_recipes(data, config.smote, config.seed, job.device),
        len(data.classes),
        device=job.device,
        on_epoch=on_epoch,
        resume=job.training.resume,
        save_every=SAVE_EVERY,
        record=RECORD,
    )
    seconds = time.monotonic() - began
    curve.log()
    outputs = evaluation.predict(network, data.test.images, device=job.device)
    truth = [data.classes[label] for label in data.test.labels]
    kept = []
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        checkpoint.save(network, model, config.image_size, data.resize)
        for cell, run_id in runs.items():
            read = evaluation.reading(data.classes, cell.class_order, config.seed)
            prediction = [read[output] for output in outputs]
            scores = evaluation.score(truth, prediction, data.classes)
            items = pd.DataFrame({"path": data.test.paths, "truth": truth, "prediction": prediction})
            where = tracking.finish_cell(job.target, run_id, scores, items, read, model, seconds, remarks)
            kept.append(where)
    checkpoint.share_weights(kept)
