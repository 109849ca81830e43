"""The training of one network, as in the study: Adam, negative log-likelihood, pixels 0..255."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from wikiart.learning.adam import Adam
from wikiart.learning.augmentation import Augmentation
from wikiart.learning.batches import BatchReader, shuffled_batches
from wikiart.learning.class_weights import class_weights
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.epoch import Epoch
from wikiart.learning.network import Network
from wikiart.learning.state import State
from wikiart.learning.steps import RecordedStep, Step
from wikiart.learning.validation import validate

WARM_UP, MEASURED = 2, 5  #: steps that `time_step` leaves out, and the fewest whose time it measures


def train(
    config: TrainingConfig,
    data: TrainingData,
    *,
    device: str = "cpu",
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_step: Callable[[float], None] = lambda epochs: None,
    state_file: Path | None = None,
    save_interval: float = 30.0,
    cuda_graph: bool = False,
) -> Network:
    """Train a network; the same arguments on the same CPU give the same weights.

    Parameters
    ----------
    config : TrainingConfig
        Settings of the training.
    data : TrainingData
        What the network learns from.
    device : str
        A torch device. Default ``"cpu"``.
    on_epoch : callable
        Called after every epoch, and first for the epochs that were restored from ``state_file``.
    on_step : callable
        Called after every step with the number of epochs that are done, the part of the present one included.
    state_file : Path, optional
        File to which the state between epochs is saved, and from which it is restored if it exists.
        On the same CPU with the same number of threads, a training that was interrupted and restored
        ends with the weights of one that was not. The caller removes the file. Default: none.
    save_interval : float
        Seconds between two saves, at least. Default 30.
    cuda_graph : bool
        Record the steps as a CUDA graph and replay it, on a GPU whose memory holds all images;
        without effect on a training with augmentation. Default False.

    Returns
    -------
    Network
        In evaluation mode, on ``device``.
    """
    network, step = initialise(config, data, device)
    generator = torch.Generator().manual_seed(config.seed)
    state = State(network, step.optimizer, generator, step.reader.device)
    if state_file:
        state.restore(state_file)
    for epoch in state.curve:
        on_epoch(epoch)
    take_step: Callable[[torch.Tensor], None] = step
    if cuda_graph and step.reader.on_gpu and not step.augmentation:
        take_step = RecordedStep(step, config.batch_size)
    last_save = time.monotonic()
    for number in range(len(state.curve) + 1, config.epochs + 1):
        if step.augmentation:
            step.augmentation.start_epoch(number)
        items = 0
        for index in shuffled_batches(len(step.reader), config.batch_size, generator, step.reader.device):
            take_step(index)
            items += len(index)
            on_step(number - 1 + items / len(step.reader))
        state.curve.append(_summarize_epoch(number, step, data))
        on_epoch(state.curve[-1])
        if state_file and time.monotonic() - last_save >= save_interval:
            state.save(state_file)
            last_save = time.monotonic()
    return network.eval()


def initialise(config: TrainingConfig, data: TrainingData, device: str) -> tuple[Network, Step]:
    """Seed torch's random numbers, then build an untrained network and its step.

    Parameters
    ----------
    config : TrainingConfig
        Settings of the training.
    data : TrainingData
        What the network learns from.
    device : str
        A torch device.

    Returns
    -------
    tuple of Network and Step
        The network is in training mode.
    """
    torch.manual_seed(config.seed)
    network = Network(config.conv_layers, config.dropout, config.image_size, data.classes)
    network = network.to(device).to(memory_format=torch.channels_last).train()
    on_gpu = torch.device(device).type == "cuda"
    optimizer = Adam(network.parameters(), config.learning_rate, on_gpu)
    weights = class_weights(config.class_weights, data.class_counts)
    on_device = None if weights is None else torch.from_numpy(weights).float().to(device)
    augmentation = (
        None if config.augment == "none" else Augmentation(config.augment, config.image_size, config.seed)
    )
    reader = BatchReader(data, device)
    return network, Step(network, optimizer, reader, config.precision, on_device, augmentation)


def _summarize_epoch(number: int, step: Step, data: TrainingData) -> Epoch:
    """Return loss and accuracy of the steps since the last call, and reset their sums; validate."""
    loss_sum, correct = step.total.tolist()
    step.total.zero_()
    epoch = Epoch(number, loss_sum / len(step.reader), correct / len(step.reader))
    if len(data.validation) == 0:
        return epoch
    return epoch._replace(**validate(step.network, step.reader, data)._asdict())


def time_step(
    config: TrainingConfig, data: TrainingData, *, device: str = "cpu", seconds: float = 1.0
) -> float:
    """Measure how long a training step takes on this machine.

    Parameters
    ----------
    config : TrainingConfig
        Settings of the training.
    data : TrainingData
        What the network learns from.
    device : str
        A torch device. Default ``"cpu"``.
    seconds : float
        Time to spend on the measurement, at least; five steps and two for warming up are taken in
        any case. Default 1.

    Returns
    -------
    float
        Median in seconds.
    """
    _, step = initialise(config, data, device)
    generator = torch.Generator().manual_seed(config.seed)
    durations: list[float] = []
    while True:
        for index in shuffled_batches(len(step.reader), config.batch_size, generator, step.reader.device):
            start = time.perf_counter()
            step(index)
            step.total.tolist()  # reading the result waits until a GPU has finished the step
            durations.append(time.perf_counter() - start)
            if len(durations) >= WARM_UP + MEASURED and sum(durations) > seconds:
                return statistics.median(durations[WARM_UP:])
