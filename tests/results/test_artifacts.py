"""Artifacts of another server that are not as a suite writes them end in one line."""

import json

import pytest

from summary import artifacts
from summary.artifacts import BadArtifact

ITEMS = {"columns": ["path", "truth", "prediction"], "data": [["1.jpg", "Amber", "Blue"]]}
DESIGN = {
    "question": "?",
    "design": "full",
    "factors": [{"name": "dropout", "levels": ["0.01", "0.1"], "stage": "train"}],
    "base": {"dropout": "0.1"},
    "runs": [{"cell": ".1", "levels": {"dropout": "0.1"}, "seed": 0, "fingerprint": "1"}],
    "data": {"styles": [], "majority_style": "Amber", "majority_accuracy": 0.5},
}


def load(folder, text, content):
    (folder / "file.json").write_text(text)
    return artifacts.load(f"{folder.as_uri()}/file.json", content)


def test_what_a_suite_writes_is_read_as_it_stands(tmp_path):
    more = {**DESIGN, "machine": {"cores": 2}}
    assert load(tmp_path, json.dumps(ITEMS), artifacts.ITEMS) == ITEMS
    assert load(tmp_path, json.dumps(more), artifacts.DESIGN) == more


@pytest.mark.parametrize(
    ("text", "content", "message"),
    [
        ("{", artifacts.ITEMS, "Expecting property name"),
        ("[]", artifacts.ITEMS, "should be a valid dictionary"),
        (json.dumps({**ITEMS, "data": [["1.jpg", "Amber"]]}), artifacts.ITEMS, "data/0/2: Field required"),
        (
            json.dumps({**ITEMS, "data": [["1.jpg", {}, "Blue"]]}),
            artifacts.ITEMS,
            "data/0/1: Input should be",
        ),
        (
            json.dumps({**ITEMS, "columns": ["a", "b", "c"]}),
            artifacts.ITEMS,
            "columns/0: Input should be 'path'",
        ),
        (json.dumps({**ITEMS, "data": [["\ud800", "a", "b"]]}), artifacts.ITEMS, "surrogates not allowed"),
        (json.dumps({**DESIGN, "question": "\udfff"}), artifacts.DESIGN, "surrogates not allowed"),
        (json.dumps({**DESIGN, "runs": None}), artifacts.DESIGN, "runs: Input should be a valid list"),
        (json.dumps({**DESIGN, "base": {"dropout": 0.1}}), artifacts.DESIGN, "base/dropout: Input should be"),
    ],
)
def test_another_shape_is_refused_in_one_line(tmp_path, text, content, message):
    with pytest.raises(BadArtifact, match=message) as refused:
        load(tmp_path, text, content)
    assert str(refused.value).startswith(f"{tmp_path.as_uri()}/file.json is not as a suite writes it")
    assert "\n" not in str(refused.value)
