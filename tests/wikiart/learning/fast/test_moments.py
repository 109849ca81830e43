"""Pixel sums, and the moments of patches that follow from them."""

import numpy as np
import pytest
import torch

from wikiart.images.sums import pixel_sums
from wikiart.learning.fast.moments import patch_moments


@pytest.mark.parametrize("size", [1, 2, 16, 41])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_moments_of_all_patches(size, dtype):
    images = np.random.default_rng(0).integers(0, 256, (3, size, size, 3)).astype(dtype)
    channels = torch.from_numpy(images.astype(float)).permute(0, 3, 1, 2)
    unfolded = torch.nn.functional.unfold(channels, 2, padding=2)  # by channel, row, column
    patches = unfolded.view(3, 3, 4, -1).permute(0, 3, 2, 1).reshape(-1, 12).numpy()
    total, products = patch_moments(pixel_sums(images).sum(0))
    assert np.array_equal(total, patches.sum(0))
    assert np.array_equal(products, patches.T @ patches)
