"""Training: reproducible, exact mixtures, every image in every epoch."""

import numpy as np
import pytest
import torch

from wikiart.learning.config import TrainingConfig
from wikiart.learning.training import batches, pace, train
from wikiart.smote.recipes import no_recipes

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
    from wikiart.learning.network import build

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


def test_bf16_learns_as_well_and_is_another_training(images):
    brief = CONFIG.model_copy(update={"precision": "bf16"})
    assert not all(
        torch.equal(a, b) for a, b in zip(weights(CONFIG, images), weights(brief, images), strict=True)
    )
    assert all(w.dtype in (torch.float32, torch.int64) for w in weights(brief, images))


def test_tf32_on_a_cpu_is_float32(images):
    same = CONFIG.model_copy(update={"precision": "tf32"})
    assert all(torch.equal(a, b) for a, b in zip(weights(CONFIG, images), weights(same, images), strict=True))


def test_pace_is_seen_on_a_few_steps_and_leaves_chance_alone(images):
    expected = weights(CONFIG, images)
    assert 0 < pace(CONFIG, images, LABELS, no_recipes(), 3, seconds=0.01) < 60
    assert all(torch.equal(a, b) for a, b in zip(expected, weights(CONFIG, images), strict=True))
