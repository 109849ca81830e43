"""Progress is a bar in a terminal and lines in a log; a quiet suite prints failures alone."""

import os
import pty
import subprocess
import sys

import pytest

from ablations.process.progress import SuiteProgress
from tests.conftest import ROOT, environment_for

BAR = "\u2501"

SUITE = """
import sys
from ablations.process.progress import SuiteProgress, set_quiet, say
if "quiet" in sys.argv:
    set_quiet()
say("begins")
with SuiteProgress([("one", 2), ("two", 1)]) as progress:
    progress.update(0, 0.0)
    progress.update(1, 0.0)
    progress.update(1, 0.5)
    progress.end(0, None)
    progress.end(1, ValueError("no luck\\nat all"))
say("the link", always=True)
"""


@pytest.mark.parametrize(("expected", "left"), [(None, "10 min"), ([600.0, 600.0, 6000.0], "1.7 h")])
def test_time_left_follows_from_the_expected_durations(expected, left):
    progress = SuiteProgress([("one", 1), ("two", 1), ("three", 1)], expected)
    progress.started_at -= 1200
    progress.fractions = [1.0, 1.0, 0.0]
    assert progress._time_left() == f"{left} left"


SILENT = """
from ablations.process import progress
progress.SILENCE = -1.0  # every update comes after a silence
with progress.progress_bar("decoding", "images") as update:
    update(1, 3)
    update(3, 3)
with progress.SuiteProgress([("one", 2), ("two", 1)]) as suite:
    suite.update(0, 0.0)
    suite.update(0, 0.01)
"""


def in_terminal(words: list[str], environment: dict[str, str]) -> str:
    """Run a program in a pseudo-terminal; return its output."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(words, env=environment, stdout=end, stderr=end, stdin=end)
    os.close(end)
    output = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        output += piece
    os.close(terminal)
    assert process.wait() == 0, output
    return output.decode()


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return {**environment_for(tmp_path), "PYTHONPATH": str(ROOT), "TERM": "xterm"}


def in_log(words: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_decoding_shows_a_bar_in_a_terminal_and_one_line_in_a_log(environment, paintings_folder):
    words = [sys.executable, "-m", "ablations.cli.prepare", "--data", str(paintings_folder)]
    terminal = in_terminal([*words, "--image-size", "24"], environment)
    log = in_log([*words, "--image-size", "25"], environment)
    assert BAR in terminal
    assert "decoding at 24 px: 47 images" in terminal
    assert "\x1b" not in log
    assert BAR not in log
    assert "decoding at 25 px: 47 images\n" in log


def test_a_suite_shows_a_bar_below_its_lines_in_a_terminal(environment):
    output = in_terminal([sys.executable, "-c", SUITE], environment)
    assert BAR in output
    assert "3/3 runs" in output  # below the lines of the trainings that ended
    assert "[2/3 runs, " in output
    assert "two FAILED: no luck" in output


def test_a_suite_prints_a_line_per_training_in_a_log(environment):
    begins, one, two, link = in_log([sys.executable, "-c", SUITE], environment).splitlines()
    assert (begins, link) == ("begins", "the link")
    assert one.startswith("[2/3 runs, ")
    assert one.endswith(" left] one done; now two")
    assert two.endswith("[3/3 runs, 0 s left] two FAILED: no luck")


def test_a_log_has_a_line_after_each_silence(environment):
    lines = in_log([sys.executable, "-c", SILENT], environment).splitlines()
    assert lines[:3] == ["decoding: 1 of 3 images", "decoding: 3 of 3 images", "decoding: 3 images"]
    first, second = lines[3:]
    assert first.endswith("time left unknown] still running: one")
    assert second.endswith(" left] still running: one")


@pytest.mark.parametrize("run", [in_terminal, in_log])
def test_a_quiet_suite_prints_failures_and_its_last_lines(environment, run):
    failed, link = run([sys.executable, "-c", SUITE, "quiet"], environment).splitlines()
    assert failed.endswith("two FAILED: no luck")
    assert link == "the link"
    assert BAR not in failed
