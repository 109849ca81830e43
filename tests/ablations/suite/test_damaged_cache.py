"""Suites in real processes on damaged caches: the same command ends well, with the same numbers."""

import random
import shutil
import subprocess

import pytest

from tests.ablations import small
from tests.wikiart.cache.test_checksums import DAMAGES, files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory, paintings_folder):
    """The folder of a suite with its cache, and the metrics of its cells."""
    folder = tmp_path_factory.mktemp("whole")
    assert run(paintings_folder, folder).returncode == 0
    return folder, small.results(small.environment(folder)["MLFLOW_TRACKING_URI"])


def run(paintings, folder) -> subprocess.CompletedProcess:
    command = small.command(paintings, folder, workers=1)
    return subprocess.run(command, cwd=folder, env=small.environment(folder), capture_output=True, text=True)


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_same_command_ends_with_the_same_numbers(whole, paintings_folder, tmp_path, damage):
    """Every third file of the cache is damaged before the suite starts on a new tracking store."""
    shutil.copytree(whole[0] / "cache", tmp_path / "cache")
    choice = random.Random(damage.__name__)
    paths = files(tmp_path / "cache")
    for path in choice.sample(paths, len(paths) // 3):
        damage(path, choice)
    done = run(paintings_folder, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is damaged" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert small.results(small.environment(tmp_path)["MLFLOW_TRACKING_URI"]) == whole[1]
