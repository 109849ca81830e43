"""Training: reproducible, equal to the study's loop, every image in every epoch."""

import numpy as np
import pytest
import torch

from wikiart.learning.batches import shuffled_batches
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.network import Network
from wikiart.learning.training import time_step, train
from wikiart.smote.recipes import no_recipes

CONFIG = TrainingConfig(image_size=16, epochs=2, batch_size=4)
LABELS = np.arange(13) % 3


@pytest.fixture
def data() -> TrainingData:
    images = np.random.default_rng(0).integers(0, 256, (13, 16, 16, 3), dtype=np.uint8)
    return TrainingData(images, LABELS, no_recipes(), 3)


def weights(config: TrainingConfig, data: TrainingData) -> list[torch.Tensor]:
    return list(train(config, data).state_dict().values())


def equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("conv_layers", [1, 3])
def test_same_seed_same_weights(data, conv_layers):
    config = CONFIG.model_copy(update={"conv_layers": conv_layers})
    first = weights(config, data)
    assert equal(first, weights(config, data))
    assert not equal(first, weights(config.model_copy(update={"seed": 1}), data))


def test_equal_to_the_plain_loop(data):
    """The study's loop, written out: float pixels, shuffled batches, Adam, NLLLoss."""
    trained = train(CONFIG, data)
    torch.manual_seed(CONFIG.seed)
    network = Network(CONFIG.conv_layers, CONFIG.dropout, 16, 3).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=CONFIG.learning_rate)
    generator = torch.Generator().manual_seed(CONFIG.seed)
    pixels = torch.from_numpy(data.images).float().permute(0, 3, 1, 2).contiguous()
    labels = torch.from_numpy(LABELS)
    for _ in range(CONFIG.epochs):
        for index in shuffled_batches(13, CONFIG.batch_size, generator):
            optimizer.zero_grad()
            torch.nn.NLLLoss()(network(pixels[index]), labels[index]).backward()
            optimizer.step()
    network.eval()
    assert torch.allclose(network(pixels), trained(pixels), rtol=1e-3, atol=1e-3)


def test_every_step_reports_the_part_of_the_epochs_that_is_done(data):
    reports = []
    train(CONFIG, data, on_step=reports.append)
    assert reports == pytest.approx([4 / 13, 8 / 13, 1, 1 + 4 / 13, 1 + 8 / 13, 2])


def test_learns_what_can_be_learnt():
    colours = np.array([[250, 0, 0], [0, 250, 0], [0, 0, 250]], np.uint8)
    images = np.broadcast_to(colours[LABELS][:, None, None], (13, 16, 16, 3)).copy()
    curve = []
    data = TrainingData(images, LABELS, no_recipes(), 3)
    train(CONFIG.model_copy(update={"epochs": 15}), data, on_epoch=curve.append)
    assert [epoch.number for epoch in curve] == list(range(1, 16))
    assert curve[-1].loss < curve[0].loss
    assert curve[-1].accuracy > 0.9


@pytest.mark.parametrize(("items", "size"), [(13, 4), (8, 4), (5, 5), (3, 5), (7, 3)])
def test_batches_hold_every_item_once_and_none_is_single(items, size):
    batches = list(shuffled_batches(items, size, torch.Generator().manual_seed(0)))
    assert sorted(torch.cat(batches).tolist()) == list(range(items))
    assert all(len(batch) > 1 for batch in batches)


def test_bf16_learns_as_well_and_is_another_training(data):
    in_bf16 = weights(CONFIG.model_copy(update={"precision": "bf16"}), data)
    assert not equal(weights(CONFIG, data), in_bf16)
    assert all(w.dtype in (torch.float32, torch.int64) for w in in_bf16)


def test_tf32_on_a_cpu_is_float32(data):
    assert equal(weights(CONFIG, data), weights(CONFIG.model_copy(update={"precision": "tf32"}), data))


def test_timing_steps_does_not_change_a_later_training(data):
    expected = weights(CONFIG, data)
    assert 0 < time_step(CONFIG, data, seconds=0.01) < 60
    assert equal(expected, weights(CONFIG, data))
