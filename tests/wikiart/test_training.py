"""Training: reproducible, exact mixtures, every image in every epoch."""

import numpy as np
import pytest
import torch

from wikiart.config import TrainingConfig
from wikiart.smote import Recipes, no_recipes
from wikiart.training import Mixtures, batches, train

CONFIG = TrainingConfig(image_size=16, epochs=2, batch_size=4)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (13, 16, 16, 3), dtype=np.uint8)


LABELS = np.arange(13) % 3


def weights(config: TrainingConfig, images: np.ndarray) -> list[torch.Tensor]:
    return list(train(config, images, LABELS, no_recipes(), 3).state_dict().values())


@pytest.mark.parametrize("conv_layers", [1, 3])
def test_same_seed_same_weights(images, conv_layers):
    config = CONFIG.model_copy(update={"conv_layers": conv_layers})
    first, second = weights(config, images), weights(config, images)
    other = weights(config.model_copy(update={"seed": 1}), images)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_equal_to_the_plain_loop(images):
    """The study's loop, written out: float pixels, shuffled batches, Adam, NLLLoss."""
    from wikiart.network import build

    ours = train(CONFIG, images, LABELS, no_recipes(), 3)
    torch.manual_seed(CONFIG.seed)
    network = build(CONFIG.conv_layers, CONFIG.dropout, 16, 3).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=CONFIG.learning_rate)
    order = torch.Generator().manual_seed(CONFIG.seed)
    pixels = torch.from_numpy(images).float().permute(0, 3, 1, 2).contiguous()
    labels = torch.from_numpy(LABELS)
    for _ in range(CONFIG.epochs):
        for index in batches(13, CONFIG.batch_size, order):
            optimizer.zero_grad()
            torch.nn.NLLLoss()(network(pixels[index]), labels[index]).backward()
            optimizer.step()
    network.eval()
    assert torch.allclose(network(pixels), ours(pixels), rtol=1e-3, atol=1e-3)


def test_learns_what_can_be_learnt():
    colours = np.array([[250, 0, 0], [0, 250, 0], [0, 0, 250]], np.uint8)
    images = np.broadcast_to(colours[LABELS][:, None, None], (13, 16, 16, 3)).copy()
    seen = []
    train(CONFIG.model_copy(update={"epochs": 15}), images, LABELS, no_recipes(), 3, on_epoch=seen.append)
    assert [epoch.number for epoch in seen] == list(range(1, 16))
    assert seen[-1].loss < seen[0].loss
    assert seen[-1].accuracy > 0.9


@pytest.mark.parametrize(("items", "size"), [(13, 4), (8, 4), (5, 5), (3, 5), (7, 3)])
def test_batches_hold_every_item_once_and_none_is_single(items, size):
    parts = list(batches(items, size, torch.Generator().manual_seed(0)))
    assert sorted(torch.cat(parts).tolist()) == list(range(items))
    assert all(len(part) > 1 for part in parts)


def test_mixtures_blend_in_the_batch(images):
    recipes = Recipes(
        first=np.array([0, 5]),
        second=np.array([3, 5]),
        weight=np.array([0.25, 0.0], np.float32),
        labels=np.array([0, 2]),
    )
    source = Mixtures(images, LABELS, recipes, "cpu")
    assert len(source) == 15
    pixels, labels = source.batch(torch.tensor([14, 2, 13]))
    assert labels.tolist() == [2, 2, 0]
    expected = [images[5], images[2], images[0] + 0.25 * (images[3].astype(float) - images[0])]
    assert np.allclose(pixels.permute(0, 2, 3, 1).numpy(), expected, atol=1e-4)
    assert pixels.is_contiguous(memory_format=torch.channels_last)
