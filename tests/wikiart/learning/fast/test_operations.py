"""The gradients of the fast operations, compared with finite differences."""

from functools import partial

import pytest
import torch
from torch import nn

from tests.wikiart.learning.fast.test_forward import random_batch
from wikiart.images.sums import pixel_sums
from wikiart.learning.fast import layout
from wikiart.learning.fast.operations import ConvolutionBlocks, ConvolveAndPool, DenseHead


def drawn(*shape: int) -> torch.Tensor:
    """Numbers that need a gradient."""
    draw = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=draw, dtype=torch.float64).requires_grad_()


def test_pooled_convolution():
    pixels, _ = random_batch(17, 2)
    convolve = partial(ConvolveAndPool.apply, pixels)
    assert torch.autograd.gradcheck(convolve, (drawn(3, 3, 2, 2), drawn(3)))


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_blocks(blocks):
    pixels, _ = random_batch(17, 2)
    sums = pixel_sums(layout.channels_last(pixels)).sum(0)
    norms, parameters = [], []
    for channels in [3, 4, 5][:blocks]:
        norms.append(nn.BatchNorm2d(channels + 1, dtype=torch.float64))
        tensors = (channels + 1, channels, 2, 2), (channels + 1,), (channels + 1,), (channels + 1,)
        parameters += [drawn(*shape) for shape in tensors]
    run = partial(ConvolutionBlocks.apply, pixels, sums, norms)
    assert torch.autograd.gradcheck(run, parameters)


@pytest.mark.parametrize("probability", [0.0, 0.4])
def test_head(probability):
    def run(*tensors: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(0)
        return DenseHead.apply(probability, *tensors)

    assert torch.autograd.gradcheck(run, (drawn(3, 7), drawn(6, 7), drawn(6), drawn(4, 6), drawn(4)))
