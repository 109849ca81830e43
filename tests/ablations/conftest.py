"""What several tests of engines and servers compare with."""

import subprocess

import pytest

from tests.ablations.small import command, environment, results


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, paintings_folder) -> dict[str, dict[str, float]]:
    """Metrics by fingerprint of the small suite on one machine, in a file."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = subprocess.run(
        command(paintings_folder, folder), cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return results(f"sqlite:///{folder}/mlflow.db")
