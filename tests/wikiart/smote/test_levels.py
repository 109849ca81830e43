"""How many images each level of SMOTE gives a class."""

import json

import numpy as np
import pytest

from wikiart.smote.levels import parse_style_counts, planned_counts
from wikiart.smote.spelling import check_level, level_file


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("off", {0: 2269, 1: 18, 2: 0, 3: 300}),
        ("on", {0: 2269, 1: 200, 2: 0, 3: 300}),
        ("400", {0: 2269, 1: 400, 2: 0, 3: 400}),
        ("auto", {0: 2269, 1: 2269, 2: 0, 3: 2269}),
        ({"b": 50, "d": 20}, {0: 2269, 1: 50, 2: 0, 3: 300}),
        ("copy", {0: 2269, 1: 200, 2: 0, 3: 300}),
        ("copy:on", {0: 2269, 1: 200, 2: 0, 3: 300}),
        ("copy:400", {0: 2269, 1: 400, 2: 0, 3: 400}),
        ("copy:auto", {0: 2269, 1: 2269, 2: 0, 3: 2269}),
    ],
)
def test_counts_after_resampling(level, expected):
    labels = np.repeat([0, 1, 3], [2269, 18, 300])
    assert planned_counts(level, labels, ["a", "b", "c", "d"]) == expected


def test_a_level_may_be_a_file(tmp_path):
    labels = np.repeat([0, 1], [3, 9])
    (tmp_path / "counts.json").write_text(json.dumps({"Cubism": 7}))
    (tmp_path / "counts.yaml").write_text("Cubism: 7\n")
    for name in ("counts.json", "counts.yaml"):
        for level in (f"{tmp_path / name}", f"copy:{tmp_path / name}"):
            assert planned_counts(level, labels, ["Cubism", "Rococo"]) == {0: 7, 1: 9}
            assert level_file(level) == tmp_path / name
            assert check_level(level) == level


@pytest.mark.parametrize("level", ["all", "-3", "1.5", "", "copy:", "copy:all", "copy 400"])
def test_an_unknown_level_is_refused(level):
    with pytest.raises(ValueError, match="must be off, on, auto"):
        planned_counts(level, np.array([0, 1]))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"Dada": 5}, "'Dada' is not a style"),
        ({"Cubism": -1}, "Cubism: -1"),
        ({"Cubism": "many"}, "Cubism: 'many'"),
        ({"Cubism": True}, "Cubism: True"),
        (["Cubism"], "mapping of styles"),
    ],
)
def test_an_invalid_mapping_is_refused_with_its_style(targets, message):
    with pytest.raises(ValueError, match=message):
        parse_style_counts(targets, ["Cubism"])
