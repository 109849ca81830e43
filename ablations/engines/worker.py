"""One training, carried out: its weights, and a run for each cell that is read from them."""

import logging
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ablations.design.trainings import CellRun, Training
from ablations.tracking import models, outcome, queries, server, sweep
from ablations.tracking.destination import Destination
from ablations.tracking.outcome import NotHandedIn, Outcome
from ablations.tracking.run_logger import RunLogger
from wikiart.cache.atomic import locked
from wikiart.images import store
from wikiart.images.store import Store
from wikiart.learning import evaluation, training
from wikiart.learning.data import TrainingData
from wikiart.smote.cached import recipes_of_store

SAVE_EVERY = float(os.environ.get("WIKIART_SAVE_SECONDS", "30"))  # between two states of a training on disk
RECORD = os.environ.get("WIKIART_CUDA_GRAPHS") == "1"  # docs/speed.md


@dataclass(frozen=True)
class Job:
    """A training to carry out, where, and where its runs go."""

    training: Training
    destination: Destination
    device: str
    since: int  #: what was finished, or kept between epochs, before then does not count; ms since 1970


def carry_out(job: Job, report: Callable[[float], None]) -> None:
    """Train, evaluate and log what no other suite has finished meanwhile.

    If another suite is at the same training, its end is waited for. ``report`` is called with the
    share that is done, 0..1, after every epoch. After an exception the runs are FAILED and hold
    its traceback.

    Raises
    ------
    NotHandedIn
        The tracking server is away, and was for longer than requests are tried again: what was
        trained is kept, and who carries the job out next only hands it in.
    """
    with locked(job.training.files.lock):
        cells = _unfinished(job)
        _forget_older(job)
        if cells:
            _carry_out(replace(job, training=replace(job.training, cells=cells)), report)
        job.training.files.state.unlink(missing_ok=True)
        outcome.remove(job.training.files.outcome)


def _unfinished(job: Job) -> tuple[CellRun, ...]:
    """The cells that nobody has finished; all of them, if there is no server to ask."""
    try:
        sweep.end_own_runs(job.destination, job.training.name)
        found = queries.finished_fingerprints(job.destination, job.training.cells, job.since)
    except Exception as error:
        if not server.is_unreachable(error):
            raise
        found = set()
    return tuple(cell for cell in job.training.cells if cell.fingerprint not in found)


def _forget_older(job: Job) -> None:
    """What is kept from before ``since`` is not gone on with."""
    resume, kept = job.training.files.state, job.training.files.outcome
    if resume.exists() and resume.stat().st_mtime * 1000 < job.since:
        resume.unlink()
    if kept.exists() and kept.stat().st_mtime * 1000 < job.since:
        outcome.remove(kept)


def _carry_out(job: Job, report: Callable[[float], None]) -> None:
    data = store.load(job.training.store)
    kept = job.training.files.outcome
    logger = RunLogger(job.destination, job.training, data)
    try:
        logger.start()
        done = outcome.read(kept) if kept.exists() else _train(job, data, logger, report)
        logger.finish(done)
    except Exception as error:
        logger.fail(traceback.format_exc())
        if kept.exists() and server.is_unreachable(error):
            raise NotHandedIn(f"trained and kept, but the tracking server is away: {error}") from error
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
    subject = logging.getLogger("wikiart")
    subject.addHandler(handler)
    subject.setLevel(logging.INFO)
    subject.propagate = False  # to the runs, not among the lines of the suite
    try:
        yield lines
    finally:
        subject.removeHandler(handler)


def _train(job: Job, data: Store, logger: RunLogger, report: Callable[[float], None]) -> Outcome:
    config = job.training.config
    began = time.monotonic()

    def on_epoch(epoch: training.Epoch) -> None:
        report(epoch.number / (config.epochs + 1))  # evaluation and logging count as one epoch more
        logger.epoch(epoch)

    with _remarks() as remarks:
        network = training.train(
            config,
            TrainingData.from_store(data, recipes_of_store(data, config.smote, config.seed, job.device)),
            device=job.device,
            on_epoch=on_epoch,
            state_file=job.training.files.state,
            save_interval=SAVE_EVERY,
            cuda_graph=RECORD,
        )
        seconds = time.monotonic() - began
        outputs = evaluation.predict(network, data.test.images, device=job.device)
    return outcome.write(
        job.training.files.outcome,
        lambda folder: models.save(network, folder, config.image_size, data.resize),
        outputs=outputs,
        curve=logger.curve,
        seconds=seconds,
        remarks=remarks,
    )
