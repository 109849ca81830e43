"""The differentiable operations of the fast forward pass."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.autograd.function import once_differentiable

from wikiart.learning.fast import layout
from wikiart.learning.fast.maps import NormalisedMaps, NormalisedPixelMaps, PixelMaps
from wikiart.learning.fast.normalisation import BatchNormalisation


class ConvolveAndPool(torch.autograd.Function):
    """``max_pool2d(conv2d(pixels, weight, bias, padding=2), 4, padding=2)`` for 2 x 2 weights.

    Differentiable in weight and bias.
    """

    @staticmethod
    def forward(ctx: Any, pixels: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Return pooled maps (n, c, side, side), channels last in memory."""
        ctx.maps = PixelMaps(pixels, layout.kernel_of_weight(weight))
        return layout.channels_first(ctx.maps.pooled + bias.detach().numpy())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Return the gradients of weight and bias.

        A pooled value is ``patch_of_the_maximum . kernel + bias``, so the kernel's gradient is the sum
        of these patches, each weighted by the gradient of its value.
        """
        kernel = ctx.maps.sum_winning_patches(layout.channels_last(gradient))
        return None, layout.weight_of_kernel(kernel, gradient.dtype), gradient.sum((0, 2, 3))


class ConvolutionLayer(torch.autograd.Function):
    """A `ConvolutionBlock` in training mode: convolution, batch normalisation, pool and ReLU.

    The first layer, whose maps are pixels and need no gradient, is given the sum of their pixel sums, the
    others None. Updates the running statistics of ``norm``. The bias of the convolution is used for these
    alone: normalisation subtracts it again, so its gradient is 0. (The plain network returns rounding errors
    for it.)
    """

    @staticmethod
    def forward(
        ctx: Any,
        maps: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        scale: torch.Tensor,
        shift: torch.Tensor,
        norm: nn.BatchNorm2d,
        sums: np.ndarray | None,
    ) -> torch.Tensor:
        """Return maps (n, c, side, side), channels last in memory."""
        # 1. Change the sign of the kernels whose scale is negative: then the largest value of a window
        #    stays the largest when it is normalised.
        kernel = layout.kernel_of_weight(weight) * layout.like(layout.sign_of(scale), weight)
        # 2. Convolve and pool, with mean and variance of the whole maps.
        ctx.maps = NormalisedMaps(maps, kernel) if sums is None else NormalisedPixelMaps(maps, kernel, sums)
        # 3. Normalise and activate the maxima.
        ctx.norm = BatchNormalisation(ctx.maps, scale, shift, norm.eps)
        ctx.norm.update_running_statistics(norm, bias.detach().numpy())
        ctx.output = ctx.norm.activate(ctx.maps.pooled)
        return layout.channels_first(ctx.output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple:
        """Return the gradients of maps, weight, bias, scale and shift."""
        maps: NormalisedMaps | NormalisedPixelMaps = ctx.maps
        scale, shift, of_maps = ctx.norm.gradients(layout.channels_last(gradient), ctx.output, maps.pooled)
        kernel, inputs = maps.gradients(of_maps)
        # The kernel was multiplied by the sign of the scale, so its gradient is as well.
        weight = layout.weight_of_kernel(kernel * ctx.norm.sign, gradient.dtype)
        bias = torch.zeros(len(shift), dtype=gradient.dtype)
        return inputs, weight, bias, layout.like(scale, gradient), layout.like(shift, gradient), None, None
