"""docs/commands.md agrees with the help of the commands."""

import sys

import pytest
from click.testing import CliRunner

import ablations
from tests.ablations.cli.test_mlproject import click_command, command_words
from tests.conftest import ROOT

sys.path.append(str(ROOT / "docs"))
import commands


def test_the_page_agrees_with_the_help():
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == commands.page(), "run: python docs/commands.py"


@pytest.mark.parametrize("entry", ["ablate", "prepare", "cache", "setup", "summarize", "predict"])
def test_short_help_and_version(entry, tmp_path):
    command, _ = click_command(command_words(entry, tmp_path))
    assert CliRunner().invoke(command, ["-h"]).output == CliRunner().invoke(command, ["--help"]).output
    assert CliRunner().invoke(command, ["--version"]).output == f"wikiart-ablations {ablations.__version__}\n"
