"""The differentiable operations of the fast forward pass."""

from collections.abc import Sequence
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


class ConvolutionBlocks(torch.autograd.Function):
    """All blocks of a `ConvolutionStack` in training mode, from pixels to features.

    Differentiable in the parameters. Updates the running statistics. The biases of the convolutions are used
    for these alone: normalisation subtracts them again, so their gradients are 0. (The plain network returns
    rounding errors.)
    """

    @staticmethod
    def forward(
        ctx: Any,
        pixels: torch.Tensor,
        sums: np.ndarray,
        norms: Sequence[nn.BatchNorm2d],
        *parameters: torch.Tensor,
    ) -> torch.Tensor:
        """Return features (n, width).

        Parameters
        ----------
        ctx : object
            Keeps what the backward pass needs.
        pixels : tensor (n, 3, size, size)
            Of uint8 or floats.
        sums : float64 array (18, 3)
            Sum of the images' pixel sums.
        norms : sequence of torch.nn.BatchNorm2d
            One for each block.
        *parameters : tensors
            Of each block: weight and bias of the convolution, scale and shift of the normalisation.
        """
        ctx.layers, ctx.convolutions, maps = [], [], pixels
        for number, norm in enumerate(norms):
            weight, bias, scale, shift = (each.detach() for each in parameters[4 * number : 4 * number + 4])
            layer: NormalisedPixelMaps | NormalisedMaps
            if number == 0:
                kernel = layout.kernel_of_weight(weight)
                layer = NormalisedPixelMaps(pixels, kernel, scale, shift, norm.eps, sums)
            else:
                values = layout.channels_last(nn.functional.conv2d(maps, weight, padding=1))
                layer = NormalisedMaps(values, scale, shift, norm.eps)
                ctx.convolutions.append((maps, weight))
            layer.norm.update_running_statistics(norm, bias)
            ctx.layers.append(layer)
            maps = layout.channels_first(layer.output)
        return maps.flatten(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of the parameters."""
        first, *others = ctx.layers
        count, side, _, channels = ctx.layers[-1].output.shape
        maps = gradient.view(count, channels, side, side)
        gradients: list[torch.Tensor] = []
        for layer, (inputs, weight) in zip(reversed(others), reversed(ctx.convolutions), strict=True):
            values, *arrays = layer.gradients(layout.channels_last(maps))
            maps, weight = _convolution_gradients(layout.channels_first(values), inputs, weight)
            gradients = [*_with_bias(weight, *arrays), *gradients]
        kernel, *arrays = first.gradients(layout.channels_last(maps))
        weight = layout.weight_of_kernel(kernel, gradient.dtype)
        return None, None, None, *_with_bias(weight, *arrays), *gradients


def _convolution_gradients(
    gradient: torch.Tensor, inputs: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradients of inputs and weight of ``conv2d(inputs, weight, padding=1)``."""
    pair, wanted = [1, 1], [True, True, False]
    of_inputs, of_weight, _ = torch.ops.aten.convolution_backward.default(
        gradient, inputs, weight, None, pair, pair, pair, False, [0, 0], 1, wanted
    )
    return of_inputs, of_weight


def _with_bias(weight: torch.Tensor, scale: np.ndarray, shift: np.ndarray) -> list[torch.Tensor]:
    """Return the gradients of a block's parameters in their order."""
    return [weight, weight.new_zeros(len(scale)), layout.like(scale, weight), layout.like(shift, weight)]


class DenseHead(torch.autograd.Function):
    """A `Head` in training mode as one operation: autograd has less to record than for six layers."""

    @staticmethod
    def forward(
        ctx: Any,
        probability: float,
        features: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        output_weight: torch.Tensor,
        output_bias: torch.Tensor,
    ) -> torch.Tensor:
        """Return log-probabilities (n, classes); ``probability`` is that of the dropout."""
        hidden = torch.addmm(bias, features, weight.T)
        # Dropout of ones: 0 or 1 / (1 - probability), from the random numbers that torch's layer draws.
        dropout = nn.functional.dropout(torch.ones_like(hidden), probability)
        hidden = hidden.mul_(dropout).relu_()
        scores = torch.addmm(output_bias, hidden, output_weight.T).log_softmax(1)
        ctx.save_for_backward(features, weight, output_weight, hidden, dropout, scores)
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of features, weights and biases."""
        features, weight, output_weight, hidden, dropout, scores = ctx.saved_tensors
        # 1. Of ``x - log(sum(exp(x)))``: the gradient, less its sum times the probabilities.
        outputs = gradient - gradient.sum(1, keepdim=True) * scores.exp()
        # 2. Through the linear layer, the ReLU (open where its output is positive) and the dropout.
        inner = (outputs @ output_weight).mul_(dropout).mul_(hidden > 0)
        of_output = outputs.T @ hidden, outputs.sum(0)
        return None, inner @ weight, inner.T @ features, inner.sum(0), *of_output
