"""Ctrl-C and SIGTERM while a command starts: one line and an exit code, whichever moment they hit."""

import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT, environment_for

COMMANDS = {
    "ablate": ["-m", "ablations.ablate"],
    "prepare": ["-m", "ablations.cli.prepare"],
    "predict": ["-m", "ablations.cli.predict", "--model", "none", "none.png"],
    "summarize": [str(ROOT / "results" / "summarize.py")],
}
MARK = "import time:"  # begins a line of python -X importtime
FIRST_LIBRARY = "click"  # before it, a command has imported nothing but the handler of signals


def restore_signals() -> None:
    """Handle signals as in a terminal, also if the tests run under nohup or in the background of a script."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(folder, name: str) -> subprocess.Popen:
    """Start a command that writes a line to standard error whenever a module has been imported."""
    return subprocess.Popen(
        [sys.executable, "-X", "importtime", *COMMANDS[name]],
        env={**environment_for(folder), "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=restore_signals,
    )


def stop(process: subprocess.Popen, module: str, number: signal.Signals, skipped: int = 0) -> list[str]:
    """Send a signal to the process group when a module, and some more, are imported; return the other lines.

    If fewer are imported, the command ends by itself.
    """
    lines = []
    for line in process.stderr:
        is_import = line.startswith(MARK)
        if not is_import:
            lines.append(line)
        elif module:
            module = "" if line.split()[-1] == module else module
        elif skipped:
            skipped -= 1
        else:
            os.killpg(process.pid, number)
            break
    output, errors = process.communicate(timeout=60)
    lines += [line for line in errors.splitlines(keepends=True) if not line.startswith(MARK)]
    return [line for line in [*output.splitlines(), *map(str.strip, lines)] if line]


@pytest.mark.parametrize(
    ("number", "module"),
    [(signal.SIGINT, FIRST_LIBRARY), (signal.SIGTERM, "numpy")],
)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_stopped_while_it_loads_says_so_in_a_line(tmp_path, name, number, module):
    process = start(tmp_path, name)
    [line] = stop(process, module, number)
    assert line.startswith("stopped")
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stops_at_every_moment_of_its_start(tmp_path, name, number):
    """The signal comes after every 60th import, until the command ends before it comes."""
    skipped = 0
    while True:
        process = start(tmp_path, name)
        lines = stop(process, FIRST_LIBRARY, number, skipped)
        if process.returncode in (0, 1):
            break
        assert process.returncode == 128 + number, lines
        assert len(lines) == 1, lines
        assert lines[0].startswith("stopped")
        skipped += 60
    assert skipped > 60
