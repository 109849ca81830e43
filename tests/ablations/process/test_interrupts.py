"""Ctrl-C and SIGTERM while a command starts: one line and an exit code, whichever moment they hit."""

import os
import signal
import subprocess
import sys
from itertools import count

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
STRIDE = 300  # imports between the moments of the slow test


def restore_signals() -> None:
    """Handle signals as in a terminal, also if the tests run under nohup or in the background of a script."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(folder, name: str, *options: str) -> subprocess.Popen:
    """Start a command that writes a line to standard error whenever a module has been imported."""
    return subprocess.Popen(
        [sys.executable, "-X", "importtime", *COMMANDS[name], *options],
        env={**environment_for(folder), "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=restore_signals,
    )


def stop(
    process: subprocess.Popen, module: str, number: signal.Signals, skipped: int = 0
) -> tuple[str, list[str]]:
    """Send a signal to the process group when a module, and ``skipped`` more, are imported.

    If fewer are imported, the command ends by itself. Returns its output and the other lines of standard
    error.
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
    return output, [line.strip() for line in lines if line.strip()]


@pytest.mark.parametrize(
    ("number", "module"),
    [(signal.SIGINT, FIRST_LIBRARY), (signal.SIGTERM, "numpy")],
)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_stopped_while_it_loads_says_so_in_a_line(tmp_path, name, number, module):
    process = start(tmp_path, name)
    output, [line] = stop(process, module, number)
    assert output == ""
    assert line.startswith("stopped")
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []


IN_A_DESTRUCTOR = """
import os, signal
from ablations.process import interrupts

class Interrupted:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

class Broken:
    def __del__(self):
        raise ValueError

interrupts.exit_on_signal()
interrupts.interrupt_once()
Interrupted()
Broken()
try:
    interrupts.check()
except KeyboardInterrupt:
    print("raised by check")
"""


def test_an_interrupt_in_a_destructor_is_raised_later_and_prints_nothing():
    """There, Python discards every exception with a traceback."""
    done = subprocess.run(
        [sys.executable, "-c", IN_A_DESTRUCTOR],
        cwd=ROOT,
        preexec_fn=restore_signals,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "raised by check\n"
    assert "KeyboardInterrupt" not in done.stderr
    assert "ValueError" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stops_at_every_moment_of_its_start(tmp_path, paintings_folder, name, number):
    """The signal comes after every 300th import, until the command ends before it comes."""
    images = ["--data", str(paintings_folder), "--image-size", "24"]
    options = {"prepare": images, "ablate": [*images, "--epochs", "1", "--seeds", "1", "--workers", "1"]}
    for skipped in count(0, STRIDE):
        process = start(tmp_path, name, *options.get(name, ()))
        _, lines = stop(process, FIRST_LIBRARY, number, skipped)
        if process.returncode in (0, 1):
            break
        assert process.returncode == 128 + number, lines
        assert len(lines) == 1, lines
        assert lines[0].startswith("stopped")
    assert skipped > STRIDE
    assert "Traceback" not in "".join(lines)
