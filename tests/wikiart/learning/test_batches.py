"""Batches of real and synthetic images."""

import numpy as np
import pytest
import torch

from wikiart.images.sums import pixel_sums
from wikiart.learning import batches
from wikiart.learning.batches import BatchReader
from wikiart.learning.data import TrainingData
from wikiart.smote.recipes import Recipes

LABELS = np.arange(13) % 3


@pytest.mark.parametrize("as_on_a_gpu", [False, True])
def test_blended_in_the_batch(as_on_a_gpu):
    images = np.random.default_rng(0).integers(0, 256, (13, 16, 16, 3), dtype=np.uint8)
    recipes = Recipes(
        first=np.array([0, 5]),
        second=np.array([3, 5]),
        weight=np.array([0.25, 0.0], np.float32),
        labels=np.array([0, 2]),
    )
    reader = BatchReader(TrainingData(images, LABELS, recipes, 3), "cpu")
    reader.blend_all = as_on_a_gpu
    assert len(reader) == 15
    pixels, labels = reader.read(torch.tensor([14, 2, 13]))
    assert labels.tolist() == [2, 2, 0]
    expected = [images[5], images[2], images[0] + 0.25 * (images[3].astype(float) - images[0])]
    assert np.allclose(pixels.permute(0, 2, 3, 1).numpy(), expected, atol=1e-4)
    assert pixels.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("known", [False, True])
def test_pixel_sums_are_those_of_the_batch(known, monkeypatch):
    """They are computed once for each item, and not at all for images whose sums are given."""
    images = np.random.default_rng(0).integers(0, 256, (13, 16, 16, 3), dtype=np.uint8)
    recipes = Recipes(np.array([0]), np.array([3]), np.array([0.25], np.float32), labels=np.array([0]))
    sums = pixel_sums(images) if known else None
    reader = BatchReader(TrainingData(images, LABELS, recipes, 3, sums), "cpu")
    index = torch.tensor([13, 2])
    expected = (
        pixel_sums(images[[2]])[0] + pixel_sums(images[[0]] + 0.25 * (images[[3]] - 1.0 * images[[0]]))[0]
    )
    pixels, _ = reader.read(index)
    assert np.allclose(reader.pixel_sums(index, pixels), expected, rtol=1e-6)
    monkeypatch.setattr(batches, "pixel_sums", lambda pixels: pytest.fail("computed again"))
    assert np.allclose(reader.pixel_sums(index, pixels), expected, rtol=1e-6)
    if known:
        index = torch.tensor([5, 7])
        assert np.array_equal(reader.pixel_sums(index, reader.read(index)[0]), sums[[5, 7]].sum(0))
