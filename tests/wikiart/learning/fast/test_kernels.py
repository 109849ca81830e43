"""The compiled loops compared with torch's operations."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from wikiart.learning.fast import kernels
from wikiart.learning.fast.parallel import parallel
from wikiart.learning.fast.single import convolve_and_pool
from wikiart.learning.network import pooled_side


def in_order(maps: np.ndarray, size: int) -> np.ndarray:
    """Return (n, rows, size + 3, c) for maps that are stored by place."""
    columns = kernels.slots(size)
    places = maps.reshape(*maps.shape[:2], 4, columns, -1)
    outside = places.swapaxes(2, 3).reshape(*maps.shape[:2], 4 * columns, -1)
    assert not outside[:, :, :2].any()
    assert not outside[:, :, size + 5 :].any()
    return outside[:, :, 2 : size + 5]


def by_place(maps: np.ndarray, size: int) -> np.ndarray:
    """Return maps stored by place for maps (n, rows, size + 3, c)."""
    columns = kernels.slots(size)
    whole = np.zeros((*maps.shape[:2], 4 * columns, maps.shape[3]), maps.dtype)
    whole[:, :, 2 : size + 5] = maps
    return whole.reshape(*maps.shape[:2], columns, 4, -1).swapaxes(2, 3).reshape(*maps.shape[:2], -1)


def patches_of(
    images: np.ndarray, channels: int, centre: float = 0.0, top: int = 0, rows: int = 0
) -> np.ndarray:
    count, size, _ = images.shape
    patches = np.full((count, rows or size + 3, 4 * kernels.slots(size), 4 * channels), np.nan)
    parallel(kernels.unfold, count, images, channels, centre, top, patches)
    return patches


def pooled_of(maps: np.ndarray, size: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    side = pooled_side(size)
    pooled = np.empty((len(maps), side, side, channels))
    winners = np.empty(pooled.shape, np.int32)
    parallel(kernels.pool, len(maps), maps, size + 3, 0, 0, side, pooled, winners)
    return pooled, winners


@pytest.mark.parametrize("channels", [3, 4, 16])
@pytest.mark.parametrize("size", [16, 17, 18, 19])
def test_patches_are_those_of_a_convolution(channels, size):
    images = np.random.default_rng(0).normal(size=(2, size, size * channels))
    first = torch.from_numpy(images.reshape(2, size, size, channels)).permute(0, 3, 1, 2)
    unfolded = functional.unfold(functional.pad(first - 7, (2, 2, 2, 2), value=-7.0), 2)
    expected = unfolded.view(2, channels, 4, size + 3, size + 3).permute(0, 3, 4, 2, 1).flatten(3).numpy()
    patches = patches_of(images, channels, 7.0)
    assert np.array_equal(in_order(patches, size), expected)
    part = patches_of(images, channels, 7.0, top=5, rows=4)
    assert np.array_equal(part, patches[:, 5:9])


@pytest.mark.parametrize("channels", [4, 16])
@pytest.mark.parametrize("size", [16, 17, 18, 19])
def test_fold_is_the_gradient_of_unfold(channels, size):
    draw = np.random.default_rng(0)
    images = draw.normal(size=(2, size, size * channels))
    patches = patches_of(images, channels)
    weights = draw.normal(size=patches.shape)
    gradient = np.empty_like(images)
    parallel(kernels.fold, 2, weights, channels, gradient)
    assert np.isclose((weights * patches).sum(), (gradient * images).sum())


@given(
    size=st.integers(16, 40),
    channels=st.integers(1, 5),
    levels=st.integers(1, 4),
    seed=st.integers(0, 1000),
    missing=st.booleans(),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_pool(size, channels, levels, seed, missing):
    """Negative values of few levels, so that many are equal, and some NaN."""
    draw = np.random.default_rng(seed)
    maps = draw.integers(-levels, 0, (2, size + 3, size + 3, channels)).astype(float)
    if missing:
        maps[draw.random(maps.shape) < 0.01] = np.nan
    pooled, winners = pooled_of(by_place(maps, size), size, channels)
    planes = torch.from_numpy(maps).permute(0, 3, 1, 2)
    largest, index = functional.max_pool2d(planes, 4, padding=2, return_indices=True)
    largest, index = (each.permute(0, 2, 3, 1).numpy() for each in (largest, index))
    assert np.array_equal(pooled, largest, equal_nan=True)
    places = np.arange(planes[0].numel()).reshape(1, size + 3, size + 3, channels) + 1
    positions = by_place(places, size).ravel()[winners] - 1
    assert (positions % channels == np.arange(channels)).all()
    numbers = ~np.isnan(pooled)  # which of several NaN is the maximum does not matter
    assert np.array_equal((positions // channels)[numbers], index[numbers])


@pytest.mark.parametrize("size", [16, 17, 18, 19, 40])
@pytest.mark.parametrize("flat", [False, True])
def test_single_channel_as_unfold_and_pool(size, flat):
    draw = np.random.default_rng(0)
    images = draw.integers(0, 2 if flat else 256, (3, size, size * 3)).astype(float)
    weights = draw.integers(-3, 4, 12).astype(float)  # whole numbers: equal sums are equal
    maps = (patches_of(images, 3) @ weights).reshape(3, size + 3, -1)
    expected = pooled_of(maps, size, 1)
    side = pooled_side(size)
    pooled, winners = np.empty((3, side, side, 1)), np.empty((3, side, side, 1), np.int32)
    parallel(convolve_and_pool, 3, images, weights, pooled, winners)
    assert np.array_equal(pooled, expected[0])
    assert np.array_equal(winners, expected[1])
