"""A configuration and images in, a trained network out: Adam, NLLLoss, pixels 0..255, as in the study."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from wikiart import fast
from wikiart.config import TrainingConfig
from wikiart.network import build
from wikiart.smote import Recipes
from wikiart.state import Epoch, State


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

    Returns
    -------
    torch.nn.Sequential
        In evaluation mode, on ``device``.
    """
    torch.manual_seed(config.seed)
    network = build(config.conv_layers, config.dropout, config.image_size, classes)
    network = network.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    source = Mixtures(images, labels, recipes, device)
    order = torch.Generator().manual_seed(config.seed)
    state = State(network, optimizer, order, source.device)
    if resume:
        state.restore(resume)
    for epoch in state.curve:
        on_epoch(epoch)
    saved = time.monotonic()
    for number in range(len(state.curve) + 1, config.epochs + 1):
        epoch = _pass(network, optimizer, source, batches(len(source), config.batch_size, order), number)
        state.curve.append(epoch)
        on_epoch(epoch)
        if resume and time.monotonic() - saved >= save_every:
            state.save(resume)
            saved = time.monotonic()
    return network.eval()


def _pass(network, optimizer, source, indices, number) -> Epoch:
    total = torch.zeros(2, device=source.device)  # kept on the device: reading it would stall a GPU
    for index in indices:
        pixels, labels = source.batch(index)
        scores = fast.forward(network, pixels)
        loss = nn.functional.nll_loss(scores, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            right = (scores.argmax(1) == labels).sum()
            total += torch.stack([loss.detach() * len(labels), right])
    loss_sum, right_sum = total.tolist()
    return Epoch(number, loss_sum / len(source), right_sum / len(source))


def batches(items: int, size: int, order: torch.Generator) -> Iterator[torch.Tensor]:
    """Index tensors of one shuffled epoch.

    A last batch of a single item joins the one before it: batch normalisation has no
    variance of one value, and torch refuses it.
    """
    shuffled = torch.randperm(items, generator=order)
    parts = list(shuffled.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return iter(parts)


class Mixtures:
    """Real images followed by synthetic ones, read as batches of float pixels.

    A synthetic image is ``first + weight * (second - first)``: its pixels exist only
    while its batch does.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipes: Recipes, device: str):
        self.device = torch.device(device)
        self._images = torch.from_numpy(images).to(self.device)
        self._real = len(labels)
        self._labels = torch.from_numpy(np.concatenate([labels, recipes.labels]).astype(np.int64)).to(
            self.device
        )
        self._first = torch.from_numpy(recipes.first).to(self.device)
        self._second = torch.from_numpy(recipes.second).to(self.device)
        self._weight = torch.from_numpy(recipes.weight).to(self.device)

    def __len__(self) -> int:
        return len(self._labels)

    def batch(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels float32 (b, 3, size, size) in 0..255, channels last in memory, and labels (b,)."""
        index = index.to(self.device)
        recipe = index - self._real
        mixed = (recipe >= 0).nonzero().squeeze(1)
        recipe = recipe[mixed]
        parents = index.clone()
        parents[mixed] = self._first[recipe]
        pixels = self._images[parents].float()
        if len(mixed):
            second = self._images[self._second[recipe]].float()
            weight = self._weight[recipe].view(-1, 1, 1, 1)
            pixels.index_copy_(0, mixed, torch.lerp(pixels[mixed], second, weight))
        return pixels.permute(0, 3, 1, 2), self._labels[index]
