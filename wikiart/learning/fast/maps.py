"""Pooled maps, forward and backward: of pixels, which need no gradient, or of a later convolution.

The convolutions' biases are left out: normalisation would subtract them again.
"""

from typing import Any

import numpy as np
import torch

from wikiart.learning.fast import kernels, layout, pixels
from wikiart.learning.fast.moments import patch_moments
from wikiart.learning.fast.normalisation import BatchNormalisation, Statistics
from wikiart.learning.fast.parallel import parallel
from wikiart.learning.network import pooled_side


class PixelMaps:
    """``max(pool(pixels * kernel) + bias, lowest)``: neither patches nor whole maps are ever written.

    Parameters
    ----------
    images : uint8 or float tensor (n, 3, size, size)
    kernel : float array (12, c)
        At most `pixels.LANES` maps.
    bias : float array (c,)
    lowest : float
        0 for a ReLU, minus infinity for none.

    Attributes
    ----------
    output : array (n, side, side, c)
    winners : int32 array (n, side, side, c)
        Positions of the maxima's patches (`pixels`).
    """

    def __init__(self, images: torch.Tensor, kernel: np.ndarray, bias: np.ndarray, lowest: float, dtype: Any):
        self._images = layout.rows(layout.channels_last(images))
        count, size, _ = self._images.shape
        maps, side = kernel.shape[1], pooled_side(size)
        self.output = np.empty((count, side, side, maps), dtype)
        self.winners = np.empty(self.output.shape, np.int32)
        self._lowest = self.output.dtype.type(lowest)
        loop: Any = pixels.convolve_and_pool_one if maps == 1 else pixels.convolve_and_pool
        weights = np.zeros((12, 1 if maps == 1 else pixels.LANES), dtype)
        weights[:, :maps] = kernel
        arrays = weights.ravel(), bias.astype(dtype), self._lowest, self.output, self.winners
        parallel(loop, count, self._images, *arrays)

    def gradients(self, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of kernel (12, c) and bias (c,) for that of the output, as float64.

        A pooled value is ``patch_of_the_maximum . kernel + bias``, so the kernel's gradient is the sum of
        these patches, each weighted by the gradient of its value.
        """
        count, maps = len(gradient), gradient.shape[3]
        sums = np.empty((count, maps, 13), gradient.dtype)
        arrays = self.winners, gradient, self.output, self._lowest, sums
        parallel(pixels.sum_winning_patches, count, self._images, *arrays)
        total = sums.sum(0, dtype=np.float64).T
        return total[:12], total[12]


class NormalisedPixelMaps:
    """Maps of pixels after batch normalisation and ReLU.

    Mean and variance of the maps follow from sums over the images (`moments`), so they are known before the
    maps are. Normalisation is then part of the convolution, ``a * y + b = patch . (a * kernel) + b``.

    Parameters
    ----------
    images : uint8 or float tensor (n, 3, size, size)
    kernel, scale, shift : float tensors (12, c), (c,), (c,)
    epsilon : float
    sums : float64 array (18, 3)
        Sum of the images' pixel sums (`wikiart.images.sums`).

    Attributes
    ----------
    output : array (n, side, side, c)
    maps : PixelMaps
    """

    def __init__(
        self,
        images: torch.Tensor,
        kernel: torch.Tensor,
        scale: torch.Tensor,
        shift: torch.Tensor,
        epsilon: float,
        sums: np.ndarray,
    ):
        positions = len(images) * (images.shape[2] + 3) ** 2
        self._kernel = kernel.double().numpy()
        self._patch_sum, moments = patch_moments(sums)
        self._products = moments @ self._kernel  # P' Y: the sum of patches times maps
        mean = self._patch_sum / positions
        covariance = moments / positions - np.outer(mean, mean)
        variance = (self._kernel * (covariance @ self._kernel)).sum(0)
        statistics = Statistics(mean @ self._kernel, variance, positions)
        self.norm = BatchNormalisation(statistics, scale, shift, epsilon)
        weights, dtype = self._kernel * self.norm.factor, kernel.numpy().dtype
        self.maps = PixelMaps(images, weights, self.norm.constant, 0, dtype)
        self.output = self.maps.output

    def gradients(self, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the gradients of kernel, scale and shift (float64) for that of the output.

        With P the patches, the kernel's is ``P' G``, where G, the gradient of the maps, is ``a * d`` at the
        maxima plus ``constant + factor * Y``. So it is the sum of the winning patches, the sum of all
        patches, and ``P' Y``: no map is needed again. The same holds for ``sum(d * y)``, since a maximum y
        is its patch times the kernel.
        """
        winning, total = self.maps.gradients(gradient)
        scale, constant, factor = self.norm.gradients(total, (self._kernel * winning).sum(0))
        kernel = self.norm.factor * winning + np.outer(self._patch_sum, constant) + factor * self._products
        return kernel, scale, total


class NormalisedMaps:
    """Maps after batch normalisation, pool and ReLU; only the pooled values are normalised.

    Parameters
    ----------
    values : array (n, size + 1, size + 1, c)
        The inner values of a later convolution's maps (`kernels`).
    scale, shift : float tensors (c,)
    epsilon : float

    Attributes
    ----------
    values : array (n, size + 1, size + 1, c)
    winners : int32 array (n, side, side, c)
        Positions of the pooled values (`kernels`).
    output : array (n, side, side, c)
    """

    def __init__(self, values: np.ndarray, scale: torch.Tensor, shift: torch.Tensor, epsilon: float):
        self.values = values
        count, edge, _, channels = values.shape
        side, positions = pooled_side(edge - 1), count * (edge + 2) ** 2
        # Normalisation is monotone: the largest value of a window is that of the largest value before it,
        # or, where the scale is negative, of the smallest.
        signs = np.where(scale.numpy() < 0, -1, 1).astype(values.dtype)
        self._pooled = np.empty((count, side, side, channels), values.dtype)
        self.winners = np.empty(self._pooled.shape, np.int32)
        sums = np.empty((count, 2, channels))
        parallel(kernels.pool, count, values, signs, self._pooled, self.winners, sums)
        mean, squares = sums.sum(0) / positions
        self.norm = BatchNormalisation(Statistics(mean, squares - mean**2, positions), scale, shift, epsilon)
        self.output = self._pooled * self.norm.factor.astype(self._pooled.dtype)
        self.output += self.norm.constant.astype(self._pooled.dtype)
        np.maximum(self.output, 0, out=self.output)

    def gradients(self, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the gradients of values, scale and shift for that of the output."""
        count, channels = len(gradient), gradient.shape[3]
        sums = np.empty((count, 2, channels))
        parallel(kernels.sum_gradients, count, gradient, self.output, self._pooled, sums)
        total, products = sums.sum(0)
        scale, constant, factor = self.norm.gradients(total, products)
        lines = np.stack([self.norm.factor, constant, factor]).astype(gradient.dtype)
        values = np.empty_like(self.values)
        arrays = self.values, self.winners, gradient, self.output, lines, values
        parallel(kernels.maps_gradient, count, *arrays)
        return values, scale, total
