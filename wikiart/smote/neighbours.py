"""The nearest images of one class, exactly, in bounded memory.

The squared distance of two images is ``|x|² + |y|² - 2 x·y``, so all distances of a class come
out of matrix products. Pixels are centred first (0..255 becomes -128..127: distances stay), and
a product runs over 1,024 values at most. A sum of that many products of such integers cannot
leave ±2²⁴, below which float32 holds every integer: each product is exact in whatever order the
hardware adds, and its sum over all values, in float64, is exact as well. Nothing has to be
ranked again, and no neighbour can be lost to rounding.

Of equally distant images scikit-learn keeps and orders some by the run of its heap, which is no
rule that could be stated in a line. Rows where that matters are therefore handed to scikit-learn
itself; see `nearest`.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

MEMORY = 512 * 2**20  #: default working memory of a search, in bytes
_EXACT = 1024  # values per product: 1024 * 128 * 128 = 2**24
_TILE = 256  # rows per product: small enough for its result to stay in the cache
_SERIAL = 4 * 256  # with more queries than these, one thread of scikit-learn takes another path


def nearest(
    images: np.ndarray,
    rows: np.ndarray,
    k: int = 5,
    *,
    memory: int = MEMORY,
    device: str = "cpu",
    progress: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """The nearest of some images among themselves: what SMOTE asks of a class.

    Equals ``NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)`` of scikit-learn on the
    flattened float pixels ``x``, run on one thread. On more threads scikit-learn may order equal
    distances differently, and only for more than 256 images, where its threads share them out;
    rows whose nearest ``k + 2`` distances differ never depend on it. Images of fewer than 16
    values, for which scikit-learn grows a tree, are outside of this promise when distances tie.

    Parameters
    ----------
    images : uint8 array (all, size, size, channels)
        May be a memory map; only ``rows`` are read.
    rows : int array (n,)
        The images to search, n >= 1.
    k : int
        Neighbours per image. Default 5. With fewer than ``k + 1`` images all others are neighbours.
    memory : int
        Bytes for the buffers of the search, whatever the number and size of images; the libraries
        underneath take some 10 to 20 MB of their own. Default 512 MB.
    device : str
        A torch device for the products. Default ``"cpu"``.
    progress : callable
        Called with the share done so far (0..1).

    Returns
    -------
    int64 array (n, min(k, n - 1) + 1)
        Positions in ``rows``, nearest first. The first is the image itself, or one of its
        duplicates. A single image counts as its own neighbour: ``[[0, 0]]``.
    """
    n = len(rows)
    if n == 1:
        return np.zeros((1, 2), np.int64)
    flat = np.asarray(images).reshape(len(images), -1)
    blocks = _Blocks.within(memory, n)
    found = []
    for start in range(0, n, blocks.rows):
        stop = min(start + blocks.rows, n)
        distances = torch.zeros(stop - start, n, dtype=torch.float64, device=device)
        for share in _fill(distances, flat, rows, start, blocks):
            progress((start + share * (stop - start)) / n)
        found.append(_ranked(distances, min(k, n - 1) + 1))
        del distances  # before the next are allocated
    return np.concatenate(found)


class _Blocks(NamedTuple):
    """How a search is cut, so that its buffers together stay within the memory given."""

    rows: int  #: rows of the distance matrix, float64 (rows, n): a half of the memory
    tile: int  #: rows of one product, float32 (tile, n): an eighth
    slab: int  #: values read of every image, uint8 (n, slab): an eighth, and again while the next is read
    chunk: int  #: values multiplied, float32 (n, chunk): a sixteenth, and again while the next is converted

    @classmethod
    def within(cls, memory: int, n: int) -> "_Blocks":
        sixteenth = memory // 16 // n  # bytes for each image
        return cls(
            rows=min(n, max(1, sixteenth)),
            tile=min(_TILE, max(1, sixteenth // 2)),
            slab=max(1, sixteenth * 2),
            chunk=min(_EXACT, max(1, sixteenth // 4)),
        )


def _fill(distances, flat, rows, start, blocks) -> Iterator[float]:
    """Turn zeros (b, n) into the squared distances of ``rows[start:start + b]`` to all; yields progress."""
    stop = start + len(distances)
    norms = torch.zeros(len(rows), dtype=torch.float64, device=distances.device)
    done = 0
    for chunk in _chunks(flat, rows, blocks, distances.device):
        norms += torch.linalg.vecdot(chunk, chunk)
        _add_products(distances, chunk, start, stop, blocks.tile)
        done += chunk.shape[1]
        yield done / flat.shape[1]
    _mirror(distances[:, start:stop], blocks.tile)
    distances.mul_(-2).add_(norms).add_(norms[start:stop, None])


def _chunks(flat, rows, blocks, device) -> Iterator[torch.Tensor]:
    """The centred pixels of ``rows``, some values at a time: float32 (n, blocks.chunk)."""
    for left in range(0, flat.shape[1], blocks.slab):
        slab = torch.from_numpy(flat[rows, left : left + blocks.slab]).to(device)
        for part in slab.split(blocks.chunk, dim=1):
            yield part.float().sub_(128)


def _add_products(products, chunk, start, stop, tile) -> None:
    """Add ``chunk[start:stop] @ chunk.T``, but for what `_mirror` can fill in."""
    for top in range(start, stop, tile):
        bottom = min(top + tile, stop)
        out = products[top - start : bottom - start]
        out[:, :bottom] += chunk[top:bottom] @ chunk[:bottom].T
        if stop < len(chunk):
            out[:, stop:] += chunk[top:bottom] @ chunk[stop:].T


def _mirror(square, tile) -> None:
    """Fill the upper half, tile by tile, from the lower one."""
    for top in range(0, len(square), tile):
        bottom = top + tile
        square[top:bottom, bottom:] = square[bottom:, top:bottom].T


def _ranked(distances: torch.Tensor, width: int) -> np.ndarray:
    """Columns of the ``width`` smallest entries of each row, in scikit-learn's order."""
    smallest, columns = distances.topk(min(width + 1, distances.shape[1]), largest=False)
    found = columns[:, :width].cpu().numpy()
    tied = (smallest[:, 1:] == smallest[:, :-1]).any(dim=1).nonzero().squeeze(1).tolist()
    if tied:
        with threadpool_limits(1, user_api="openmp"):
            for row in tied:
                found[row] = _as_scikit_learn(distances[row].cpu().numpy(), width)
    return found


def _as_scikit_learn(distances: np.ndarray, width: int) -> np.ndarray:
    """The ``width`` nearest of a row with ties, chosen by scikit-learn.

    Its search only compares distances, so points on a line, at the ranks of the distances, give
    the order that the images give, at no cost of pixels. The number of queries decides which of its
    two paths scikit-learn takes, so one query stands for few images and many for many.
    """
    ranks = np.unique(distances, return_inverse=True)[1].astype(np.float64)
    search = NearestNeighbors(n_neighbors=width, algorithm="brute").fit(ranks[:, None])
    queries = np.zeros((1 if len(ranks) <= _SERIAL else _SERIAL + 1, 1))
    return search.kneighbors(queries, return_distance=False)[0]
