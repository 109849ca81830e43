"""The maps of a convolution, forward and backward: kept in memory, or computed some rows at a time.

A map is ``y = patch . kernel`` at ``size + 3`` rows and columns; the convolution's bias is left out,
since the largest value stays the largest and normalisation would subtract it. Rows are stored in the
order of columns that `kernels` describes.
"""

import math
from typing import NamedTuple

import numpy as np
import torch

from wikiart.learning.fast import kernels, layout
from wikiart.learning.fast.gradients import maps_gradient, sum_winning_patches
from wikiart.learning.fast.parallel import parallel
from wikiart.learning.fast.single import convolve_and_pool
from wikiart.learning.network import pooled_side

CHUNK = 3 * 2**17  #: numbers (patches and maps) worked on at once: 1.5 MB of float32, for the cache
CENTRE = 128.0  #: subtracted from pixels: around 0, squares keep more digits


class MapsGradient(NamedTuple):
    """The gradient of maps y: ``constant + factor * y``, plus ``gain * slopes`` at the maxima."""

    slopes: np.ndarray  #: (n, side, side, c)
    gain: np.ndarray  #: float64 (c,)
    constant: np.ndarray  #: float64 (c,)
    factor: np.ndarray  #: float64 (c,)


class Maps:
    """Pooled maps and the sums that normalisation needs.

    Attributes
    ----------
    pooled : array (n, side, side, c)
        Maxima of the windows.
    winners : int32 array (n, side, side, c)
        Position of each maximum in the memory of its image's map.
    total, squares : float64 arrays (n, c)
        Sum of each image's values, and of their squares.
    positions : int
        Number of values of a channel, in all images.
    """

    def __init__(self, count: int, size: int, kernel: torch.Tensor):
        side, channels = pooled_side(size), kernel.shape[1]
        self.height = size + 3
        self.positions = count * self.height**2
        self.pooled = np.empty((count, side, side, channels), kernel.numpy().dtype)
        self.winners = np.empty(self.pooled.shape, np.int32)
        self.total, self.squares = np.zeros((2, count, channels))

    def _pool(self, images: slice, maps: np.ndarray, top: int, start: int, stop: int) -> None:
        """Pool some images into the pooled rows ``start`` to ``stop``; their maps begin at row ``top``."""
        pooled, winners = self.pooled[images], self.winners[images]
        parallel(kernels.pool, len(maps), maps, self.height, top, start, stop, pooled, winners)

    def _sum(self, images: slice, maps: np.ndarray) -> None:
        """Add rows of the maps of some images to ``total`` and ``squares``."""
        parallel(kernels.sum_values, len(maps), maps, self.total[images], self.squares[images])


class StoredMaps(Maps):
    """Maps of inputs that need a gradient; patches and maps are kept until it is computed.

    Parameters
    ----------
    inputs : float tensor (n, channels, size, size)
    kernel : float tensor (4 * channels, c)
    """

    def __init__(self, inputs: torch.Tensor, kernel: torch.Tensor):
        count, channels, size, _ = inputs.shape
        super().__init__(count, size, kernel)
        self.images, self.kernel = layout.rows(layout.channels_last(inputs)), kernel
        shape = (count, self.height, 4 * kernels.slots(size), 4 * channels)
        self.patches = np.empty(shape, self.images.dtype)
        zero = self.images.dtype.type(0)
        parallel(kernels.unfold, count, self.images, channels, zero, 0, self.patches)
        values = torch.from_numpy(self.patches).view(-1, 4 * channels) @ kernel
        self.values = values.numpy().reshape(count, self.height, -1)
        self._pool(slice(None), self.values, 0, 0, self.pooled.shape[1])
        self._sum(slice(None), self.values)

    def gradients(self, gradient: MapsGradient) -> tuple[np.ndarray, torch.Tensor]:
        """Return the gradients of kernel and inputs.

        With ``Y = P K`` (patches times kernel) and the gradient G of Y, that of K is ``P' G``, and that
        of P is ``G K'``; each input gets the sum of what its four patches get.
        """
        count, columns = len(self.values), self.patches.shape[2]
        # 1. G, in one pass over the maps.
        of_values = np.empty_like(self.values)
        dtype = of_values.dtype
        constant, factor = (np.tile(each.astype(dtype), columns) for each in gradient[2:])
        slopes = gradient.slopes * gradient.gain.astype(dtype)
        parallel(maps_gradient, count, self.values, self.winners, slopes, constant, factor, of_values)
        # 2. The two products. G is not 0 in the columns that lie outside the map. These do no harm:
        #    their patches are 0, and `fold` does not read them.
        matrix = torch.from_numpy(of_values).view(-1, len(gradient.gain))
        patches = torch.from_numpy(self.patches).flatten(0, 2)
        kernel = (patches.T @ matrix).numpy()
        of_patches = (matrix @ self.kernel.T).view(self.patches.shape).numpy()
        # 3. From patches back to inputs.
        channels = patches.shape[1] // 4
        images = np.empty_like(self.images)
        parallel(kernels.fold, count, of_patches, channels, images)
        return kernel, layout.channels_first(images.reshape(count, len(images[0]), -1, channels))


