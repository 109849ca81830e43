"""Batches of real and synthetic images."""

import numpy as np
import pytest
import torch

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
