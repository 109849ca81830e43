"""The fork server and the workers that come from it."""

import os
import subprocess
import sys

import pytest

from ablations.engines.processes import SUITE_PID
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")

FORK_SERVER = """
from multiprocessing import forkserver
from ablations.engines.processes import start_fork_server
start_fork_server()
print(open(f"/proc/{forkserver._forkserver._forkserver_pid}/status").read())
"""


def test_the_fork_server_never_receives_ctrl_c():
    done = subprocess.run([sys.executable, "-c", FORK_SERVER], cwd=ROOT, capture_output=True, text=True)
    fields = dict(line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    assert int(fields["SigBlk"], 16) & 1 << 1, done.stderr  # bit 1 is signal 2, SIGINT


KILLED_SERVERS = """
import os, signal, threading, time
from contextlib import suppress
from multiprocessing import forkserver
from ablations.engines.processes import start_worker

def kill_servers():
    while True:
        with suppress(ProcessLookupError):
            if forkserver._forkserver._forkserver_pid:
                os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
        time.sleep(0.01)

threading.Thread(target=kill_servers, daemon=True).start()
start_worker(print)
"""


def test_a_fork_server_that_is_killed_while_it_loads_is_an_error_for_the_user():
    done = subprocess.run([sys.executable, "-c", KILLED_SERVERS], cwd=ROOT, capture_output=True, text=True)
    assert "EngineError: the process that workers are forked from was killed, 2 times" in done.stderr


def test_a_fork_server_whose_suite_died_before_it_started_ends_at_once():
    process = [sys.executable, "-X", "importtime", "-c", "import ablations.engines.preload"]
    environment = {**os.environ, SUITE_PID: "1"}  # not the parent
    done = subprocess.run(process, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "torch" not in done.stderr
