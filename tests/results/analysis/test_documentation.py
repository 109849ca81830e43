"""The example of docs/statistics.md runs as it stands there."""

from pathlib import Path

import pytest

from suites import LAYERS, SMOTE, answers_of, effect


def test_the_notebook_example(tmp_path, monkeypatch):
    text = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    answers = answers_of(
        {("1", "off"): [2, 4], ("1", "on"): [3, 3], ("3", "off"): [5, 7], ("3", "on"): [8, 10]},
        (LAYERS, SMOTE),
    )
    answers.to_csv(tmp_path / "answers.csv", index=False)
    monkeypatch.chdir(tmp_path)
    *lines, last = code.strip().splitlines()
    names = {}
    exec("\n".join(lines), names)
    table = eval(last, names)
    assert effect(table, "conv_layers")["estimate"] == pytest.approx(45)
