"""Batch normalisation in training mode, applied to the pooled values of the maps only.

For a map with values ``y`` at ``m`` positions (in all images of the batch), normalisation is

    z = a * y + b,    a = scale * root,    b = shift - a * mean,    root = 1 / sqrt(variance + eps).

Gradient (Ioffe & Szegedy 2015, "Batch normalization", section 3). Only the pooled values pass a gradient
back: let ``d`` be that of ``z``, which is 0 at all other positions, and ``x = (y - mean) * root``. Then

    D = sum(d)                                      is the gradient of shift,
    S = sum(d * x) = root * (sum(d * y) - mean * D) that of scale,
    a * d - (a / m) * (D + x * S)                   that of y.

With ``x`` written out, the last line is ``a * d + constant + factor * y``, where

    factor = -a * root * S / m,    constant = -a * D / m - factor * mean.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn


class Statistics(NamedTuple):
    """Mean and variance of maps."""

    mean: np.ndarray  #: float64 (c,)
    variance: np.ndarray  #: float64 (c,)
    positions: int  #: number of values of a channel, in all images


class BatchNormalisation:
    """Normalisation by the statistics of a batch: ``a * y + b``.

    Parameters
    ----------
    statistics : Statistics
        Of the maps.
    scale, shift : float tensors (c,)
    epsilon : float
        Is added to the variance.

    Attributes
    ----------
    factor, constant : float64 arrays (c,)
        a and b.
    """

    def __init__(self, statistics: Statistics, scale: torch.Tensor, shift: torch.Tensor, epsilon: float):
        self.statistics = statistics
        self._root = 1 / np.sqrt(statistics.variance + epsilon)
        self.factor = scale.numpy() * self._root
        self.constant = shift.numpy() - statistics.mean * self.factor

    def update_running_statistics(self, norm: nn.BatchNorm2d, bias: torch.Tensor) -> None:
        """Update the running mean and the (unbiased) running variance of torch's layer.

        Parameters
        ----------
        norm : torch.nn.BatchNorm2d
            Whose statistics are updated.
        bias : tensor (c,)
            Of the convolution, which the maps do not contain.
        """
        mean, variance, positions = self.statistics
        norm.num_batches_tracked.add_(1)
        unbiased = variance * (positions / (positions - 1))
        for average, value in ((norm.running_mean, mean + bias.numpy()), (norm.running_var, unbiased)):
            numbers = average.numpy()
            numbers += norm.momentum * (value - numbers)

    def gradients(self, total: np.ndarray, products: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the gradient of the scale, and ``constant`` and ``factor`` of that of y.

        Parameters
        ----------
        total, products : float64 arrays (c,)
            ``sum(d)``, which is the gradient of the shift, and ``sum(d * y)``.

        Returns
        -------
        tuple of float64 arrays (c,)
        """
        mean, _, positions = self.statistics
        scale = self._root * (products - mean * total)
        factor = -self.factor * self._root * scale / positions
        constant = -self.factor * total / positions - factor * mean
        return scale, constant, factor
