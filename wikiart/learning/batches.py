"""Batches of real and synthetic images: a synthetic image is blended when its batch is read."""

from collections.abc import Iterator

import numpy as np
import torch

from wikiart.images.sums import pixel_sums
from wikiart.learning.data import TrainingData

MEMORY_SHARE = 0.5  #: of a GPU's free memory that images may take; the rest is for training


class BatchReader:
    """Reads batches of the real images that are trained on, followed by the synthetic ones.

    Item ``k`` is ``images[first[k]] + weight[k] * (images[second[k]] - images[first[k]])``; for a
    real image both are its row and ``weight[k] = 0``. On a GPU with enough free memory
    all images are copied there once, as uint8, and batches are made there.

    Parameters
    ----------
    data : TrainingData
    device : str
        A torch device.

    Attributes
    ----------
    blend_all : bool
        Blend real images as well, each with itself. True on a GPU: to find the synthetic images of
        a batch, the processor would have to wait for the GPU.
    on_gpu : bool
        All images lie in a GPU's memory, so that reading a batch copies nothing from the processor.
    """

    def __init__(self, data: TrainingData, device: str):
        self.device = torch.device(device)
        self.blend_all = self.device.type == "cuda"
        self.on_gpu = _fits(data.images, self.device)
        self._images = torch.from_numpy(data.images)
        if self.on_gpu:
            self._images = self._images.to(self.device)
        recipes, rows = data.recipes, data.rows
        self._has_synthetic = len(recipes.labels) > 0
        self._labels = self._on_device(np.concatenate([data.labels[rows], recipes.labels]).astype(np.int64))
        self._first = self._on_device(np.concatenate([rows, recipes.first]))
        self._second = self._on_device(np.concatenate([rows, recipes.second]))
        weights = np.concatenate([np.zeros(len(rows), np.float32), recipes.weight])
        self._weight = self._on_device(weights.astype(np.float32))
        self._sums = np.full((len(self), 18, 3), np.nan)  # of each item, once they are known
        if data.pixel_sums is not None:
            self._sums[: len(rows)] = data.pixel_sums[rows]

    def _on_device(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(self.device)

    def __len__(self) -> int:
        return len(self._labels)

    def read(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Read the items at these positions.

        Parameters
        ----------
        index : int64 tensor (b,)
            On any device.

        Returns
        -------
        tuple of torch.Tensor
            Pixels 0..255 (b, 3, size, size), channels last in memory: float32, or uint8 if no image is
            blended; labels int64 (b,).
        """
        index = index.to(self.device)
        pixels = self._pixels(self._first[index])
        if self._has_synthetic:
            blended = slice(None) if self.blend_all else self._weight[index].nonzero().squeeze(1)
            second = self._second[index[blended]]
            if len(second):
                weight = self._weight[index[blended]].view(-1, 1, 1, 1)
                pixels = pixels.float()
                pixels[blended] = torch.lerp(pixels[blended], self._pixels(second).float(), weight)
        return pixels.permute(0, 3, 1, 2), self._labels[index]

    def images(self, rows: torch.Tensor) -> torch.Tensor:
        """Read real images by row: uint8 (b, 3, size, size), channels last in memory."""
        return self._pixels(rows.to(self.device)).permute(0, 3, 1, 2)

    def pixel_sums(self, index: torch.Tensor, pixels: torch.Tensor) -> np.ndarray:
        """Return the sum of the pixel sums of a batch; they are computed once for each item.

        Parameters
        ----------
        index : int64 tensor (b,)
            Positions of the batch.
        pixels : tensor (b, 3, size, size)
            As `read` returns them.

        Returns
        -------
        float64 array (18, 3)
            See `wikiart.images.sums`.
        """
        items = index.numpy()
        missing = np.flatnonzero(np.isnan(self._sums[items, 0, 0]))
        if len(missing):
            self._sums[items[missing]] = pixel_sums(pixels[missing].permute(0, 2, 3, 1).numpy())
        return self._sums[items].sum(0)

    def _pixels(self, rows: torch.Tensor) -> torch.Tensor:
        return self._images.index_select(0, rows.to(self._images.device)).to(self.device)


def _fits(images: np.ndarray, device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return images.nbytes <= MEMORY_SHARE * free


def shuffled_batches(
    items: int, size: int, generator: torch.Generator, device: torch.device | str = "cpu"
) -> Iterator[torch.Tensor]:
    """Yield the positions of each batch of one epoch, shuffled.

    The order is drawn on the CPU and sent to the device at once. A last batch of a single item is
    joined to the one before it: batch normalisation cannot compute the variance of one value.

    Parameters
    ----------
    items : int
        Number of items.
    size : int
        Items per batch.
    generator : torch.Generator
        Draws the order.
    device : torch.device or str
        Where the positions are needed. Default ``"cpu"``.

    Yields
    ------
    int64 tensor (size,)
        The last one may be shorter, or longer by one.
    """
    shuffled = torch.randperm(items, generator=generator)
    batches = list(shuffled.to(device).split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    yield from batches
