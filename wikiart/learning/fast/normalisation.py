"""Batch normalisation in training mode, applied to the maxima of the maps only.

For a map with values ``y`` at ``m`` positions (in all images of the batch), normalisation is

    z = scale * (y - mean) * root + shift,    root = 1 / sqrt(variance + eps).

Here ``y`` has been multiplied by the sign of the scale, so that ``a = |scale| * root >= 0`` and

    z = a * y + b,    b = shift - a * mean.

Gradient (Ioffe & Szegedy 2015, "Batch normalization", section 3). Only the maxima pass a gradient
back: let ``d`` be that of ``z``, which is 0 at all other positions, and ``x = (y - mean) * root``. Then

    D = sum(d)                              is the gradient of shift,
    S = sum(d * x)                          that of |scale|,
    a * d - (a / m) * (D + x * S)           that of y.

With ``x`` written out, the last line is ``a * d + constant + factor * y``, where

    factor = -a * root * S / m,    constant = -a * D / m - factor * mean.
"""

import numpy as np
import torch
from torch import nn

from wikiart.learning.fast import layout
from wikiart.learning.fast.kernels import activation_gradient
from wikiart.learning.fast.maps import MapsGradient, NormalisedMaps, NormalisedPixelMaps
from wikiart.learning.fast.parallel import parallel


class BatchNormalisation:
    """Normalisation by the batch's statistics, and ReLU.

    Parameters
    ----------
    maps : NormalisedMaps or NormalisedPixelMaps
        Multiplied by the sign of ``scale``.
    scale, shift : float tensors (c,)
    epsilon : float
        Is added to the variance.
    """

    def __init__(
        self,
        maps: NormalisedMaps | NormalisedPixelMaps,
        scale: torch.Tensor,
        shift: torch.Tensor,
        epsilon: float,
    ):
        self.positions, self.sign = maps.positions, layout.sign_of(scale)
        self.mean, self.variance = maps.mean, maps.variance
        self.root = 1 / np.sqrt(self.variance + epsilon)
        self.factor = self.sign * scale.detach().numpy() * self.root  # a
        self.constant = shift.detach().numpy() - self.mean * self.factor  # b

    def update_running_statistics(self, norm: nn.BatchNorm2d, bias: np.ndarray) -> None:
        """Update the running mean and the (unbiased) running variance of torch's layer.

        Parameters
        ----------
        norm : torch.nn.BatchNorm2d
            Whose statistics are updated.
        bias : array (c,)
            Of the convolution, which the maps do not contain.
        """
        mean = self.sign * self.mean + bias
        variance = self.variance * (self.positions / (self.positions - 1))
        norm.num_batches_tracked += 1
        norm.running_mean.lerp_(layout.like(mean, norm.running_mean), norm.momentum)
        norm.running_var.lerp_(layout.like(variance, norm.running_var), norm.momentum)

    def activate(self, pooled: np.ndarray) -> np.ndarray:
        """Return ``max(a * y + b, 0)`` for the maxima (n, side, side, c)."""
        maps = pooled * self.factor.astype(pooled.dtype)
        maps += self.constant.astype(pooled.dtype)
        return np.maximum(maps, 0, out=maps)

    def gradients(
        self, gradient: np.ndarray, output: np.ndarray, pooled: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, MapsGradient]:
        """Return the gradients of scale, shift (float64 (c,)) and maps.

        Parameters
        ----------
        gradient, output, pooled : arrays (n, side, side, c)
            Gradient of the output of `activate`; this output; the maxima that it was computed from.
        """
        # 1. Through the ReLU to d, with its sums over the rows of each image: of d and of d * y.
        count, side, _, channels = output.shape
        slopes, sums = np.empty_like(output), np.empty((2, count, side * channels), output.dtype)
        arrays = (layout.rows(each) for each in (gradient, output, pooled, slopes))
        parallel(activation_gradient, count, *arrays, *sums)
        # 2. D = sum(d), and S = sum(d * x) = root * (sum(d * y) - mean * D).
        shift, products = sums.reshape(2, -1, channels).sum(1, dtype=np.float64)
        scale = self.root * (products - self.mean * shift)
        # 3. The module's formulas.
        factor = -self.factor * self.root * scale / self.positions
        constant = -self.factor * shift / self.positions - factor * self.mean
        return self.sign * scale, shift, MapsGradient(slopes, self.factor, constant, factor)
