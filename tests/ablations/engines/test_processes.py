"""The fork server and the workers that come from it."""

import subprocess
import sys

import pytest

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
