"""An estimate of the time that the trainings of a suite take, from a few steps of each network."""

import heapq
import math
import statistics
from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from pathlib import Path

import numpy as np

from ablations.engines.job import Job
from ablations.engines.local import Local
from wikiart.images import store
from wikiart.learning.split import validation_rows
from wikiart.smote.levels import planned_counts

MIN_PIXELS = 1e9  #: pixels over all epochs of all trainings; an estimate for less would take too long itself
LOGGING = 0.35  #: seconds per run besides training: evaluation, model, tables, pictures, MLflow


#: the settings that decide how long a step takes on a given machine
_step_kind = attrgetter("conv_layers", "image_size", "batch_size", "precision", "smote", "augment")


def seconds(jobs: Sequence[Job], engine: Local) -> list[float] | None:
    """Estimate the seconds that each training takes; return None if all together are too short for that.

    All workers time some steps of each kind of training at the same time, because they share the machine's
    memory bandwidth. Epochs that an interrupted training has behind it are not subtracted.
    """
    # 1. Steps per training. Trainings with the same images share the count.
    configs = [job.training.config for job in jobs]
    count_images = cache(_count_images)
    steps = [
        config.epochs
        * math.ceil(count_images(job.training.store, config.smote, config.validation) / config.batch_size)
        for job, config in zip(jobs, configs, strict=True)
    ]
    pixels = sum(
        count * config.batch_size * config.image_size**2 for count, config in zip(steps, configs, strict=True)
    )
    if pixels < MIN_PIXELS:
        return None
    # 2. Seconds per step of each kind: the mean over the workers.
    kinds = {_step_kind(config): job for job, config in zip(jobs, configs, strict=True)}
    measurements = engine.call_on_all(_time_steps, list(kinds.values()))
    means = map(statistics.mean, zip(*measurements, strict=True))
    step_seconds = dict(zip(kinds, means, strict=True))
    # 3. Seconds per training.
    return [
        count * step_seconds[_step_kind(job.training.config)] + LOGGING * len(job.training.cells)
        for count, job in zip(steps, jobs, strict=True)
    ]


def makespan(durations: Sequence[float], workers: int) -> float:
    """Return when the last of some tasks ends if every worker takes the next one as soon as it is free."""
    free_at = [0.0] * workers
    for duration in durations:
        heapq.heapreplace(free_at, free_at[0] + duration)
    return max(free_at)


def _count_images(folder: Path, level: str, validation: float) -> int:
    """Count the real and synthetic images of an epoch, which are about as many with every seed."""
    data = store.load(folder)
    labels = np.delete(data.train.labels, validation_rows(data.train.labels, validation, seed=0))
    return sum(planned_counts(level, labels, data.classes).values())


def _time_steps(jobs: Sequence[Job]) -> list[float]:
    """Measure the seconds per step of each training; runs in a worker."""
    from wikiart.learning import training  # here: the driver loads no torch
    from wikiart.learning.data import TrainingData

    durations = []
    for job in jobs:
        config, data = job.training.config, store.load(job.training.store)
        images = TrainingData.from_store(data, config, job.device)
        durations.append(training.time_step(config, images, device=job.device, seconds=0.25))
    return durations
