"""The gradients of the fast operations, compared with finite differences."""

from functools import partial

import torch
from torch import nn

from tests.wikiart.learning.fast.test_forward import random_batch
from wikiart.images.sums import pixel_sums
from wikiart.learning.fast import layout
from wikiart.learning.fast.operations import ConvolveAndPool, NormaliseAndPool, PixelLayer


def test_gradients_by_finite_differences():
    pixels, _ = random_batch(17, 2)
    draw = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=draw, dtype=torch.float64).requires_grad_()

    weight, bias = drawn(3, 3, 2, 2), drawn(3)
    assert torch.autograd.gradcheck(partial(ConvolveAndPool.apply, pixels), (weight, bias))
    norm = nn.BatchNorm2d(3, dtype=torch.float64)
    sums = pixel_sums(layout.channels_last(pixels)).sum(0)

    def first_layer(*tensors: torch.Tensor) -> torch.Tensor:
        return PixelLayer.apply(pixels, *tensors, norm, sums)

    def later_layer(*tensors: torch.Tensor) -> torch.Tensor:
        return NormaliseAndPool.apply(*tensors, norm)

    assert torch.autograd.gradcheck(first_layer, (weight, bias, drawn(3), drawn(3)))
    assert torch.autograd.gradcheck(later_layer, (drawn(2, 3, 10, 10), bias, drawn(3), drawn(3)))
