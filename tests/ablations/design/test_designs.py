"""Designs have the planned cells; factors and levels are parsed, or refused with what is allowed."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablations.ablate import CARD
from ablations.design.designs import make
from ablations.design.factors import FACTOR_NAMES, DesignError, Factor, parse_base, parse_factors
from wikiart.learning.config import TrainingConfig
from wikiart.learning.reading import Reading

FACTORS = {factor.name: factor for factor in CARD}


def test_full_factorial_of_the_four_factors():
    design = make("full", CARD, {}, seeds=3)
    assert len(design.cells) == 16
    assert len({tuple(cell.items()) for cell in design.cells}) == 16
    assert design.seeds == (0, 1, 2)
    assert len({design.config(cell, 0) for cell in design.cells}) == 8


def test_one_at_a_time_changes_one_factor_of_the_base_cell():
    design = make("one-at-a-time", CARD, {}, seeds=1)
    base = {"class_order": "sorted", "conv_layers": 3, "dropout": 0.1, "smote": "off"}
    assert design.cells[0] == base
    changed = [{name for name in base if cell[name] != base[name]} for cell in design.cells[1:]]
    assert changed == [{"class_order"}, {"conv_layers"}, {"dropout"}, {"smote"}]


def test_one_at_a_time_with_another_base_cell():
    design = make("one-at-a-time", CARD, parse_base("conv_layers=1 class_order=unsorted"), seeds=1)
    assert design.cells[0]["conv_layers"] == 1
    assert design.cells[0]["class_order"] == "unsorted"


def test_half_has_four_trainings_and_crosses_the_class_order():
    design = make("half", CARD, {}, seeds=1)
    assert len(design.cells) == 8
    assert len({design.config(cell, 0) for cell in design.cells}) == 4
    assert {**design.base}.items() >= {"conv_layers": 3, "dropout": 0.1, "smote": "off"}.items()
    assert {name: design.base[name] for name in FACTORS} in design.cells


@given(st.integers(3, 5), st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_half_is_balanced_with_the_highest_resolution(k, data):
    pool = ["conv_layers=1,3", "dropout=0.01,0.1", "smote=off,on", "epochs=1,2", "batch_size=8,16"]
    factors = parse_factors(" ".join(pool[:k]), [])
    base = {factor.name: data.draw(st.sampled_from(factor.levels)) for factor in factors}
    design = make("half", factors, base, seeds=1)
    coded = [[1 if cell[f.name] == f.levels[1] else -1 for f in factors] for cell in design.cells]
    assert len(coded) == 2 ** (k - 1)
    assert base in design.cells
    for size in range(1, k):  # no effect of fewer than k factors is aliased with the mean
        for columns in itertools.combinations(range(k), size):
            product = [1] * len(coded)
            for column in columns:
                product = [p * row[column] for p, row in zip(product, coded, strict=True)]
            assert sum(product) == 0


def test_settings_that_are_not_varied_have_the_values_of_the_base():
    design = make(
        "full", [FACTORS["dropout"]], {"epochs": 3, "conv_layers": 1, "class_order": "unsorted"}, seeds=1
    )
    config = design.config(design.cells[0], seed=7)
    assert (config.epochs, config.conv_layers, config.dropout, config.seed) == (3, 1, 0.01, 7)
    assert design.settings(design.cells[0])["class_order"] == "unsorted"


def test_labels_name_the_levels_in_words_and_are_unique():
    design = make("full", CARD, {}, seeds=1)
    labels = [design.label(cell) for cell in design.cells]
    assert len(set(labels)) == 16
    assert labels[0] == "unsorted, 1 conv, dropout 0.01, no SMOTE"
    assert max(map(len, labels)) == len(labels[0])
    other = make("full", parse_factors("learning_rate=0.001,1e-5 smote=100,1000,on", []), {}, seeds=1)
    labels = [other.label(cell) for cell in other.cells]
    assert labels[:3] == ["rate 0.001, SMOTE to 100", "rate 0.001, SMOTE to 1000", "rate 0.001, SMOTE"]
    assert labels[3:] == [label.replace("0.001", "1e-05") for label in labels[:3]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dropout=0.01,0.1,0.3", [("dropout", (0.01, 0.1, 0.3))]),
        ("smote conv_layers=1,2", [("smote", ("off", "on")), ("conv_layers", (1, 2))]),
        ("smote=off,400,auto", [("smote", ("off", "400", "auto"))]),
        ("learning_rate=0.01,0.001", [("learning_rate", (0.01, 0.001))]),
    ],
)
def test_factors_are_parsed(text, expected):
    assert [(factor.name, factor.levels) for factor in parse_factors(text, CARD)] == expected


def test_an_empty_text_means_the_default_factors():
    assert parse_factors("  ", CARD) == tuple(CARD)


@pytest.mark.parametrize(
    ("text", "named", "allowed"),
    [
        ("colour=red,blue", "colour", "conv_layers"),
        ("seed=1,2", "seed", "seeds=N"),
        ("dropout=0.1,2", "dropout=2", "below 1"),
        ("dropout=0.1", "dropout=0.1", "two or more"),
        ("dropout=0.1,0.10", "dropout=0.1,0.10", "different"),
        ("conv_layers=1,many", "conv_layers=many", "at most 5"),
        ("smote=off,maybe", "smote=maybe", "auto"),
        ("class_order=sorted,mixed", "class_order=mixed", "unsorted"),
        ("learning_rate", "learning_rate", "two or more"),
    ],
)
def test_bad_factors_are_refused_with_what_is_allowed(text, named, allowed):
    with pytest.raises(DesignError) as refused:
        parse_factors(text, CARD)
    assert named in str(refused.value)
    assert allowed in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "factors", "base", "seeds", "message"),
    [
        ("half", "conv_layers dropout", {}, 1, "three factors or more"),
        ("half", "conv_layers dropout=0,0.1,0.2 smote", {}, 1, "dropout has 3"),
        ("full", "smote smote=off,auto", {}, 1, "given twice"),
        ("full", "smote", {"smote": "400"}, 1, "not among"),
        ("full", "smote", {}, 0, "seeds=0"),
        ("quarter", "smote", {}, 1, "one-at-a-time"),
    ],
)
def test_bad_designs_are_refused(kind, factors, base, seeds, message):
    with pytest.raises(DesignError, match=message):
        make(kind, parse_factors(factors, CARD), base, seeds)


@pytest.mark.parametrize("text", ["conv_layers", "depth=3", "dropout=high"])
def test_bad_base_is_refused(text):
    with pytest.raises(DesignError):
        parse_base(text)


def test_every_field_of_a_configuration_can_be_a_factor():
    levels = {
        "class_order": "unsorted,sorted",
        "prior": "train,uniform",
        "conv_layers": "1,2",
        "dropout": "0,0.5",
        "smote": "off,copy:auto",
        "class_weights": "none,balanced",
        "validation": "0,0.1",
        "augment": "none,flip",
        "learning_rate": "0.01,0.001",
        "batch_size": "16,32",
        "epochs": "1,2",
        "image_size": "32,64",
        "precision": "float32,bf16",
    }
    assert (
        set(levels) == set(FACTOR_NAMES) == {*Reading.model_fields, *TrainingConfig.model_fields} - {"seed"}
    )
    factors = parse_factors(" ".join(f"{name}={values}" for name, values in levels.items()), [])
    assert len(make("full", factors, {}, seeds=1).cells) == 2 ** len(levels)


def test_the_fields_of_a_reading_act_when_outputs_are_read():
    stages = {name: Factor(name, ()).stage for name in FACTOR_NAMES}
    assert {name for name in stages if stages[name] == "evaluate"} == {"class_order", "prior"}


def test_readings_are_crossed_with_the_trainings_of_each_design():
    text = "class_order prior conv_layers dropout smote"
    for kind, cells, trainings in (("full", 32, 8), ("half", 16, 4), ("one-at-a-time", 6, 4)):
        design = make(kind, parse_factors(text, CARD), {}, seeds=1)
        assert len(design.cells) == cells
        assert len({design.config(cell, 0) for cell in design.cells}) == trainings
        assert len({design.label(cell) for cell in design.cells}) == cells
    assert design.reading(design.cells[0]) == Reading()


def test_a_common_factor_is_known_by_its_name_to_every_question():
    [prior] = parse_factors("prior", [])
    assert prior.levels == ("train", "uniform")
    [same] = parse_factors("prior=train,uniform", CARD)
    assert same.phrase == prior.phrase != ""
    [turned] = parse_factors("prior=uniform,train", CARD)
    assert turned.change == prior.levels  # what the phrase is about
