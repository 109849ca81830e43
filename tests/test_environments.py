"""A suite of the four questions runs on every Python and on every set of libraries that are promised.

Each environment is built anew by uv, takes 6 GB of disk, and is removed at the end.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

SMALL = ["--epochs", "1", "--seeds", "2", "--image-size", "24"]
#: which versions of those that requirements.txt allows
RESOLUTIONS = {"newest": "highest", "lowest": "lowest-direct"}


@pytest.fixture
def environment(tmp_path, python, libraries):
    """The folder of an environment with this Python and these libraries."""
    if not shutil.which("uv"):
        pytest.skip("uv is not installed")
    if subprocess.run(["uv", "python", "find", "--no-python-downloads", python], check=False).returncode:
        pytest.skip(f"no Python {python} on this machine")
    folder = tmp_path / "environment"
    subprocess.run(["uv", "venv", "--no-python-downloads", "--python", python, folder], check=True)
    install = ["uv", "pip", "install", "--python", folder, "--resolution", RESOLUTIONS[libraries]]
    subprocess.run([*install, "-r", ROOT / "requirements.txt"], check=True)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("python", "libraries"),
    [("3.11", "lowest"), ("3.12", "newest"), ("3.13", "newest")],
)
def test_a_suite_runs(environment: Path, tmp_path):
    variables = {
        **os.environ,
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
        "WIKIART_CACHE": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        ["python", "-m", "ablations.ablate", *SMALL, "--out", tmp_path / "results"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[32/32 runs" in done.stdout
    [report] = (tmp_path / "results").glob("*/report.html")
    assert "dropout 0.1" in report.read_text(encoding="utf-8")
