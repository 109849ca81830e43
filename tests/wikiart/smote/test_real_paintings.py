"""On real paintings, where the environment variable WIKIART_DIR names a folder of them."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE

from wikiart.images import paintings, store
from wikiart.images.building import build_store
from wikiart.smote.recipes import draw_recipes

FOLDER = os.environ.get("WIKIART_DIR", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="WIKIART_DIR names no folder of paintings")


@pytest.fixture(scope="module")
def dataset() -> paintings.Paintings:
    return paintings.find(Path(FOLDER))


@pytest.fixture(scope="module")
def decoded(dataset, tmp_path_factory) -> store.Store:
    return build_store(dataset, 32, tmp_path_factory.mktemp("cache"))


def test_every_painting_is_listed(dataset):
    table = Path(FOLDER) / "counts.csv"
    if not table.is_file():
        pytest.skip("the folder has no counts.csv to compare with")
    with table.open() as file:
        expected = {row["style"]: (int(row["train"]), int(row["test"])) for row in csv.DictReader(file)}
    train, test = dataset.counts("train"), dataset.counts("test")
    assert {style: (train[style], test[style]) for style in dataset.classes} == expected


def test_every_painting_is_decoded(dataset, decoded):
    assert decoded.train.images.shape == (len(dataset.train), 32, 32, 3)
    spread = decoded.train.images.reshape(len(dataset.train), -1).std(axis=1)
    assert (spread > 0).mean() > 0.999  # pictures, not blanks


def test_recipes_are_those_of_imbalanced_learn(decoded):
    """Dense imbalanced-learn on the classes that it accepts, to 400 images each."""
    labels = decoded.train.labels
    counts = np.bincount(labels)
    kept = np.flatnonzero(np.isin(labels, np.flatnonzero((counts > 5) & (counts < 800))))
    images, labels = decoded.train.images[kept], labels[kept]
    made = draw_recipes(images, labels, "400", seed=42)
    flat = images.reshape(len(images), -1).astype(np.float32)
    targets = {int(label): max(400, int((labels == label).sum())) for label in np.unique(labels)}
    dense, dense_labels = SMOTE(sampling_strategy=targets, random_state=42).fit_resample(flat, labels)
    blended = flat[made.first] + made.weight[:, None] * (flat[made.second] - flat[made.first])
    assert len(made.labels) > 1000
    assert np.array_equal(dense_labels[len(labels) :], made.labels)
    assert np.abs(dense[len(labels) :] - blended).max() < 1e-3 * 255
