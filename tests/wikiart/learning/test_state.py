"""A training that is interrupted and gone on with ends with the weights of one that was not."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from wikiart.learning.config import TrainingConfig
from wikiart.learning.training import train
from wikiart.smote.recipes import recipes

LABELS = np.arange(22) % 4 % 3  # 11, 6 and 5 images: SMOTE has something to add
EPOCHS = 5


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (22, 16, 16, 3), dtype=np.uint8)


def config(conv_layers: int) -> TrainingConfig:
    return TrainingConfig(
        image_size=16, epochs=EPOCHS, batch_size=4, conv_layers=conv_layers, dropout=0.3, smote="auto"
    )


def start(images, conv_layers, resume=None, save_every=0.0, stop_in=0):
    """Weights and curve of a training, or None and its curve if it was interrupted in an epoch."""
    chosen = config(conv_layers)
    mixtures = recipes(images, LABELS, chosen.smote, chosen.seed)
    assert len(mixtures.labels) == 11
    curve = []

    def on_epoch(epoch):
        if epoch.number == stop_in:
            raise KeyboardInterrupt
        curve.append(epoch)

    try:
        network = train(
            chosen, images, LABELS, mixtures, 3, on_epoch=on_epoch, resume=resume, save_every=save_every
        )
    except KeyboardInterrupt:
        return None, curve
    return network.state_dict(), curve


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("conv_layers", [1, 3])
@pytest.mark.parametrize("stop_in", [1, 2, EPOCHS])
def test_the_same_weights_bit_for_bit(images, tmp_path, conv_layers, stop_in):
    expected, whole = start(images, conv_layers)
    kept = tmp_path / "folder" / "training.pt"
    assert start(images, conv_layers, kept, stop_in=stop_in) == (None, whole[: stop_in - 1])
    torch.manual_seed(99)  # another process would stand elsewhere in torch's random numbers
    weights, curve = start(images, conv_layers, kept)
    assert same(weights, expected)
    assert curve == whole  # the points of the epochs before the interrupt as well


def test_interrupted_in_every_epoch(images, tmp_path):
    expected, whole = start(images, 3)
    kept = tmp_path / "training.pt"
    for epoch in range(1, EPOCHS + 1):
        assert start(images, 3, kept, stop_in=epoch)[0] is None
        # the epoch in which it stopped was not kept, so it comes again
    weights, curve = start(images, 3, kept)
    assert same(weights, expected)
    assert curve == whole


def test_a_short_training_writes_nothing(images, tmp_path):
    start(images, 1, tmp_path / "training.pt", save_every=30)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rest", [b"", b"PK\x03\x04", b"no state at all"])
def test_an_unreadable_file_costs_the_epochs_and_a_remark(images, tmp_path, caplog, rest):
    kept = tmp_path / "training.pt"
    kept.write_bytes(rest)
    with caplog.at_level(logging.WARNING, "wikiart"):
        weights, _ = start(images, 1, kept)
    assert same(weights, start(images, 1)[0])
    assert "cannot be read" in caplog.text


def test_half_a_file_is_unreadable(images, tmp_path, caplog):
    kept = tmp_path / "training.pt"
    start(images, 1, kept)
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    with caplog.at_level(logging.WARNING, "wikiart"):
        weights, _ = start(images, 1, kept)
    assert same(weights, start(images, 1)[0])
    assert "cannot be read" in caplog.text


def test_a_folder_that_takes_no_file_costs_a_remark(images, tmp_path, caplog):
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING, "wikiart"):
        weights, _ = start(images, 1, tmp_path / "file" / "training.pt")
    assert same(weights, start(images, 1)[0])
    assert "could not be kept" in caplog.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_costs_a_remark_and_leaves_no_half_file(images, tmp_path, caplog):
    (tmp_path / "training.pt.part").symlink_to("/dev/full")
    with caplog.at_level(logging.WARNING, "wikiart"):
        assert start(images, 1, tmp_path / "training.pt", stop_in=2)[0] is None
        assert list(tmp_path.iterdir()) == []
        (tmp_path / "training.pt.part").symlink_to("/dev/full")
        assert same(start(images, 1, tmp_path / "training.pt")[0], start(images, 1)[0])
    assert "after epoch 1 could not be kept" in caplog.text
