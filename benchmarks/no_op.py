"""A training without computation, for benchmarks/driver.py. A module, because workers import it."""

from collections.abc import Callable, Sequence
from logging import LogRecord

import numpy as np

from ablations.engines import worker
from ablations.engines.job import Handover, Job
from ablations.tracking import models, outcome
from ablations.tracking.run_logger import RunLogger
from wikiart.images.store import Store
from wikiart.learning.network import Network
from wikiart.learning.training import Epoch


def carry_out(job: Job, report: Callable[[float], None]) -> Handover:
    """Carry out a training with initial weights and random answers; all else is as in the suite."""
    worker._train = _train
    return worker.carry_out(job, report)


def _train(
    job: Job,
    data: Store,
    logger: RunLogger,
    report: Callable[[float], None],
    messages: Sequence[LogRecord],
) -> outcome.Outcome:
    config = job.training.config
    for number in range(1, config.epochs + 1):
        report(number / (config.epochs + 1))
        logger.epoch(Epoch(number, 1 / number, number / config.epochs))
    network = Network(config.conv_layers, config.dropout, config.image_size, len(data.classes)).eval()
    generator = np.random.default_rng(int(job.training.fingerprint[:8], 16))
    outputs = np.where(generator.random(len(data.test.labels)) < 0.4, data.test.labels, 0)
    certain = np.log(np.eye(len(data.classes), dtype=np.float32)[outputs] + 1e-6)
    shares = np.full(len(data.classes), 1 / len(data.classes)).tolist()
    trained = outcome.Outcome(job.training.files.outcome, certain, shares, logger.curve, 0.0, remarks=[])
    outcome.write(trained, lambda folder: models.save(network, folder, config.image_size, data.resize))
    return trained
