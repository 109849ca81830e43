"""The maps of a convolution, forward and backward: of pixels, which need no gradient, or of other maps.

A map is ``y = patch . kernel`` at ``size + 3`` rows and columns; the convolution's bias is left out,
since the largest value stays the largest and normalisation would subtract it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from wikiart.learning.fast import kernels, layout, pixels
from wikiart.learning.fast.moments import patch_moments
from wikiart.learning.fast.parallel import parallel
from wikiart.learning.network import pooled_side

CHUNK = 3 * 2**17  #: numbers (patches and maps) worked on at once: 1.5 MB of float32, for the cache


class MapsGradient(NamedTuple):
    """The gradient of maps y: ``constant + factor * y``, plus ``gain * slopes`` at the maxima."""

    slopes: np.ndarray  #: (n, side, side, c)
    gain: np.ndarray  #: float64 (c,)
    constant: np.ndarray  #: float64 (c,)
    factor: np.ndarray  #: float64 (c,)


class Maps:
    """Pooled maps.

    Attributes
    ----------
    pooled : array (n, side, side, c)
        Maxima of the windows.
    winners : int32 array (n, side, side, c)
        What the kernels need to know to find each maximum again.
    positions : int
        Number of values of a channel, in all images.
    """

    def __init__(self, images: np.ndarray, kernel: torch.Tensor):
        count, size = images.shape[:2]
        side = pooled_side(size)
        self.images, self.positions = images, count * (size + 3) ** 2
        self.pooled = np.empty((count, side, side, kernel.shape[1]), kernel.numpy().dtype)
        self.winners = np.empty(self.pooled.shape, np.int32)


class PixelMaps(Maps):
    """Maps of pixels: neither patches nor whole maps are ever written.

    Parameters
    ----------
    images : uint8 or float tensor (n, 3, size, size)
    kernel : float tensor (12, c)
        At most `pixels.LANES` maps.
    """

    def __init__(self, images: torch.Tensor, kernel: torch.Tensor):
        super().__init__(layout.rows(layout.channels_last(images)), kernel)
        weights = kernel.numpy()
        loop: Any = pixels.convolve_and_pool_one
        if kernel.shape[1] > 1:
            weights = np.pad(weights, ((0, 0), (0, pixels.LANES - kernel.shape[1])))
            loop = pixels.convolve_and_pool
        parallel(loop, len(self.images), self.images, weights.ravel(), self.pooled, self.winners)

    def sum_winning_patches(self, slopes: np.ndarray) -> np.ndarray:
        """Sum the patches of the maxima, weighted by slopes (n, side, side, c): float64 (12, c)."""
        sums = np.empty((len(slopes), slopes.shape[3], 12), slopes.dtype)
        parallel(pixels.sum_winning_patches, len(slopes), self.images, self.winners, slopes, sums)
        return sums.sum(0, dtype=np.float64).T


class NormalisedPixelMaps(PixelMaps):
    """Maps of pixels with their mean and variance, which follow from sums over the patches (`moments`).

    Parameters
    ----------
    images, kernel
        As for `PixelMaps`.
    sums : float64 array (18, 3)
        Sum of the images' pixel sums (`wikiart.images.sums`).

    Attributes
    ----------
    mean, variance : float64 arrays (c,)
        Over all positions.
    """

    def __init__(self, images: torch.Tensor, kernel: torch.Tensor, sums: np.ndarray):
        super().__init__(images, kernel)
        weights = kernel.double().numpy()
        self._patch_sum, moments = patch_moments(sums)
        self._products = moments @ weights  # P' Y: the sum of patches times maps
        mean = self._patch_sum / self.positions
        self.mean = mean @ weights
        covariance = moments / self.positions - np.outer(mean, mean)
        self.variance = np.einsum("ic,ij,jc->c", weights, covariance, weights)

    def gradients(self, gradient: MapsGradient) -> tuple[np.ndarray, None]:
        """Return the gradient of the kernel, and none of the pixels.

        The kernel's is ``P' G``, the patches times the gradient of the maps. With G written out as
        ``gain * slopes`` at the maxima plus ``constant + factor * Y``, this is the sum of the winning
        patches, the sum of all patches, and ``P' Y``: no map is needed again.
        """
        kernel = gradient.gain * self.sum_winning_patches(gradient.slopes)
        return kernel + np.outer(self._patch_sum, gradient.constant) + gradient.factor * self._products, None


class NormalisedMaps(Maps):
    """Maps of inputs that need a gradient, with mean and variance; they are kept until it is computed.

    Parameters
    ----------
    inputs : float tensor (n, channels, size, size)
    kernel : float tensor (4 * channels, c)

    Attributes
    ----------
    mean, variance : float64 arrays (c,)
        Over all positions.
    """

    def __init__(self, inputs: torch.Tensor, kernel: torch.Tensor):
        super().__init__(layout.channels_last(inputs), kernel)
        self.kernel = kernel
        (count, size, *_), channels = self.images.shape, kernel.shape[1]
        self._values = np.empty((count, size + 1, size + 1, channels), self.pooled.dtype)
        total, squares = np.empty((2, count, channels))
        for part, patches in self._patches():
            values = self._values[part]
            torch.mm(_matrix(patches), kernel, out=_matrix(values))
            parallel(kernels.pool, len(values), values, self.pooled[part], self.winners[part])
            parallel(kernels.sum_values, len(values), layout.rows(values), total[part], squares[part])
        self.mean = total.sum(0) / self.positions
        self.variance = squares.sum(0) / self.positions - self.mean**2

    def _patches(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield some images and their patches; these are overwritten by the next ones.

        To write them again for the gradient takes less time than to store them all.
        """
        count, size, _, channels = self.images.shape
        each = (size + 1) ** 2 * (4 * channels + self.kernel.shape[1])
        together = min(count, torch.get_num_threads() * max(1, CHUNK // each))
        memory = np.empty((together, size + 1, size + 1, 4 * channels), self.images.dtype)
        for first in range(0, count, together):
            part = slice(first, first + together)
            images = self.images[part]
            patches = memory[: len(images)]
            parallel(kernels.unfold, len(images), images, patches)
            yield part, patches

    def gradients(self, gradient: MapsGradient) -> tuple[np.ndarray, torch.Tensor]:
        """Return the gradients of kernel and inputs.

        With ``Y = P K`` (patches times kernel) and the gradient G of Y, that of K is ``P' G``, and that
        of P is ``G K'``; each input gets the sum of what its four patches get.
        """
        lines = np.stack(gradient[1:]).astype(self._values.dtype)
        images, kernel = np.empty_like(self.images), torch.zeros_like(self.kernel)
        of_values: np.ndarray | None = None
        for part, patches in self._patches():
            if of_values is None:
                of_values, of_patches = np.empty_like(self._values[part]), np.empty_like(patches)
            count = len(patches)
            arrays = (self._values[part], self.winners[part], gradient.slopes[part])
            parallel(kernels.maps_gradient, count, *arrays, lines, of_values[:count])
            matrix = _matrix(of_values[:count])
            kernel.addmm_(_matrix(patches).T, matrix)
            torch.mm(matrix, self.kernel.T, out=_matrix(of_patches[:count]))
            parallel(kernels.fold, count, of_patches[:count], images[part])
        return kernel.numpy(), layout.channels_first(images)


def _matrix(values: np.ndarray) -> torch.Tensor:
    """Return a view (n * h * w, c) of (n, h, w, c)."""
    return torch.from_numpy(values).view(-1, values.shape[3])
