"""Fingerprints of trainings: which settings take part in them."""

import hashlib
import json

import pytest

from ablations.design.designs import make
from ablations.design.factors import DEFAULTS, Factor
from ablations.design.trainings import NEUTRAL, Training, plan_trainings
from tests.conftest import paint_folder
from wikiart.images import paintings
from wikiart.images.building import build_store
from wikiart.images.store import Store
from wikiart.versions import VERSIONS

#: the settings of the first fingerprints
FIRST = (
    "conv_layers",
    "dropout",
    "smote",
    "learning_rate",
    "batch_size",
    "epochs",
    "image_size",
    "precision",
    "seed",
)
OTHER = {"class_weights": "balanced", "validation": 0.1}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    folder = tmp_path_factory.mktemp("fingerprints")
    images = paint_folder(folder / "images", {"Amber": 2, "Blue": 2}, {"Amber": 1})
    return build_store(paintings.find(images), 16, folder / "cache")


def training(store: Store, **settings) -> Training:
    """The first of two trainings with these settings."""
    factor = Factor("dropout", (0.1, 0.3))
    design = make("full", [factor], {"image_size": 16, **settings}, seeds=1)
    return plan_trainings(design, {16: store})[0]


def test_fingerprints_from_before_a_setting_existed_remain_valid(store):
    planned = training(store)
    settings = {name: getattr(planned.config, name) for name in FIRST}
    deciding = json.dumps([settings, "", store.digest, VERSIONS], sort_keys=True)
    assert planned.fingerprint == hashlib.sha256(deciding.encode()).hexdigest()


@pytest.mark.parametrize("name", NEUTRAL)
def test_newer_settings_take_part_where_they_change_the_training(store, name):
    assert NEUTRAL[name] == DEFAULTS[name]
    assert training(store, **{name: OTHER[name]}).fingerprint != training(store).fingerprint
