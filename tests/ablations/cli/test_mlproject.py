"""Every parameter of every entry point reaches its command."""

import importlib
import shlex
from pathlib import Path

import pytest
import yaml
from mlflow.projects.utils import load_project

ROOT = Path(__file__).resolve().parents[3]
PROJECT = load_project(str(ROOT))
QUESTIONS = ("ablate", "class_order", "conv_layers", "dropout", "smote", "imbalance")

#: for each parameter a value that is no default, as text, and what the command makes of it
OTHERS = {
    "data": ("some folder", "some folder"),
    "factors": ("dropout=0.1,0.2 conv_layers=1,2", "dropout=0.1,0.2 conv_layers=1,2"),
    "base": ("conv_layers=1 smote=auto", "conv_layers=1 smote=auto"),
    "design": ("one-at-a-time", "one-at-a-time"),
    "seeds": ("7", 7),
    "until": ("2.5", 2.5),
    "max_seeds": ("30", 30),
    "margin": ("1.5", 1.5),
    "epochs": ("20", 20),
    "batch_size": ("32", 32),
    "learning_rate": ("0.01", 0.01),
    "image_size": ("48", 48),
    "resize": ("crop", "crop"),
    "device": ("cpu", "cpu"),
    "workers": ("3", 3),
    "threads": ("5", 5),
    "engine": ("ray", "ray"),
    "ray_address": ("head:6379", "head:6379"),
    "cache": ("a cache", "a cache"),
    "fresh": ("yes", True),
    "allow_skipped": ("0.05", 0.05),
    "drop_leaks": ("yes", True),
    "quiet": ("yes", True),
    "clear": ("yes", True),
    "suite": ("0123abc", "0123abc"),
    "experiment": ("my paintings", "my paintings"),
    "name": ("report", "report"),
    "log": ("yes", True),
    "answers": ("yes", True),
    "out": ("elsewhere", Path("elsewhere")),
    "model": ("runs:/0123abc/model", "runs:/0123abc/model"),
    "images": ("some folder", ("some folder",)),
    "top": ("5", 5),
    "format": ("json", "json"),
}
REQUIRED = {"model", "images"}
# summarize.py reads anybody's tables and runs: without a suite they need no entry point of this project
OF_TABLES = {
    "table",
    "factors",
    "seed",
    "item",
    "truth",
    "prediction",
    "correct",
    "score",
    "metric",
    "reference",
    "shared_trainings",
}
TWO_VALUES = {"pair"}  # --compare A B: a parameter of an entry point is one value


def click_command(words: list[str]):
    """The Click command that a command line of MLproject starts, and its arguments."""
    assert words[0] == "python"
    if words[1] == "-m":
        return importlib.import_module(words[2]).command, words[3:]
    return importlib.import_module(Path(words[1]).stem).command, words[2:]


def command_words(entry: str, folder: Path) -> list[str]:
    """The command line of an entry point without parameters, but those that it requires."""
    point = PROJECT.get_entry_point(entry)
    required = {name: OTHERS[name][0] for name in point.parameters.keys() & REQUIRED}
    return shlex.split(point.compute_command(required, str(folder)))


@pytest.mark.parametrize("entry", PROJECT._entry_points)
def test_every_parameter_reaches_the_command(entry, tmp_path):
    point = PROJECT.get_entry_point(entry)
    names = point.parameters.keys() - {"question"}  # the module, not a parameter of its command
    given = {name: OTHERS[name][0] for name in names}
    command, words = click_command(shlex.split(point.compute_command(given, str(tmp_path))))
    parsed = command.make_context(entry, words).params
    assert {name: str(parsed[name]) for name in names} == {name: str(OTHERS[name][1]) for name in names}
    assert (
        parsed.keys() - TWO_VALUES - (OF_TABLES - names) == names
    )  # and every option can be set from MLproject


@pytest.mark.parametrize("entry", PROJECT._entry_points)
def test_defaults_of_the_entry_point_are_those_of_the_command(entry, tmp_path):
    point = PROJECT.get_entry_point(entry)
    command, words = click_command(command_words(entry, tmp_path))
    given = command.make_context(entry, words).params
    defaults = command.make_context(entry, [], resilient_parsing=True)
    for name in point.parameters.keys() - REQUIRED - {"question"}:
        option = next(option for option in command.params if option.name == name)
        assert given[name] == option.type_cast_value(defaults, option.get_default(defaults)), name


@pytest.mark.parametrize("entry", QUESTIONS)
def test_an_entry_point_of_a_question_starts_its_module(entry, tmp_path):
    assert command_words(entry, tmp_path)[:3] == ["python", "-m", f"ablations.{entry}"]


@pytest.mark.parametrize("entry", PROJECT._entry_points)
def test_help_has_an_example(entry, tmp_path):
    command, _ = click_command(command_words(entry, tmp_path))
    text = command.get_help(command.make_context(entry, [], resilient_parsing=True))
    assert "Example: " in text


def test_entry_points_are_the_questions_and_the_tools():
    assert set(PROJECT._entry_points) == {*(*QUESTIONS, "prepare", "cache", "setup", "summarize", "predict")}


def test_no_environment_key():
    keys = yaml.safe_load((ROOT / "MLproject").read_text())
    assert not {"conda_env", "python_env", "docker_env"} & set(keys)
