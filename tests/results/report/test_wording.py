"""Names of effects in words."""

import pandas as pd
import pytest

from summary.report.wording import Wording

FACTOR = {"name": "conv_layers", "levels": ["1", "3"], "words": ["1 conv", "3 conv"], "title": "convolutions"}


def effect(kind: str, factor: str, level: str, reference: str = "") -> pd.Series:
    return pd.Series({"kind": kind, "factor": factor, "level": level, "reference": reference})


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (effect("main", "conv_layers", "3", "1"), "Convolutions 3 instead of 1"),
        (effect("main", "max_depth", "4", "2"), "max_depth 4 instead of 2"),
        (effect("interaction", "conv_layers x max_depth", "3 x 4"), "3 conv × max_depth 4"),
        (effect("interaction", "a x b x c", "1 x 2"), "a x b x c (1 x 2)"),
        (effect("main", "smote", "copy:400", "off"), "smote copy:400 instead of off"),
    ],
)
def test_effects_are_named_by_their_levels(row, name):
    assert Wording([FACTOR]).effect(row) == name


def test_a_phrase_is_used_for_its_own_change():
    factor = {**FACTOR, "phrase": "Three convolutions instead of one", "change": ["1", "3"]}
    assert Wording([factor]).effect(effect("main", "conv_layers", "3", "1")) == factor["phrase"]
    assert Wording([factor]).effect(effect("main", "conv_layers", "5", "1")) == "Convolutions 5 instead of 1"
