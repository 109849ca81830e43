"""How long the trainings of a suite will take, seen on a few steps of each network before they begin."""

import heapq
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ablations.engines.local import Local
from ablations.engines.worker import Job
from wikiart.images import store
from wikiart.learning import training
from wikiart.learning.data import TrainingData
from wikiart.smote.cached import recipes_of_store
from wikiart.smote.levels import planned_counts

LONG = 1e9  #: pixels to train on, over all epochs of all trainings; below, no estimate is worth its time
LOGGING = 0.35  #: seconds that a run takes besides training: answers, model, tables, pictures, MLflow


class Kind(NamedTuple):
    """What decides how long a step takes, besides the machine."""

    conv_layers: int
    image_size: int
    batch_size: int
    precision: str
    smote: str

    @classmethod
    def of(cls, job: Job) -> "Kind":
        """A job's kind."""
        return cls(*(getattr(job.training.config, name) for name in cls._fields))


def seconds(jobs: Sequence[Job], engine: Local) -> list[float] | None:
    """Seconds that each training will take; None if the work is not worth an estimate.

    Every worker times some steps of each kind of training while the others do so too, since
    they share the machine's memory. What an interrupted training has behind it is not taken off.
    """
    items = {images: _items(job) for images, job in {_images(job): job for job in jobs}.items()}
    steps = [_steps(job, items[_images(job)]) for job in jobs]
    pixels = sum(
        count * job.training.config.batch_size * job.training.config.image_size**2
        for count, job in zip(steps, jobs, strict=True)
    )
    if pixels < LONG:
        return None
    kinds = {Kind.of(job): job for job in jobs}
    answers = engine.ask(_paces, list(kinds.values()))
    paces = dict(zip(kinds, map(statistics.mean, zip(*answers, strict=True)), strict=True))
    return [
        count * paces[Kind.of(job)] + LOGGING * len(job.training.cells)
        for count, job in zip(steps, jobs, strict=True)
    ]


def dealt(each: Sequence[float], workers: int) -> float:
    """When the last of these tasks ends if every worker takes the next one as soon as it is free."""
    free = [0.0] * workers
    for duration in each:
        heapq.heapreplace(free, free[0] + duration)
    return max(free)


def _images(job: Job) -> tuple[Path, str]:
    """What decides how many images a training sees in an epoch; many trainings share it."""
    return job.training.store, job.training.config.smote


def _items(job: Job) -> int:
    """Real and synthetic images of an epoch."""
    data = store.load(job.training.store)
    return sum(planned_counts(job.training.config.smote, data.train.labels, data.classes).values())


def _steps(job: Job, items: int) -> int:
    config = job.training.config
    return config.epochs * math.ceil(items / config.batch_size)


def _paces(jobs: Sequence[Job]) -> list[float]:
    """In a worker: seconds that a step of each training takes."""
    paces = []
    for job in jobs:
        config, data = job.training.config, store.load(job.training.store)
        recipes = recipes_of_store(data, config.smote, config.seed, job.device)
        images = TrainingData.from_store(data, recipes)
        paces.append(training.time_step(config, images, device=job.device, seconds=0.5))
    return paces
