"""MLflow builds the same environment from conda.yaml and from the file that setup writes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from mlflow.utils.environment import _PythonEnv
from mlflow.utils.virtualenv import _get_virtualenv_name

from ablations.cli import setup

ROOT = Path(__file__).resolve().parents[3]


def test_conda_yaml_names_requirements_alone():
    packages = yaml.safe_load((ROOT / "conda.yaml").read_text())["dependencies"]
    assert packages == ["python=3.11", "pip", {"pip": ["-r requirements.txt"]}]


def test_setup_writes_the_environment_of_conda_yaml(tmp_path, monkeypatch):
    for name in ("conda.yaml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(setup.command)
    assert done.exit_code == 0, done.output
    built = _PythonEnv.from_conda_yaml("conda.yaml")
    preferred = _PythonEnv.from_yaml("python_env.yaml")
    assert _get_virtualenv_name(built, str(tmp_path)) == _get_virtualenv_name(preferred, str(tmp_path))


def test_what_setup_writes_is_not_committed():
    assert "python_env.yaml" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.slow
def test_a_suite_runs_without_conda_and_pyenv(tmp_path):
    # uv builds the environment; from then on plain `mlflow run` finds it.
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.splitlines():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("mlflow", "uv", "python"):
        (bare / tool).symlink_to(Path(sys.executable).parent / tool)
    environment = {**os.environ, "PATH": f"{bare}:/usr/bin:/bin", "WIKIART_CACHE": str(tmp_path / "cache")}
    environment["MLFLOW_ENV_ROOT"] = str(tmp_path / "envs")
    assert not any(shutil.which(tool, path=environment["PATH"]) for tool in ("conda", "pyenv"))
    tiny = ["-P", "epochs=1", "-P", "seeds=1", "-P", "factors=dropout"]
    for words in (["-e", "setup", "--env-manager", "uv"], ["-e", "ablate", *tiny]):
        done = subprocess.run(
            ["mlflow", "run", ".", *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "always Impressionism" in done.stdout
