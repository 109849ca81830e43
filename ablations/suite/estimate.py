"""An estimate of the time that the trainings of a suite take, from a few steps of each network."""

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

MIN_PIXELS = 1e9  #: pixels over all epochs of all trainings; an estimate for less would take too long itself
LOGGING = 0.35  #: seconds per run besides training: evaluation, model, tables, pictures, MLflow


class StepKind(NamedTuple):
    """The settings that decide how long a step takes on a given machine."""

    conv_layers: int
    image_size: int
    batch_size: int
    precision: str
    smote: str

    @classmethod
    def of(cls, job: Job) -> "StepKind":
        """Return the kind of a job's steps."""
        return cls(*(getattr(job.training.config, name) for name in cls._fields))


def seconds(jobs: Sequence[Job], engine: Local) -> list[float] | None:
    """Estimate the seconds that each training takes; return None if all together are too short for that.

    All workers time some steps of each kind of training at the same time, because they share the machine's
    memory bandwidth. Epochs that an interrupted training has behind it are not subtracted.
    """
    # 1. Steps per training. Trainings with the same images share the count.
    images = {_image_set(job): job for job in jobs}
    counts = {image_set: _count_images(job) for image_set, job in images.items()}
    steps = [_count_steps(job, counts[_image_set(job)]) for job in jobs]
    pixels = sum(
        count * job.training.config.batch_size * job.training.config.image_size**2
        for count, job in zip(steps, jobs, strict=True)
    )
    if pixels < MIN_PIXELS:
        return None
    # 2. Seconds per step of each kind: the mean over the workers.
    kinds = {StepKind.of(job): job for job in jobs}
    measurements = engine.call_on_all(_time_steps, list(kinds.values()))
    means = map(statistics.mean, zip(*measurements, strict=True))
    step_seconds = dict(zip(kinds, means, strict=True))
    # 3. Seconds per training.
    return [
        count * step_seconds[StepKind.of(job)] + LOGGING * len(job.training.cells)
        for count, job in zip(steps, jobs, strict=True)
    ]


def makespan(durations: Sequence[float], workers: int) -> float:
    """Return when the last of some tasks ends if every worker takes the next one as soon as it is free."""
    free_at = [0.0] * workers
    for duration in durations:
        heapq.heapreplace(free_at, free_at[0] + duration)
    return max(free_at)


def _image_set(job: Job) -> tuple[Path, str]:
    """Return what decides the number of images in an epoch."""
    return job.training.store, job.training.config.smote


def _count_images(job: Job) -> int:
    """Count the real and synthetic images of an epoch."""
    data = store.load(job.training.store)
    return sum(planned_counts(job.training.config.smote, data.train.labels, data.classes).values())


def _count_steps(job: Job, images: int) -> int:
    config = job.training.config
    return config.epochs * math.ceil(images / config.batch_size)


def _time_steps(jobs: Sequence[Job]) -> list[float]:
    """Measure the seconds per step of each training; runs in a worker."""
    durations = []
    for job in jobs:
        config, data = job.training.config, store.load(job.training.store)
        recipes = recipes_of_store(data, config.smote, config.seed, job.device)
        images = TrainingData.from_store(data, recipes)
        durations.append(training.time_step(config, images, device=job.device, seconds=0.5))
    return durations
