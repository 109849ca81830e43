"""The nearest images within one class, found exactly and in bounded memory.

The squared distance of two images is ``|x - y|² = |x|² + |y|² - 2 x·y``, so all distances of a class
follow from matrix products. They are computed without any rounding:

1. Pixels are centred: 0..255 becomes -128..127. Distances do not change.
2. A product of two centred values is an integer of at most 128 * 128 = 2¹⁴, and one matrix product sums
   at most 1,024 = 2¹⁰ of them. Every partial sum lies within ±2²⁴, where float32 holds every integer,
   so the result is exact in whatever order the hardware adds.
3. The results of several products are added in float64, which holds every integer up to 2⁵³: exact
   for images of up to 2³⁹ values.

Therefore nothing has to be ranked again, and no neighbour is lost to rounding.

Of equally distant images scikit-learn keeps and orders some by the course of its heap, for which there
is no simple rule. Rows where that matters are handed to scikit-learn itself; see `nearest`.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

MEMORY = 512 * 2**20  #: default working memory of a search, in bytes
_EXACT = 1024  # values per product: 1024 * 128 * 128 = 2**24
_TILE = 256  # rows per product: small enough for its result to stay in the processor's cache
_SERIAL = 4 * 256  # with more queries than these, one thread of scikit-learn takes another code path


def nearest(
    images: np.ndarray,
    rows: np.ndarray,
    k: int = 5,
    *,
    memory: int = MEMORY,
    device: str = "cpu",
    progress: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """Find the nearest of some images among themselves: what SMOTE needs of a class.

    Equals ``NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)`` of scikit-learn on the
    flattened float pixels ``x``, run on one thread. On more threads scikit-learn may order equal
    distances differently, and only for more than 256 images, where its threads share them out;
    rows whose nearest ``k + 2`` distances differ never depend on it. For images of fewer than 16 values
    scikit-learn grows a tree; there, equal distances may be ordered differently.

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
    tables = []
    # Each round fills the distances of as many rows (to all n) as fit half of the memory.
    for start in range(0, n, blocks.rows):
        stop = min(start + blocks.rows, n)
        distances = torch.zeros(stop - start, n, dtype=torch.float64, device=device)
        for share in _fill(distances, flat, rows, start, blocks):
            progress((start + share * (stop - start)) / n)
        tables.append(_rank(distances, min(k, n - 1) + 1))
        del distances  # before the next are allocated
    return np.concatenate(tables)


