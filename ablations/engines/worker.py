"""One training in a worker process: its weights, and a run for each cell that is read from them."""

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from logging.handlers import BufferingHandler
from pathlib import Path

from ablations.design.trainings import CellRun
from ablations.engines.job import Handover, Job
from ablations.process.addresses import mask_passwords
from ablations.process.errors import first_line
from ablations.tracking import models, outcome, queries, server, sweep
from ablations.tracking.outcome import Outcome
from ablations.tracking.run_logger import RunLogger
from wikiart.cache.atomic import locked
from wikiart.images import store
from wikiart.images.store import Store
from wikiart.learning import evaluation, training
from wikiart.learning.data import TrainingData

SAVE_INTERVAL = float(os.environ.get("WIKIART_SAVE_SECONDS", "30"))  # seconds between two states on disk
REPORT_INTERVAL = 1.0  # seconds between two reports of a training's progress, at least
CUDA_GRAPH = os.environ.get("WIKIART_CUDA_GRAPHS") == "1"  # docs/speed.md


def carry_out(job: Job, report: Callable[[float], None]) -> Handover:
    """Train, evaluate and log the cells of a training that have no finished run yet.

    If another suite carries out the same training, wait until it is done. After an exception the runs are
    FAILED and hold its traceback.

    Parameters
    ----------
    job : Job
        The training.
    report : callable
        Called about every second with the fraction that is done, 0 to 1.

    Returns
    -------
    Handover
        If the tracking server could not be reached for longer than requests are retried, the outcome of the
        training is on disk. Carrying out the same job again finishes its runs without training.
    """
    with locked(job.training.files.lock):
        # 1. What is finished, by this suite before it was interrupted or by another, is not run again.
        cells, files = _unfinished(job), job.training.files
        if any(_is_older(path, job.not_before_ms) for path in (files.state, files.outcome)):
            files.remove()
        # 2. Train, or read the outcome that an earlier attempt left, and finish the runs.
        if cells:
            reason = _finish(replace(job, training=replace(job.training, cells=cells)), report)
            if reason:
                return Handover(reason)
        # 3. The runs hold everything now.
        files.remove()
        return Handover()


def _unfinished(job: Job) -> tuple[CellRun, ...]:
    """Return the cells without a finished run; all cells if the server cannot be reached."""
    try:
        sweep.end_own_runs(job.destination, job.training.name)
        finished = queries.finished_fingerprints(job.destination, job.training.cells, job.not_before_ms)
    except Exception as error:
        if not server.is_unreachable(error):
            raise
        finished = set()
    return tuple(cell for cell in job.training.cells if cell.fingerprint not in finished)


def _is_older(path: Path, not_before_ms: int) -> bool:
    """Return True if a file or folder exists and was written before a time."""
    return path.exists() and path.stat().st_mtime * 1000 < not_before_ms


def _finish(job: Job, report: Callable[[float], None]) -> str:
    """Train unless that is done, and finish the runs; return why the server is unreachable, else ""."""
    data = store.load(job.training.store)
    folder = job.training.files.outcome
    logger = RunLogger(job.destination, job.training, data)

    def fits(trained: Outcome) -> bool:
        shape = len(data.test.labels), len(data.classes)
        return trained.log_probabilities.shape == shape and models.is_saved(trained.model)

    try:
        logger.start()
        with _wikiart_messages() as messages:
            trained = outcome.read(folder, fits) or _train(job, data, logger, report, messages)
        logger.finish(trained)
    except Exception as error:
        logger.fail(mask_passwords(traceback.format_exc()))
        if folder.exists() and server.is_unreachable(error):
            return first_line(error)
        raise
    return ""


@contextmanager
def _wikiart_messages() -> Iterator[list[logging.LogRecord]]:
    """Collect what the package ``wikiart`` logs in this block, for example on SMOTE with small classes."""
    handler = BufferingHandler(capacity=sys.maxsize)
    logger = logging.getLogger("wikiart")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # the messages go to the runs, not to the terminal
    try:
        yield handler.buffer
    finally:
        logger.removeHandler(handler)


def _train(
    job: Job,
    data: Store,
    logger: RunLogger,
    report: Callable[[float], None],
    messages: Sequence[logging.LogRecord],
) -> Outcome:
    config = job.training.config
    start = time.monotonic()

    reported = start

    def on_step(epochs: float) -> None:
        nonlocal reported
        if time.monotonic() - reported >= REPORT_INTERVAL:
            reported = time.monotonic()
            report(epochs / (config.epochs + 1))  # evaluation and logging count as another epoch

    items = TrainingData.from_store(data, config, job.device)
    network = training.train(
        config,
        items,
        device=job.device,
        on_epoch=logger.epoch,
        on_step=on_step,
        state_file=job.training.files.state,
        save_interval=SAVE_INTERVAL,
        cuda_graph=CUDA_GRAPH,
    )
    seconds = time.monotonic() - start
    trained = Outcome(
        job.training.files.outcome,
        log_probabilities=evaluation.log_probabilities(network, data.test.images, device=job.device),
        shares=evaluation.training_shares(config, items).tolist(),
        curve=logger.curve,
        seconds=seconds,
        remarks=[message.getMessage() for message in messages],
    )
    outcome.write(trained, lambda folder: models.save(network, folder, config.image_size, data.resize))
    return trained
