"""Validation images: drawn as scikit-learn does, never trained on, scored after each epoch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import train_test_split

from tests.conftest import paint_folder
from wikiart.errors import DataError
from wikiart.images import paintings
from wikiart.images.building import build_store
from wikiart.images.store import Store
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.split import validation_rows
from wikiart.learning.training import train
from wikiart.smote.recipes import draw_recipes

CONFIG = TrainingConfig(image_size=16, epochs=3, batch_size=4, smote="auto", validation=0.2, seed=5)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    folder = tmp_path_factory.mktemp("validation")
    images = paint_folder(folder / "images", {"Amber": 14, "Blue": 9, "Crimson": 6, "Dusk": 3}, {"Dusk": 1})
    return build_store(paintings.find(images), 16, folder / "cache")


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=6),
    share=st.sampled_from([0.05, 0.1, 0.3, 0.5]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_split_is_scikit_learns_on_the_styles_that_are_large_enough(counts, share, seed):
    counts = [*counts, 20]
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    rows = validation_rows(labels, share, seed)
    large = [row for row, label in enumerate(labels) if counts[label] >= 1 / share]
    _, expected = train_test_split(large, test_size=share, stratify=labels[large], random_state=seed)
    assert rows.tolist() == sorted(expected)
    kept = np.bincount(labels[rows], minlength=len(counts))
    for number, count in zip(kept, counts, strict=True):
        assert abs(number - share * count) < 1 if count >= 1 / share else number == 0
        assert number < count or count == 0


def test_no_images_are_set_aside_by_default():
    assert validation_rows(np.arange(4), 0, 0).tolist() == []


def test_a_share_that_no_style_is_large_enough_for_is_refused():
    with pytest.raises(DataError, match="a style of 1,000 training images or more"):
        validation_rows(np.zeros(999, int), 0.001, 0)


def test_synthetic_images_are_drawn_from_the_images_that_are_trained_on(store):
    data = TrainingData.from_store(store, CONFIG)
    images, labels = store.train.images[data.rows], store.train.labels[data.rows]
    expected = draw_recipes(images, labels, "auto", CONFIG.seed)
    assert np.array_equal(data.rows[expected.first], data.recipes.first)
    assert np.array_equal(data.rows[expected.second], data.recipes.second)
    assert np.array_equal(expected.weight, data.recipes.weight)
    used = {*data.rows, *data.recipes.first, *data.recipes.second}
    assert not used & set(data.validation)
    assert len(data.validation) == 6  # of 14, 9 and 6 images; the style with 3 is trained on as a whole
    assert data.class_counts.tolist() == [11, 11, 11, 11]


def test_validation_images_decide_nothing(store):
    """Neither their pixels nor the scores on them change the weights."""
    data = TrainingData.from_store(store, CONFIG)
    images = data.images.copy()
    images[data.validation] = 255 - images[data.validation]
    other = TrainingData(images, data.labels, data.recipes, data.classes, None, data.validation)
    rows = data.rows
    position = np.searchsorted(rows, np.arange(len(images)))
    recipes = data.recipes._replace(first=position[data.recipes.first], second=position[data.recipes.second])
    without = TrainingData(data.images[rows], data.labels[rows], recipes, data.classes)
    weights = [train(CONFIG, each).state_dict().values() for each in (data, other, without)]
    for tensors in zip(*weights, strict=True):
        assert torch.equal(tensors[0], tensors[1])
        assert torch.equal(tensors[0], tensors[2])


@pytest.mark.parametrize("conv_layers", [1, 3])
def test_scores_are_those_of_the_trained_network_and_survive_an_interrupt(store, tmp_path, conv_layers):
    config = CONFIG.model_copy(update={"conv_layers": conv_layers})
    data = TrainingData.from_store(store, config)
    curve = []
    network = train(config, data, on_epoch=curve.append)
    images = torch.from_numpy(data.images[data.validation]).permute(0, 3, 1, 2).float()
    truth = data.labels[data.validation]
    with torch.no_grad():
        outputs = network(images)
    predicted = outputs.argmax(1).numpy()
    last = curve[-1]
    expected_loss = torch.nn.functional.nll_loss(outputs, torch.from_numpy(truth).long()).item()
    assert last.validation_loss == pytest.approx(expected_loss, rel=1e-4)
    assert last.validation_accuracy == accuracy_score(truth, predicted)
    assert last.validation_balanced_accuracy == pytest.approx(balanced_accuracy_score(truth, predicted))

    options = {"state_file": tmp_path / "state.pt", "save_interval": 0}
    train(config.model_copy(update={"epochs": 2}), data, **options)
    restored = []
    train(config, data, on_epoch=restored.append, **options)
    assert restored == curve
