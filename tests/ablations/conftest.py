"""A suite that nobody disturbs: the reference of the tests of engines and servers."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tests.ablations.small import CELLS, Undisturbed, command, environment, results


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, paintings_folder) -> Undisturbed:
    """Results and duration of the small suite; it runs once for all test processes."""
    root = tmp_path_factory.getbasetemp()
    shared = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "undisturbed"
    shared.mkdir(exist_ok=True)
    file = shared / "undisturbed.json"
    with FileLock(shared / "lock"):
        if not file.exists():
            file.write_text(json.dumps(run_small_suite(paintings_folder, shared)))
    return Undisturbed(*json.loads(file.read_text()))


def run_small_suite(paintings: Path, folder: Path) -> Undisturbed:
    start = time.monotonic()
    done = subprocess.run(
        command(paintings, folder), cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    metrics = results(f"sqlite:///{folder}/mlflow.db")
    assert len(metrics) == CELLS
    return Undisturbed(metrics, time.monotonic() - start)
