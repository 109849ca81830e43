"""The compiled loops compared with torch's operations."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from wikiart.learning.fast import kernels, pixels
from wikiart.learning.fast.parallel import parallel
from wikiart.learning.network import pooled_side


def planes(images: np.ndarray) -> torch.Tensor:
    """Return (n, channels, h, w) for (n, h, w, channels)."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


def channels_last(maps: torch.Tensor) -> np.ndarray:
    """Return (n, h, w, channels) for (n, channels, h, w)."""
    return maps.detach().permute(0, 2, 3, 1).contiguous().numpy()


@given(
    size=st.integers(3, 40),
    channels=st.integers(1, 5),
    levels=st.integers(1, 4),
    highest=st.integers(-1, 2),
    seed=st.integers(0, 1000),
    missing=st.booleans(),
    sign=st.sampled_from([-1.0, 1.0]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_pool(size, channels, levels, highest, seed, missing, sign):
    """Values of few levels, so that many are equal, also to the 0 at the edge, and some NaN."""
    draw = np.random.default_rng(seed)
    inner = draw.integers(highest - levels, highest + 1, (2, size + 1, size + 1, channels)).astype(float)
    if missing:
        inner[draw.random(inner.shape) < 0.01] = np.nan
    side = pooled_side(size)
    pooled = np.empty((2, side, side, channels))
    winners = np.empty(pooled.shape, np.int32)
    sums = np.empty((2, 2, channels))
    parallel(kernels.pool, 2, inner, np.full(channels, sign), pooled, winners, sums)
    whole = functional.pad(planes(inner), (1, 1, 1, 1))
    extreme, index = functional.max_pool2d(sign * whole, 4, padding=2, return_indices=True)
    assert np.array_equal(pooled, sign * channels_last(extreme), equal_nan=True)
    expected = np.stack([inner.sum((1, 2)), (inner * inner).sum((1, 2))], 1)
    assert np.array_equal(sums, expected, equal_nan=True)
    # The position in the inner map and the channel for each position of the whole one, or the edge.
    positions = np.full((size + 3, size + 3), kernels.EDGE)
    positions[1:-1, 1:-1] = np.arange((size + 1) ** 2).reshape(size + 1, size + 1)
    expected = positions.ravel()[channels_last(index)]
    expected = np.where(expected < 0, kernels.EDGE, expected * channels + np.arange(channels))
    numbers = ~np.isnan(pooled)  # which of several NaN is the maximum does not matter
    assert np.array_equal(winners[numbers], expected[numbers])


@pytest.mark.parametrize("maps", [1, 2, pixels.LANES])
@pytest.mark.parametrize("size", [3, 16, 17, 18, 19, 40])
@pytest.mark.parametrize("kind", ["uint8", "float", "few values", "not a number"])
@pytest.mark.parametrize("lowest", [-np.inf, 0.0])
def test_pixels_are_convolved_and_pooled_as_by_torch(maps, size, kind, lowest):
    """Whole numbers, so that equal sums are equal; the gradient shows which patch was the largest."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 2 if kind == "few values" else 256, (3, size, size, 3)).astype(float)
    kernel = draw.integers(-3, 4, (12, maps)).astype(float)
    if kind == "not a number":
        kernel[5] = np.nan
    side = pooled_side(size)
    pooled, winners = np.empty((3, side, side, maps)), np.empty((3, side, side, maps), np.int32)
    weights, loop = kernel, pixels.convolve_and_pool_one
    if maps > 1:
        weights, loop = np.zeros((12, pixels.LANES)), pixels.convolve_and_pool
        weights[:, :maps] = kernel
    rows, bias = images.reshape(3, size, -1).astype(np.uint8 if kind == "uint8" else float), np.ones(maps)
    parallel(loop, 3, rows, weights.ravel(), bias, lowest, pooled, winners)
    weight = torch.from_numpy(kernel).view(2, 2, 3, maps).permute(3, 2, 0, 1).contiguous().requires_grad_()
    values = functional.conv2d(planes(images), weight, torch.ones(maps).double(), padding=2)
    largest = functional.max_pool2d(values, 4, padding=2)
    largest = largest.relu() if lowest == 0 else largest
    assert np.array_equal(pooled, channels_last(largest), equal_nan=True)
    if kind == "not a number":
        return
    slopes = draw.integers(-9, 10, pooled.shape).astype(float)
    (expected,) = torch.autograd.grad(largest, weight, planes(slopes))
    sums = np.empty((3, maps, 13))
    parallel(pixels.sum_winning_patches, 3, rows, winners, slopes, pooled, lowest, sums)
    assert np.array_equal(sums.sum(0).T[:12], expected.permute(2, 3, 1, 0).reshape(12, maps))
    assert np.array_equal(sums.sum(0).T[12], (slopes * (pooled > lowest)).sum((0, 1, 2)))
