"""A training that was interrupted and restored ends with the weights of one that was not."""

import logging
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
import torch

from wikiart.cache import atomic
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.training import train
from wikiart.smote.recipes import draw_recipes

LABELS = np.arange(22) % 4 % 3  # 11, 6 and 5 images: SMOTE has something to add
EPOCHS = 5


@pytest.fixture
def data() -> TrainingData:
    images = np.random.default_rng(0).integers(0, 256, (22, 16, 16, 3), dtype=np.uint8)
    synthetic = draw_recipes(images, LABELS, "auto", 0)
    assert len(synthetic.labels) == 11
    return TrainingData(images, LABELS, synthetic, 3)


def start(data, conv_layers, state_file=None, save_interval=0.0, stop_in=0):
    """Weights and curve of a training, or None and its curve if it was interrupted in an epoch."""
    config = TrainingConfig(
        image_size=16, epochs=EPOCHS, batch_size=4, conv_layers=conv_layers, dropout=0.3, smote="auto"
    )
    curve = []

    def on_epoch(epoch):
        if epoch.number == stop_in:
            raise KeyboardInterrupt
        curve.append(epoch)

    try:
        network = train(config, data, on_epoch=on_epoch, state_file=state_file, save_interval=save_interval)
    except KeyboardInterrupt:
        return None, curve
    return network.state_dict(), curve


def equal(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("conv_layers", [1, 3])
@pytest.mark.parametrize("stop_in", [1, 2, EPOCHS])
def test_restored_training_gives_the_same_weights_bit_for_bit(data, tmp_path, conv_layers, stop_in):
    expected, whole_curve = start(data, conv_layers)
    state_file = tmp_path / "folder" / "training.pt"
    assert start(data, conv_layers, state_file, stop_in=stop_in) == (None, whole_curve[: stop_in - 1])
    torch.manual_seed(99)  # another process would stand elsewhere in torch's random numbers
    weights, curve = start(data, conv_layers, state_file)
    assert equal(weights, expected)
    assert curve == whole_curve  # the points of the epochs before the interrupt as well


def test_interrupted_in_every_epoch(data, tmp_path):
    expected, whole_curve = start(data, 3)
    state_file = tmp_path / "training.pt"
    for epoch in range(1, EPOCHS + 1):
        assert start(data, 3, state_file, stop_in=epoch)[0] is None
        # the epoch that was interrupted was not saved, so the next start repeats it
    weights, curve = start(data, 3, state_file)
    assert equal(weights, expected)
    assert curve == whole_curve


def test_a_short_training_writes_nothing(data, tmp_path):
    start(data, 1, tmp_path / "training.pt", save_interval=30)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no state at all"])
def test_an_unreadable_file_is_logged_and_ignored(data, tmp_path, caplog, content):
    state_file = tmp_path / "training.pt"
    state_file.write_bytes(content)
    with caplog.at_level(logging.WARNING, "wikiart"):
        weights, _ = start(data, 1, state_file)
    assert equal(weights, start(data, 1)[0])
    assert "training.pt is damaged" in caplog.text


def test_half_a_file_is_unreadable(data, tmp_path, caplog):
    state_file = tmp_path / "training.pt"
    start(data, 1, state_file)
    state_file.write_bytes(state_file.read_bytes()[: state_file.stat().st_size // 2])
    with caplog.at_level(logging.WARNING, "wikiart"):
        weights, _ = start(data, 1, state_file)
    assert equal(weights, start(data, 1)[0])
    assert "training.pt is damaged" in caplog.text


def test_a_folder_that_cannot_be_written_is_logged(data, tmp_path, caplog):
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING, "wikiart"):
        weights, _ = start(data, 1, tmp_path / "file" / "training.pt")
    assert equal(weights, start(data, 1)[0])
    assert "cannot be saved" in caplog.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_logged_and_leaves_no_half_file(data, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(atomic, "uuid4", lambda: UUID(int=0))
    scratch = tmp_path / ".training.pt-00000000.part"
    scratch.symlink_to("/dev/full")
    with caplog.at_level(logging.WARNING, "wikiart"):
        assert start(data, 1, tmp_path / "training.pt", stop_in=2)[0] is None
        assert list(tmp_path.iterdir()) == []
        scratch.symlink_to("/dev/full")
        assert equal(start(data, 1, tmp_path / "training.pt")[0], start(data, 1)[0])
    assert "after epoch 1 cannot be saved" in caplog.text
