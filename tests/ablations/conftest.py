"""The reference for tests of engines and servers: a small suite that runs without faults."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tests.ablations.small import CELLS, Reference, command, environment, results


@pytest.fixture(scope="session")
def reference(tmp_path_factory, paintings_folder) -> Reference:
    """Results and duration of the small suite; it runs once for all test processes."""
    root = tmp_path_factory.getbasetemp()
    shared = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "reference"
    shared.mkdir(exist_ok=True)
    file = shared / "reference.json"
    with FileLock(shared / "lock"):
        if not file.exists():
            file.write_text(json.dumps(run_small_suite(paintings_folder, shared)))
    return Reference(*json.loads(file.read_text()))


def run_small_suite(paintings: Path, folder: Path) -> Reference:
    start = time.monotonic()
    done = subprocess.run(
        command(paintings, folder), cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    metrics = results(f"sqlite:///{folder}/mlflow.db")
    assert len(metrics) == CELLS
    return Reference(metrics, time.monotonic() - start)
