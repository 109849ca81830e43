"""The forward pass of a whole network: which operations take the place of its layers."""

import torch
from torch import nn

from wikiart.learning.fast.maps import CENTRE, StoredMaps, StreamedMaps
from wikiart.learning.fast.normalisation import BatchNormalisation
from wikiart.learning.fast.operations import ConvolutionLayer, ConvolveAndPool
from wikiart.learning.network import Network, SingleConvolution


def forward(network: Network, pixels: torch.Tensor) -> torch.Tensor:
    """Compute ``network(pixels)``, with the same gradients of the parameters and running statistics.

    The plain network is used for pixels on a GPU, for pixels that need a gradient, and for gradients
    in evaluation mode.

    Parameters
    ----------
    network : Network
        In training or in evaluation mode.
    pixels : float tensor (n, 3, size, size)
        0..255; fastest if channels are last in memory.

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
        return network(pixels)
    features = network.features
    if isinstance(features, SingleConvolution):
        convolution = features.convolution
        maps = ConvolveAndPool.apply(pixels, convolution.weight, convolution.bias)
        return network.head(features.norm(maps.flatten(1)))
    maps = pixels
    if network.training:
        for block in features.blocks:
            convolution, norm = block.convolution, block.norm
            maps = ConvolutionLayer.apply(
                maps, convolution.weight, convolution.bias, norm.weight, norm.bias, norm
            )
    else:
        first, *others = features.blocks
        maps = _convolve_and_normalise(first.convolution, first.norm, pixels).relu()
        for block in others:
            maps = block(maps)
    return network.head(maps.flatten(1))


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
    return ConvolveAndPool.apply(pixels, weight.to(pixels.dtype), bias.to(pixels.dtype))


def compile_loops() -> None:
    """Compile the loops of training, or load those that an earlier process has compiled.

    Takes some seconds the first time on each machine. Starts no thread, so that the process may be
    forked afterwards.
    """
    StreamedMaps(torch.zeros(2, 3, 16, 16), torch.zeros(12, 1), 0.0, moments=False)
    first = StreamedMaps(torch.zeros(2, 3, 16, 16), torch.zeros(12, 4), CENTRE, moments=True)
    later = StoredMaps(torch.zeros(2, 4, 4, 4), torch.zeros(16, 4))
    for maps in (first, later):
        norm = BatchNormalisation(maps, torch.ones(4), torch.zeros(4), 1e-5)
        output = norm.activate(maps.pooled)
        *_, gradient = norm.gradients(output, output, maps.pooled)
        maps.gradients(gradient)
