"""A configuration and images in, a trained network out: Adam, NLLLoss, pixels 0..255, as in the study."""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from wikiart.learning.batches import Mixtures
from wikiart.learning.config import TrainingConfig
from wikiart.learning.network import build
from wikiart.learning.state import Epoch, State
from wikiart.learning.steps import Recorded, Step
from wikiart.smote.recipes import Recipes


def train(
    config: TrainingConfig,
    images: np.ndarray,
    labels: np.ndarray,
    recipes: Recipes,
    classes: int,
    *,
    device: str = "cpu",
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    resume: Path | None = None,
    save_every: float = 30.0,
    record: bool = False,
) -> nn.Sequential:
    """Train one network; the same arguments on the same CPU give the same weights.

    Parameters
    ----------
    config : TrainingConfig
    images : uint8 array (n, size, size, 3)
        May be a memory map; only the rows of a batch are read.
    labels : int array (n,)
    recipes : Recipes
        Synthetic images, blended from pairs of real ones inside their batch; may be empty.
    classes : int
        Number of classes.
    device : str
        A torch device. Default ``"cpu"``.
    on_epoch : callable
        Called after every epoch, and first for those of an earlier start.
    resume : Path, optional
        File that keeps the state between epochs. An earlier start of the same training that was
        interrupted is gone on with; on the same CPU with the same number of threads the weights
        become those of an uninterrupted one. The caller removes the file. Default: nothing is kept.
    save_every : float
        Seconds of training between two writings of it, at least. Default 30.
    record : bool
        On a GPU that has room for the images, record the steps as a CUDA graph and play it back.
        Default False.

    Returns
    -------
    torch.nn.Sequential
        In evaluation mode, on ``device``.
    """
    network, step = begin(config, images, labels, recipes, classes, device)
    order = torch.Generator().manual_seed(config.seed)
    state = State(network, step.optimizer, order, step.source.device)
    if resume:
        state.restore(resume)
    for epoch in state.curve:
        on_epoch(epoch)
    take = Recorded(step, config.batch_size) if record and step.source.on_gpu else step
    saved = time.monotonic()
    for number in range(len(state.curve) + 1, config.epochs + 1):
        for index in batches(len(step.source), config.batch_size, order, step.source.device):
            take(index)
        state.curve.append(_epoch(number, step))
        on_epoch(state.curve[-1])
        if resume and time.monotonic() - saved >= save_every:
            state.save(resume)
            saved = time.monotonic()
    return network.eval()


def begin(
    config: TrainingConfig,
    images: np.ndarray,
    labels: np.ndarray,
    recipes: Recipes,
    classes: int,
    device: str,
) -> tuple[nn.Sequential, Step]:
    """An untrained network and its step, with chance as the seed says; parameters as for `train`."""
    torch.manual_seed(config.seed)
    network = build(config.conv_layers, config.dropout, config.image_size, classes)
    network = network.to(device).to(memory_format=torch.channels_last).train()
    on_gpu = torch.device(device).type == "cuda"
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True, capturable=on_gpu)
    return network, Step(network, optimizer, Mixtures(images, labels, recipes, device), config.precision)


def _epoch(number: int, step: Step) -> Epoch:
    """What the steps since the last one came to."""
    loss_sum, right_sum = step.total.tolist()
    step.total.zero_()
    return Epoch(number, loss_sum / len(step.source), right_sum / len(step.source))


def pace(
    config: TrainingConfig,
    images: np.ndarray,
    labels: np.ndarray,
    recipes: Recipes,
    classes: int,
    *,
    device: str = "cpu",
    seconds: float = 1.0,
) -> float:
    """Seconds that a step of a training takes here and now, of which ``seconds`` are spent to see it.

    The median over a few steps (five at least), after two that warm up. Parameters as for `train`.
    """
    _, step = begin(config, images, labels, recipes, classes, device)
    order = torch.Generator().manual_seed(config.seed)
    times: list[float] = []
    while True:
        for index in batches(len(step.source), config.batch_size, order, step.source.device):
            began = time.perf_counter()
            step(index)
            step.total.tolist()  # a GPU's work is done when its result can be read
            times.append(time.perf_counter() - began)
            if len(times) >= 7 and sum(times) > seconds:
                return statistics.median(times[2:])


def batches(
    items: int, size: int, order: torch.Generator, device: torch.device | str = "cpu"
) -> Iterator[torch.Tensor]:
    """Index tensors of one shuffled epoch, drawn on the CPU and sent to a device at once.

    A last batch of a single item joins the one before it: batch normalisation has no
    variance of one value, and torch refuses it.
    """
    shuffled = torch.randperm(items, generator=order)
    parts = list(shuffled.to(device).split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return iter(parts)