class StreamedMaps(Maps):
    """Maps of pixels, which need no gradient; each is dropped when it has been pooled and summed.

    Parameters
    ----------
    pixels : float tensor (n, 3, size, size)
    kernel : float tensor (12, c)
    centre : float
        Is subtracted from the pixels and from the zeros around them.
    moments : bool
        Whether to compute the sums that normalisation needs. Maps of a single channel have none.
    """

    def __init__(self, pixels: torch.Tensor, kernel: torch.Tensor, centre: float, *, moments: bool):
        self.images = layout.rows(layout.channels_last(pixels))
        count, size, _ = self.images.shape
        super().__init__(count, size, kernel)
        self.centre = self.images.dtype.type(centre)
        if moments:
            # The sum of all patches (12, 1): a patch has four places, and each of them comes over every
            # pixel once, over a padding of 0 otherwise; less the centre at every position.
            sums = pixels.sum((0, 2, 3)).double().numpy() - centre * self.positions
            self.patch_sum = np.tile(sums, 4)[:, None]
            self.products = np.zeros(kernel.shape)  # P' Y: patches times maps, summed over all positions
        if kernel.shape[1] == 1:
            arrays = (self.images, kernel.numpy().ravel(), self.pooled, self.winners)
            parallel(convolve_and_pool, count, *arrays)
        else:
            self._stream(kernel, moments)

    def _stream(self, kernel: torch.Tensor, moments: bool) -> None:
        """Compute the maps in chunks that fit the processor's cache: several images, or rows of one."""
        columns, channels = 4 * kernels.slots(self.images.shape[1]), kernel.shape[1]
        # 1. How much is worked on at once, if a row of a map takes `row` numbers: so many images ...
        row = columns * (12 + channels)
        together = torch.get_num_threads() * max(1, CHUNK // (self.height * row))
        #    ... and so many rows of the pooled maps, each of which needs four rows of the maps.
        lines = max(1, CHUNK // (4 * row))
        # 2. One piece of memory for all chunks: fresh memory would cost more than the arithmetic here.
        positions = together * min(self.height, 4 * lines + 2) * columns
        patch_memory = np.empty(positions * 12, self.images.dtype)
        map_memory = torch.empty(positions, channels, dtype=kernel.dtype)
        side = self.pooled.shape[1]
        for first in range(0, len(self.images), together):
            part = slice(first, first + together)
            images = self.images[part]
            for start in range(0, side, lines):
                # 3. The windows of pooled row r begin at row 4 r - 2 of the map. The first chunk begins
                #    and the last one ends where the map does, so that every row is summed once.
                stop = min(start + lines, side)
                top, bottom = max(0, 4 * start - 2), 4 * stop - 2 if stop < side else self.height
                # 4. Patches, maps, maxima and sums of these rows.
                shape = (len(images), bottom - top, columns, 12)
                unfolded = patch_memory[: math.prod(shape)].reshape(shape)
                parallel(kernels.unfold, len(images), images, 3, self.centre, top, unfolded)
                patches = torch.from_numpy(unfolded).view(-1, 12)
                maps = torch.mm(patches, kernel, out=map_memory[: len(patches)])
                values = maps.numpy().reshape(len(images), bottom - top, -1)
                self._pool(part, values, top, start, stop)
                if moments:
                    self._sum(part, values)
                    self.products += (patches.T @ maps).numpy()

    def sum_winning_patches(self, slopes: np.ndarray) -> np.ndarray:
        """Sum the patches of the maxima, weighted by slopes (n, side, side, c): float64 (12, c)."""
        sums = np.empty((len(slopes), slopes.shape[3], 12), slopes.dtype)
        parallel(sum_winning_patches, len(slopes), self.images, self.centre, self.winners, slopes, sums)
        return sums.sum(0, dtype=np.float64).T

    def gradients(self, gradient: MapsGradient) -> tuple[np.ndarray, None]:
        """Return the gradient of the kernel, and none of the pixels.

        The kernel's is ``P' G``, the patches times the gradient of the maps. With G written out as
        ``gain * slopes`` at the maxima plus ``constant + factor * Y``, this is the sum of the winning
        patches, the sum of all patches, and ``P' Y``: no map is needed again.
        """
        kernel = gradient.gain * self.sum_winning_patches(gradient.slopes)
        return kernel + gradient.constant * self.patch_sum + gradient.factor * self.products, None
