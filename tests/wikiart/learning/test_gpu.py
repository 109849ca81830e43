"""Trainings on a GPU: step by step, replayed from a CUDA graph, and on the CPU they agree."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData, validation_rows
from wikiart.learning.epoch import Epoch
from wikiart.learning.evaluation import log_probabilities
from wikiart.learning.training import train
from wikiart.smote.recipes import draw_recipes

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

LABELS = np.arange(37) % 3
CONFIG = TrainingConfig(image_size=32, epochs=4, batch_size=8, dropout=0)
CLASSES = ("Amber", "Blue", "Crimson")


def data(smote: str = "off") -> TrainingData:
    """37 noisy images of three greys, and what this level of SMOTE adds."""
    noise = np.random.default_rng(0).normal(0, 20, (37, 32, 32, 3))
    images = np.clip(noise + 60 * (1 + LABELS.reshape(-1, 1, 1, 1)), 0, 255).astype(np.uint8)
    return TrainingData(images, LABELS, draw_recipes(images, LABELS, smote, 0, styles=CLASSES), 3)


def losses(smote: str, device: str, **options) -> list[float]:
    curve = []
    train(CONFIG, data(smote), device=device, on_epoch=curve.append, **options)
    return [epoch.loss for epoch in curve]


@pytest.mark.parametrize("smote", ["off", "20"])
def test_losses_on_gpu_by_graph_and_on_cpu_agree(smote):
    on_cpu = losses(smote, "cpu")
    assert np.allclose(on_cpu, losses(smote, "cuda"), rtol=0.02)
    assert np.allclose(on_cpu, losses(smote, "cuda", cuda_graph=True), rtol=0.02)


@pytest.mark.parametrize(
    "settings",
    [
        {"class_weights": "balanced"},
        {"class_weights": "effective", "smote": "copy:auto"},
        {"augment": "flip"},
        {"augment": "crop", "smote": "20"},
        {"augment": "randaugment"},
        {"validation": 0.2},
    ],
)
def test_settings_act_on_gpu_as_on_cpu(settings):
    """A batch is changed by the same draws; the loss is weighted in the graph as well."""
    config = CONFIG.model_copy(update=settings)
    chosen = data(config.smote)
    chosen = replace(chosen, validation=validation_rows(LABELS, config.validation, 0))
    curves: dict[str, list[Epoch]] = {"cpu": [], "cuda": [], "graph": []}
    for name, curve in curves.items():
        options = {"device": "cuda", "cuda_graph": True} if name == "graph" else {"device": name}
        train(config, chosen, on_epoch=curve.append, **options)
    for name in ("cuda", "graph"):
        assert np.allclose([e.loss for e in curves["cpu"]], [e.loss for e in curves[name]], rtol=0.02)
        if len(chosen.validation):
            losses_of = [[e.validation_loss for e in curves[each]] for each in ("cpu", name)]
            assert np.allclose(*losses_of, rtol=0.02)


def test_restored_training_records_its_graph_anew(tmp_path):
    short = CONFIG.model_copy(update={"epochs": 2})
    options = {
        "device": "cuda",
        "cuda_graph": True,
        "state_file": tmp_path / "state.pt",
        "save_interval": 0.0,
    }
    train(short, data(), **options)
    curve = []
    train(CONFIG, data(), on_epoch=curve.append, **options)
    assert [epoch.number for epoch in curve] == [1, 2, 3, 4]
    assert np.allclose([epoch.loss for epoch in curve], losses("off", "cuda"), rtol=0.02)


def test_predictions_on_gpu_and_cpu_agree():
    network = train(CONFIG, data(), device="cuda")
    images = data().images
    on_gpu = log_probabilities(network, images, device="cuda").argmax(1)
    assert (on_gpu == log_probabilities(network.cpu(), images).argmax(1)).mean() > 0.9
