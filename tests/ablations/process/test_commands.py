"""What a user meets who makes a mistake, or whose machine does: one line, never a traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ablations.process import commands
from tests.conftest import ROOT, environment_for

TINY = ["--image-size", "24", "--epochs", "1", "--seeds", "1", "--workers", "1"]
SMOTE = ["-m", "ablations.smote", *TINY]
PREPARE = ["-m", "ablations.cli.prepare"]
PREDICT = ["-m", "ablations.cli.predict"]
SUMMARIZE = [str(ROOT / "results" / "summarize.py")]
NOBODY = "http://127.0.0.1:9"


@dataclass
class Case:
    """A command line, and what comes of it."""

    words: list[str]
    code: int
    line: str  #: part of the last line of standard error
    environment: dict[str, str] = field(default_factory=dict)


def at(uri: str) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": uri}


def mount(folder: Path, options: str) -> None:
    """An empty disk on a folder; skips the test where only root may do that."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
    if done.returncode:
        pytest.skip("mounting needs to be root")


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 300 kB."""
    mount(tmp_path / "disk", "size=300k")
    yield tmp_path / "disk"
    subprocess.run(["umount", tmp_path / "disk"], check=True)


@pytest.fixture
def read_only(tmp_path) -> Iterator[Path]:
    """A folder that nobody can write to, not even root."""
    mount(tmp_path / "read_only", "ro")
    yield tmp_path / "read_only"
    subprocess.run(["umount", tmp_path / "read_only"], check=True)


def run_together(folder: Path, cases: list[Case]) -> list[dict]:
    asked = [{"words": c.words, "environment": c.environment, "folder": str(folder)} for c in cases]
    environment = {**environment_for(folder), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.ablations.together"],
        input=json.dumps(asked),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_told(folder: Path, cases: list[Case]) -> None:
    """Each case ends with its code and its line, which is the last one, and without a traceback."""
    for case, found in zip(cases, run_together(folder, cases), strict=True):
        said = f"{case.words}\n{found['out']}{found['err']}"
        assert "Traceback" not in said
        assert "secret" not in said
        assert found["code"] == case.code, said
        last = found["err"].strip().splitlines()[-1]
        assert last.startswith("Error: "), said
        assert case.line in last, said


def test_mistakes(tmp_path, paintings_folder):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no database, no folder")
    (tmp_path / "counts.yaml").write_text("Ochre: 20")
    images = str(paintings_folder)
    nobody = "127.0.0.1:9 cannot be used (Connection refused): start it"
    below_a_file = at(f"sqlite:///{tmp_path}/file/mlflow.db")
    cases = [
        Case([*PREPARE, "--data", "no/such/folder"], 1, "no/such/folder does not exist: expected"),
        Case([*PREPARE, "--data", "empty"], 1, "empty is not a folder of images: expected"),
        Case([*PREPARE, "--data", "file"], 1, "file is not a folder of images: expected"),
        Case([*SMOTE, "--data", "empty"], 1, "empty is not a folder of images: expected"),
        Case([*SMOTE, "--data", images, "--factors", "smote=off,counts.yaml"], 1, "'Ochre' is not a style"),
        Case([*SMOTE, "--factors", "smoote=off,on"], 2, "no setting is called smoote; there are: class"),
        Case([*SMOTE, "--factors", "dropout=0.1,1.5"], 2, "dropout=1.5: allowed are: number, at least 0"),
        Case([*SMOTE, "--epoch", "3"], 2, "No such option"),
        Case(SMOTE, 1, f"http://me:***@{nobody}", at("http://me:secret@127.0.0.1:9")),
        Case(SUMMARIZE, 1, f"http://me:***@{nobody}", at("http://me:secret@127.0.0.1:9")),
        Case([*PREDICT, "--model", "runs:/0123/model", "a.png"], 1, f"http://{nobody}", at(NOBODY)),
        Case(SMOTE, 1, "file/mlflow.db cannot be used (File exists", below_a_file),
        Case(SUMMARIZE, 1, "file/mlflow.db, which does not exist", below_a_file),
        Case(SUMMARIZE, 1, "cannot be used (file is not a database)", at(f"sqlite:///{tmp_path}/file")),
    ]
    assert_told(tmp_path, cases)
    assert not (tmp_path / "cache").exists() or not list((tmp_path / "cache").glob("sample*"))


@pytest.mark.slow
def test_folders_that_cannot_be_written(tmp_path, paintings_folder, read_only, disk):
    images = ["--data", str(paintings_folder), "--image-size", "96"]
    cases = [
        Case(SMOTE, 1, "(Read-only file system: ", at(f"sqlite:///{read_only}/mlflow.db")),
        Case([*PREPARE, *images, "--cache", str(read_only)], 1, "choose another folder with --cache"),
        Case([*PREPARE, *images, "--cache", str(disk / "cache")], 1, "no space left for"),
        Case([*SMOTE, *images], 1, "disk is full", at(f"sqlite:///{disk}/mlflow.db")),
    ]
    assert_told(tmp_path, cases)


@pytest.mark.slow
def test_a_disk_that_is_full_of_a_suites_own_artifacts(tmp_path, paintings_folder, disk):
    """The trainings fail, with their reason; what is said of it ends with the list."""
    environment = {**environment_for(tmp_path), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *SMOTE, "--data", str(paintings_folder), "--out", str(tmp_path / "results")],
        env=environment,
        capture_output=True,
        text=True,
        cwd=disk,  # where MLflow puts artifacts
        timeout=300,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "No space left on device" in said or "no space left" in said
    assert "Traceback" not in said


def test_ctrl_c_and_impatience(tmp_path):
    """While the sample is painted, three times; nothing half-made is left."""
    process = subprocess.Popen(
        [sys.executable, *PREPARE],
        env={**environment_for(tmp_path), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not list((tmp_path / "cache").glob(".sample-*/**/*.jpg")):
        assert process.poll() is None
        time.sleep(0.05)
    for _ in range(3):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert said.strip().endswith("stopped")
    assert "Traceback" not in said
    assert list((tmp_path / "cache").glob(".sample-*")) == []


def test_a_mistake_of_the_program_says_so():
    @commands.command("Breaks.", example="break", options={})
    def broken() -> None:
        click.echo(1 / 0)

    plain = CliRunner().invoke(broken, [])
    assert plain.exit_code == 70
    [line] = plain.stderr.splitlines()
    assert line.startswith("Error: unexpected ZeroDivisionError: division by zero (a mistake in this program")
    for arguments, environment in ((["--debug"], {}), ([], {"WIKIART_DEBUG": "1"})):
        told = CliRunner().invoke(broken, arguments, env=environment)
        assert told.exit_code == 70
        assert "Traceback" in told.stderr
        assert told.stderr.splitlines()[-1] == line
