"""Trainings on a GPU: the plain way, played back from a recording, and on the CPU agree."""

import numpy as np
import pytest
import torch

from wikiart.learning.config import TrainingConfig
from wikiart.learning.evaluation import predict
from wikiart.learning.training import train
from wikiart.smote.recipes import recipes

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

LABELS = np.arange(37) % 3
CONFIG = TrainingConfig(image_size=32, epochs=4, batch_size=8, dropout=0)
CLASSES = ("Amber", "Blue", "Crimson")


@pytest.fixture
def images() -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 20, (37, 32, 32, 3))
    return np.clip(noise + 60 * (1 + LABELS.reshape(-1, 1, 1, 1)), 0, 255).astype(np.uint8)


def losses(images, level: str, device: str, **how) -> list[float]:
    made = recipes(images, LABELS, level, 0, styles=CLASSES)
    seen = []
    train(CONFIG, images, LABELS, made, 3, device=device, on_epoch=seen.append, **how)
    return [epoch.loss for epoch in seen]


@pytest.mark.parametrize("level", ["off", "20"])
def test_curves_of_gpu_recording_and_cpu_lie_on_top_of_each_other(images, level):
    on_cpu = losses(images, level, "cpu")
    assert np.allclose(on_cpu, losses(images, level, "cuda"), rtol=0.02)
    assert np.allclose(on_cpu, losses(images, level, "cuda", record=True), rtol=0.02)


def test_a_recording_goes_on_from_an_earlier_start(images, tmp_path):
    short = CONFIG.model_copy(update={"epochs": 2})
    kept = tmp_path / "state.pt"
    how = {"device": "cuda", "record": True, "resume": kept, "save_every": 0.0}
    made = recipes(images, LABELS, "off", 0, styles=CLASSES)
    train(short, images, LABELS, made, 3, **how)
    seen = []
    train(CONFIG, images, LABELS, made, 3, on_epoch=seen.append, **how)
    assert [epoch.number for epoch in seen] == [1, 2, 3, 4]
    assert np.allclose([epoch.loss for epoch in seen], losses(images, "off", "cuda"), rtol=0.02)


def test_predictions_agree(images):
    made = recipes(images, LABELS, "off", 0, styles=CLASSES)
    network = train(CONFIG, images, LABELS, made, 3, device="cuda")
    on_gpu = predict(network, images, device="cuda")
    assert (on_gpu == predict(network.cpu(), images)).mean() > 0.9
