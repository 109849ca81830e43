"""The differentiable operations of the fast forward pass."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.autograd.function import once_differentiable

from wikiart.learning.fast import layout
from wikiart.learning.fast.maps import NormalisedMaps, NormalisedPixelMaps, PixelMaps


class ConvolveAndPool(torch.autograd.Function):
    """``max_pool2d(conv2d(pixels, weight, bias, padding=2), 4, padding=2)`` for 2 x 2 weights.

    Differentiable in weight and bias.
    """

    @staticmethod
    def forward(ctx: Any, pixels: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Return pooled maps (n, c, side, side), channels last in memory."""
        kernel, constant = layout.kernel_of_weight(weight).numpy(), bias.detach().numpy()
        ctx.maps = PixelMaps(pixels, kernel, constant, -np.inf, kernel.dtype)
        return layout.channels_first(ctx.maps.output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Return the gradients of weight and bias."""
        kernel, bias = ctx.maps.gradients(layout.channels_last(gradient))
        return None, layout.weight_of_kernel(kernel, gradient.dtype), layout.like(bias, gradient)


class PixelLayer(torch.autograd.Function):
    """The first `ConvolutionBlock` in training mode: convolution, batch normalisation, pool and ReLU.

    Updates the running statistics of ``norm``. The bias of the convolution is used for these alone:
    normalisation subtracts it again, so its gradient is 0. (The plain network returns rounding errors.)
    ``sums`` is the sum of the images' pixel sums, float64 (18, 3).
    """

    @staticmethod
    def forward(
        ctx: Any,
        pixels: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        scale: torch.Tensor,
        shift: torch.Tensor,
        norm: nn.BatchNorm2d,
        sums: np.ndarray,
    ) -> torch.Tensor:
        """Return maps (n, c, side, side), channels last in memory."""
        kernel = layout.kernel_of_weight(weight)
        ctx.maps = NormalisedPixelMaps(pixels, kernel, scale, shift, norm.eps, sums)
        ctx.maps.norm.update_running_statistics(norm, bias)
        return layout.channels_first(ctx.maps.output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple:
        """Return the gradients of weight, bias, scale and shift."""
        kernel, scale, shift = ctx.maps.gradients(layout.channels_last(gradient))
        weight, scale = layout.weight_of_kernel(kernel, gradient.dtype), layout.like(scale, gradient)
        return None, weight, torch.zeros_like(scale), scale, layout.like(shift, gradient), None, None


class NormaliseAndPool(torch.autograd.Function):
    """A later `ConvolutionBlock` in training mode, after its convolution, which is torch's.

    The convolution has no bias and a padding of 1; for the rest see `PixelLayer`.
    """

    @staticmethod
    def forward(
        ctx: Any,
        maps: torch.Tensor,
        bias: torch.Tensor,
        scale: torch.Tensor,
        shift: torch.Tensor,
        norm: nn.BatchNorm2d,
    ) -> torch.Tensor:
        """Return maps (n, c, side, side), channels last in memory."""
        ctx.maps = NormalisedMaps(maps, scale, shift, norm.eps)
        ctx.maps.norm.update_running_statistics(norm, bias)
        return layout.channels_first(ctx.maps.output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple:
        """Return the gradients of maps, bias, scale and shift."""
        maps, scale, shift = ctx.maps.gradients(layout.channels_last(gradient))
        scale = layout.like(scale, gradient)
        return layout.channels_first(maps), torch.zeros_like(scale), scale, layout.like(shift, gradient), None
