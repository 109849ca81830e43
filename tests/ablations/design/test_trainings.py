"""Trainings and the cells that are read from them: their fingerprints and descriptions."""

import hashlib
import json

import pytest

from ablations.design.designs import make
from ablations.design.factors import DEFAULTS, Factor, parse_factors
from ablations.design.trainings import NEUTRAL, Training, plan_trainings
from tests.conftest import paint_folder
from wikiart.images import paintings
from wikiart.images.building import build_store
from wikiart.images.store import Store
from wikiart.learning.reading import Reading
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
OTHER = {"class_weights": "balanced", "validation": 0.1, "augment": "flip", "prior": "uniform"}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    folder = tmp_path_factory.mktemp("fingerprints")
    images = paint_folder(folder / "images", {"Amber": 2, "Blue": 2}, {"Amber": 1})
    return build_store(paintings.find(images), 16, folder / "cache")


def trainings(store: Store, factors: str, **settings) -> list[Training]:
    design = make("full", parse_factors(factors, []), {"image_size": 16, **settings}, seeds=1)
    return plan_trainings(design, {16: store})


def test_four_cells_are_read_from_each_training(store):
    planned = trainings(store, "class_order=unsorted,sorted prior smote=off,on")
    assert [len(training.cells) for training in planned] == [4, 4]
    for training in planned:
        assert {cell.reading for cell in training.cells} == {
            Reading(class_order=order, prior=prior)
            for order in ("unsorted", "sorted")
            for prior in ("train", "uniform")
        }
        for cell in training.cells:
            assert "differ only in class_order and prior have the same weights" in cell.description
    assert len({cell.fingerprint for training in planned for cell in training.cells}) == 8


def test_fingerprints_from_before_a_setting_existed_remain_valid(store):
    [training] = trainings(store, "class_order=unsorted,sorted prior")
    settings = {name: getattr(training.config, name) for name in FIRST}
    deciding = [settings, "", store.digest, VERSIONS]
    assert training.fingerprint == sha256(deciding)
    fingerprints = {cell.reading: cell.fingerprint for cell in training.cells}
    for order in ("unsorted", "sorted"):
        assert fingerprints[Reading(class_order=order)] == sha256([*deciding, order])


def sha256(values: list) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("name", NEUTRAL)
def test_newer_settings_take_part_where_they_change_the_numbers(store, name):
    assert NEUTRAL[name] == DEFAULTS[name]
    before, after = (
        trainings(store, "dropout=0.1,0.3", **{name: level})[0] for level in (NEUTRAL[name], OTHER[name])
    )
    assert before.cells[0].fingerprint != after.cells[0].fingerprint
    needs_training = Factor(name, ()).stage == "train"
    assert (before.fingerprint != after.fingerprint) == needs_training


def test_a_corrected_cell_is_no_step_of_the_study(store):
    planned = trainings(store, "prior smote=off,on")
    steps = {cell.reading.prior: "a step of the study" in cell.description for cell in planned[0].cells}
    assert steps == {"train": True, "uniform": False}