class _Blocks(NamedTuple):
    """How a search is divided, so that all of its buffers together stay within the memory given."""

    rows: int  #: rows of the distance matrix, float64 (rows, n): a half of the memory
    tile: int  #: rows of one product, float32 (tile, n): an eighth
    slab: int  #: values read of every image, uint8 (n, slab): an eighth, and again while the next is read
    chunk: int  #: values multiplied, float32 (n, chunk): a sixteenth, and again while the next is converted

    @classmethod
    def within(cls, memory: int, n: int) -> "_Blocks":
        """Divide a search over ``n`` images, for ``memory`` bytes."""
        sixteenth = memory // 16 // n  # bytes per image in a sixteenth of the memory
        return cls(
            rows=min(n, max(1, sixteenth)),  # 8 bytes per row and image: 8/16
            tile=min(_TILE, max(1, sixteenth // 2)),  # 4 bytes: 2/16
            slab=max(1, sixteenth * 2),  # 1 byte: 2/16, twice
            chunk=min(_EXACT, max(1, sixteenth // 4)),  # 4 bytes: 1/16, twice
        )


def _fill(
    distances: torch.Tensor, flat: np.ndarray, rows: np.ndarray, start: int, blocks: _Blocks
) -> Iterator[float]:
    """Turn zeros (b, n) into the squared distances of ``rows[start:start + b]`` to all ``rows``.

    Yields the share of the pixel values that has been used (0..1).
    """
    stop = start + len(distances)
    norms = torch.zeros(len(rows), dtype=torch.float64, device=distances.device)
    done = 0
    # 1. Sum over chunks of pixel values: norms |x|², and x·y into ``distances``.
    for chunk in _chunks(flat, rows, blocks, distances.device):
        norms += torch.linalg.vecdot(chunk, chunk)
        _add_products(distances, chunk, start, stop, blocks.tile)
        done += chunk.shape[1]
        yield done / flat.shape[1]
    # 2. Products among rows start..stop are symmetric: only the lower half was computed.
    _mirror(distances[:, start:stop], blocks.tile)
    # 3. |x - y|² = -2 x·y + |y|² (by column) + |x|² (by row).
    distances.mul_(-2).add_(norms).add_(norms[start:stop, None])


def _chunks(
    flat: np.ndarray, rows: np.ndarray, blocks: _Blocks, device: torch.device
) -> Iterator[torch.Tensor]:
    """Yield the centred pixels of ``rows``, ``blocks.chunk`` values at a time: float32 (n, chunk).

    A slab of several chunks is read from the memory map at once, as uint8, so that the disk is read
    in longer pieces.
    """
    for left in range(0, flat.shape[1], blocks.slab):
        slab = torch.from_numpy(flat[rows, left : left + blocks.slab]).to(device)
        for part in slab.split(blocks.chunk, dim=1):
            yield part.float().sub_(128)


def _add_products(products: torch.Tensor, chunk: torch.Tensor, start: int, stop: int, tile: int) -> None:
    """Add ``chunk[start:stop] @ chunk.T`` to ``products``, except for what `_mirror` fills in.

    Tile by tile of rows top..bottom: columns 0..bottom hold the rows before the block and the lower half
    within it, columns stop.. the rows after the block. Columns bottom..stop mirror later tiles.
    """
    for top in range(start, stop, tile):
        bottom = min(top + tile, stop)
        out = products[top - start : bottom - start]
        out[:, :bottom] += chunk[top:bottom] @ chunk[:bottom].T
        if stop < len(chunk):
            out[:, stop:] += chunk[top:bottom] @ chunk[stop:].T


def _mirror(square: torch.Tensor, tile: int) -> None:
    """Fill the upper half of a symmetric matrix from the lower one, tile by tile."""
    for top in range(0, len(square), tile):
        bottom = top + tile
        square[top:bottom, bottom:] = square[bottom:, top:bottom].T


def _rank(distances: torch.Tensor, width: int) -> np.ndarray:
    """Return the columns of the ``width`` smallest entries of each row, in scikit-learn's order.

    One entry more than ``width`` is looked at: where two neighbouring ones of these are equal, the
    choice or the order is a tie, and scikit-learn decides it.
    """
    smallest, columns = distances.topk(min(width + 1, distances.shape[1]), largest=False)
    ranked = columns[:, :width].cpu().numpy()
    tied_rows = (smallest[:, 1:] == smallest[:, :-1]).any(dim=1).nonzero().squeeze(1).tolist()
    if tied_rows:
        with threadpool_limits(1, user_api="openmp"):  # its order of ties depends on its threads
            for row in tied_rows:
                ranked[row] = _rank_as_scikit_learn(distances[row].cpu().numpy(), width)
    return ranked


def _rank_as_scikit_learn(distances: np.ndarray, width: int) -> np.ndarray:
    """Return the columns of the ``width`` smallest of a row with ties, as scikit-learn orders them.

    scikit-learn's search only compares distances. So points on a line at the ranks 0, 1, 2, ... of
    the distances, searched from the origin, are ordered like the images, without a pixel. It takes
    one of two code paths by the number of queries: one query stands for few images, and more than
    ``_SERIAL`` for many.
    """
    ranks = np.unique(distances, return_inverse=True)[1].astype(np.float64)
    search = NearestNeighbors(n_neighbors=width, algorithm="brute").fit(ranks[:, None])
    queries = np.zeros((1 if len(ranks) <= _SERIAL else _SERIAL + 1, 1))
    return search.kneighbors(queries, return_distance=False)[0]
