"""Values that a configuration accepts and refuses."""

import pytest
from pydantic import ValidationError

from wikiart.learning.config import TrainingConfig, allowed_values


def test_defaults_are_the_studys_improved_network():
    config = TrainingConfig()
    assert (config.conv_layers, config.dropout, config.smote) == (3, 0.1, "off")
    assert (config.learning_rate, config.batch_size, config.epochs) == (0.001, 16, 10)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("conv_layers", 0),
        ("conv_layers", 6),
        ("conv_layers", "three"),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", float("nan")),
        ("smote", "maybe"),
        ("smote", "0"),
        ("smote", "-3"),
        ("smote", "copy:off"),
        ("smote", "copy:"),
        ("smote", "copy:missing.yaml"),
        ("learning_rate", 0),
        ("batch_size", 1),
        ("epochs", 0),
        ("image_size", 15),
        ("seed", -1),
        ("colour", "red"),
    ],
)
def test_refused(name, value):
    with pytest.raises(ValidationError):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("400", "400"),
        (400, "400"),
        ("0400", "400"),
        ("auto", "auto"),
        ("copy", "copy"),
        ("copy:on", "copy"),
        ("copy:0400", "copy:400"),
        ("copy:auto", "copy:auto"),
    ],
)
def test_smote_levels_have_one_spelling(text, level):
    assert TrainingConfig(smote=text).smote == level


@pytest.mark.parametrize("name", list(TrainingConfig.model_fields))
def test_every_field_says_what_it_allows(name):
    assert TrainingConfig.model_fields[name].description in allowed_values(TrainingConfig, name)


def test_bounds_are_named():
    assert allowed_values(TrainingConfig, "dropout").startswith("number, at least 0, below 1 ")
    assert allowed_values(TrainingConfig, "precision").startswith("float32, tf32, bf16 ")
