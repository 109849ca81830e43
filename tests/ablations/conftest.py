"""What several tests of engines and servers compare with."""

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
    """What the small suite comes to that nobody stops; run once for all processes of the tests."""
    root = tmp_path_factory.getbasetemp()
    shared = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "undisturbed"
    shared.mkdir(exist_ok=True)
    kept = shared / "undisturbed.json"
    with FileLock(shared / "lock"):
        if not kept.exists():
            kept.write_text(json.dumps(run_small_suite(paintings_folder, shared)))
    return Undisturbed(*json.loads(kept.read_text()))


def run_small_suite(paintings: Path, folder: Path) -> Undisturbed:
    began = time.monotonic()
    done = subprocess.run(
        command(paintings, folder), cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = results(f"sqlite:///{folder}/mlflow.db")
    assert len(found) == CELLS
    return Undisturbed(found, time.monotonic() - began)
