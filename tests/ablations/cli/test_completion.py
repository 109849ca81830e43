"""Shells complete the options of this project's commands, and their choices, as Click does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from ablations import smote
from ablations.cli import predict, prepare
from tests.conftest import ROOT

#: shell -> script that prints a line for each candidate after the words of its arguments
SCRIPTS = {
    "bash": """
        source docs/completion.bash
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        _wikiart_complete
        printf "%s\\n" "${COMPREPLY[@]}"
    """,
    "zsh": """
        compdef() {}; _python() {}; _files() {}
        _describe() { print -rl -- "${(@P)2}" }
        source docs/completion.zsh
        words=("$@"); CURRENT=$#
        _wikiart_complete
    """,
    "fish": """
        source docs/completion.fish
        complete -C "$argv"
    """,
}
COMMANDS = {
    "ablations.smote": smote.command,
    "ablations.cli.prepare": prepare.command,
    "ablations.cli.predict": predict.command,
}


def candidates(shell: str, words: list[str]) -> list[str]:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    # bash and zsh take the first argument after the script for their own name.
    start = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell]
    name = [] if shell == "fish" else [shell]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [shell, *start, SCRIPTS[shell], *name, "python", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    # The help follows the candidate: after a colon in zsh, after a tabulator in fish.
    return [line.partition("\t")[0].partition(":")[0] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize("shell", SCRIPTS)
@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("ablations.smote", ["--de"]),
        ("ablations.cli.prepare", ["--resize", ""]),
        ("ablations.cli.predict", ["--top", "2", "--form"]),
    ],
)
def test_candidates_are_those_of_click(shell, module, words):
    click = ShellComplete(COMMANDS[module], {}, "python", "")
    expected = [item.value for item in click.get_completions(words[:-1], words[-1])]
    assert expected
    assert sorted(candidates(shell, ["-m", module, *words])) == sorted(expected)


@pytest.mark.parametrize("shell", SCRIPTS)
def test_other_programs_are_left_alone(shell):
    assert not {"--debug", "--device"} & set(candidates(shell, ["-m", "http.server", "--de"]))
    assert not {"--debug", "--device"} & set(candidates(shell, ["script.py", "--de"]))
