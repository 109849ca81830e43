"""The forward pass of a whole network: which operations take the place of its layers."""

import numpy as np
import torch
from torch import nn

from wikiart.images.sums import pixel_sums
from wikiart.learning.fast import layout
from wikiart.learning.fast.maps import NormalisedMaps, NormalisedPixelMaps, PixelMaps
from wikiart.learning.fast.operations import ConvolutionBlocks, ConvolveAndPool, DenseHead
from wikiart.learning.network import Head, Network, SingleConvolution


def forward(network: Network, pixels: torch.Tensor, sums: np.ndarray | None = None) -> torch.Tensor:
    """Compute ``network(pixels)``, with the same gradients of the parameters and running statistics.

    The plain network is used for pixels on a GPU, for pixels that need a gradient, and for gradients
    in evaluation mode.

    Parameters
    ----------
    network : Network
        In training or in evaluation mode.
    pixels : uint8 or float tensor (n, 3, size, size)
        0..255; fastest if channels are last in memory.
    sums : float64 array (18, 3), optional
        Sum of the images' pixel sums (`wikiart.images.sums`), from which batch normalisation takes its
        statistics in training mode. Default: they are computed.

    Returns
    -------
    torch.Tensor
        Log-probabilities (n, classes).

    Raises
    ------
    ValueError
        One convolution, in training mode, and a single image: its batch has no variance.
    """
    differentiates_elsewhere = pixels.requires_grad or (torch.is_grad_enabled() and not network.training)
    if pixels.device.type != "cpu" or differentiates_elsewhere:
        return network(pixels.to(network.head.hidden.weight.dtype))
    features = network.features
    if isinstance(features, SingleConvolution):
        convolution = features.convolution
        maps = ConvolveAndPool.apply(pixels, convolution.weight, convolution.bias)
        return _head(network.head, features.norm(maps.flatten(1)))
    if network.training:
        sums = pixel_sums(layout.channels_last(pixels)).sum(0) if sums is None else sums
        norms = [block.norm for block in features.blocks]
        return _head(network.head, ConvolutionBlocks.apply(pixels, sums, norms, *features.parameters()))
    first, *others = features.blocks
    maps = _convolve_and_normalise(first.convolution, first.norm, pixels).relu()
    for block in others:
        maps = block(maps)
    return network.head(maps.flatten(1))


def _head(head: Head, features: torch.Tensor) -> torch.Tensor:
    return DenseHead.apply(head.dropout.p, features, *head.parameters()) if head.training else head(features)


def _convolve_and_normalise(
    convolution: nn.Conv2d, norm: nn.BatchNorm2d, pixels: torch.Tensor
) -> torch.Tensor:
    """Convolve, normalise by the running statistics, and pool.

    With ``a = scale / sqrt(variance + eps)``, normalisation is part of the convolution:
    ``a * (w x + bias - mean) + shift = (a w) x + (a (bias - mean) + shift)``.
    """
    factor = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    bias = norm.bias + (convolution.bias.double() - norm.running_mean) * factor
    weight = factor.view(-1, 1, 1, 1) * convolution.weight
    return ConvolveAndPool.apply(pixels, weight.to(norm.weight.dtype), bias.to(norm.weight.dtype))


def compile_loops() -> None:
    """Compile the loops of training, or load those that an earlier process has compiled.

    Takes some seconds the first time on each machine. Starts no thread, so that the process may be
    forked afterwards.
    """
    scale, shift = torch.ones(4), torch.zeros(4)
    for dtype in (torch.uint8, torch.float32):
        pixels = torch.zeros(2, 3, 16, 16, dtype=dtype)
        one = PixelMaps(pixels, np.zeros((12, 1)), np.zeros(1), -np.inf, np.float32)
        sums = pixel_sums(layout.channels_last(pixels)).sum(0)
        first = NormalisedPixelMaps(pixels, torch.zeros(12, 4), scale, shift, 1e-5, sums)
        later = NormalisedMaps(np.zeros((2, 8, 8, 4), np.float32), scale, shift, 1e-5)
        for maps in (one, first, later):
            maps.gradients(np.zeros_like(maps.output))
