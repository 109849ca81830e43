"""Mistakes of the user and faults of the machine end with one line and an exit code, no traceback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ablations.process import commands, environment
from tests.conftest import ROOT, environment_for

TINY = ["--image-size", "24", "--epochs", "1", "--seeds", "1", "--workers", "1"]
SMOTE = ["-m", "ablations.smote", *TINY]
PREPARE = ["-m", "ablations.cli.prepare"]
PREDICT = ["-m", "ablations.cli.predict"]
SUMMARIZE = [str(ROOT / "results" / "summarize.py")]
UNREACHABLE = "http://127.0.0.1:9"
QUICK = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "1", "WIKIART_CONNECT_SECONDS": "1"}


@dataclass
class Case:
    """A command line with its exit code and message."""

    words: list[str]
    code: int
    line: str  #: part of the last line of standard error
    environment: dict[str, str] = field(default_factory=dict)


def at(uri: str) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": uri}


def mount(folder: Path, options: str) -> None:
    """Mount an empty disk on a folder; skip the test if that needs to be root."""
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
    """A folder that not even root can write to."""
    mount(tmp_path / "read_only", "ro")
    yield tmp_path / "read_only"
    subprocess.run(["umount", tmp_path / "read_only"], check=True)


def run_together(folder: Path, cases: list[Case]) -> list[dict]:
    commands = [{"words": c.words, "environment": c.environment, "folder": str(folder)} for c in cases]
    environment = {**environment_for(folder), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.ablations.together"],
        input=json.dumps(commands),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_one_line_errors(folder: Path, cases: list[Case]) -> None:
    """Each case exits with its code, without a traceback, and its message is the last line."""
    for case, result in zip(cases, run_together(folder, cases), strict=True):
        output = f"{case.words}\n{result['out']}{result['err']}"
        assert "Traceback" not in output
        assert "secret" not in output
        assert result["code"] == case.code, output
        last = result["err"].strip().splitlines()[-1]
        assert last.startswith("Error: "), output
        assert case.line in last, output


def test_mistakes_of_the_user_are_one_line(tmp_path, paintings_folder):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no database, no folder")
    (tmp_path / "counts.yaml").write_text("Ochre: 20")
    images = str(paintings_folder)
    unreachable = "127.0.0.1:9 cannot be used (Connection refused): start it"
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
        Case(SMOTE, 1, f"http://me:***@{unreachable}", at("http://me:secret@127.0.0.1:9")),
        Case(SUMMARIZE, 1, f"http://me:***@{unreachable}", at("http://me:secret@127.0.0.1:9")),
        Case([*PREDICT, "--model", "runs:/0123/model", "a.png"], 1, f"http://{unreachable}", at(UNREACHABLE)),
        Case(SMOTE, 1, "file/mlflow.db cannot be used (File exists", below_a_file),
        Case(SUMMARIZE, 1, "file/mlflow.db, which does not exist", below_a_file),
        Case(SUMMARIZE, 1, "cannot be used (file is not a database)", at(f"sqlite:///{tmp_path}/file")),
        Case([*SMOTE, "--factors", "smote=1000000000000,off", "--data", images], 1, "are too many: the free"),
        Case([*SMOTE, "--allow-skipped", "nan"], 2, "nan is not a number"),
        Case([*SMOTE, "--learning-rate", "inf"], 2, "inf is not in the range"),
        Case([*SMOTE, "--data", images, "--device", "meta"], 1, "device=meta: use auto, cpu, cuda or cuda:N"),
        Case([*SMOTE, "--data", ""], 2, "'--data': an empty path"),
        Case([*PREPARE, "--data", " "], 2, "'--data': an empty path"),
        Case([*SMOTE, "--out", ""], 2, "'--out': an empty path"),
        Case([*SUMMARIZE, "--out", ""], 2, "'--out': an empty path"),
    ]
    assert_one_line_errors(tmp_path, cases)
    assert not (tmp_path / "cache").exists() or not list((tmp_path / "cache").glob("sample*"))


def test_a_tracking_address_that_cannot_be_used_is_one_line(tmp_path, paintings_folder):
    (tmp_path / "folder").mkdir()
    smote = [*SMOTE, "--data", str(paintings_folder)]
    predict = [*PREDICT, "--model", "runs:/0123/model", "a.png"]
    with silent_server() as port:
        mistakes = {
            f"sqlite:///{tmp_path}/folder": f"the database {tmp_path}/folder is a folder: name a file in it",
            "sqlite://": "sqlite:// is a database in memory",
            "sqlite:///:memory:": "is a database in memory",
            "mysql+nodriver://me:secret@127.0.0.1:9/runs": "me:***@127.0.0.1:9/runs cannot be used",
            "mysql+aiomysql://me:secret@127.0.0.1:9/runs": "needs the Python package aiomysql",
            "http://me:secret/@127.0.0.1:9": "http://me:***@127.0.0.1:9 is ambiguous",
            f"postgresql+psycopg2://me:secret@127.0.0.1:{port}/runs": "(no answer within 1 s): start it",
            f"http://me:secret@127.0.0.1:{port}": "(no answer within 1 s): start it",
        }
        cases = [
            Case(words, 1, line, {**at(uri), **QUICK})
            for uri, line in mistakes.items()
            for words in (smote, SUMMARIZE, predict)
        ]
        assert_one_line_errors(tmp_path, cases)


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def test_unanswered_requests_end_in_seconds_whatever_mlflow_would_wait(monkeypatch):
    names = environment.TIMEOUT, environment.RETRIES
    for before, seconds in ((None, "8"), ("120", "8"), ("1", "1")):
        if before:
            monkeypatch.setenv(environment.TIMEOUT, before)
        with environment.few_retries():
            assert [os.environ[name] for name in names] == [seconds, "1"]
        assert os.environ.get(environment.TIMEOUT) == before


@pytest.mark.slow
def test_folders_that_cannot_be_written_are_named(tmp_path, paintings_folder, read_only, disk):
    images = ["--data", str(paintings_folder), "--image-size", "96"]
    cases = [
        Case(SMOTE, 1, "(Read-only file system: ", at(f"sqlite:///{read_only}/mlflow.db")),
        Case([*PREPARE, *images, "--cache", str(read_only)], 1, "choose another folder with --cache"),
        Case([*PREPARE, *images, "--cache", str(disk / "cache")], 1, "no space left for"),
        Case([*SMOTE, *images], 1, "disk is full", at(f"sqlite:///{disk}/mlflow.db")),
    ]
    assert_one_line_errors(tmp_path, cases)


@pytest.mark.slow
def test_a_disk_that_fills_up_with_artifacts_fails_the_trainings(tmp_path, paintings_folder, disk):
    environment = {**environment_for(tmp_path), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *SMOTE, "--data", str(paintings_folder), "--out", str(tmp_path / "results")],
        env=environment,
        capture_output=True,
        text=True,
        cwd=disk,  # where MLflow puts artifacts
        timeout=300,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 1, output
    assert "no space left" in output.lower()
    assert "Traceback" not in output


def test_ctrl_c_three_times_stops_once_and_leaves_nothing_unfinished(tmp_path):
    # While the sample is generated.
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
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert output.strip().endswith("stopped")
    assert "Traceback" not in output
    assert list((tmp_path / "cache").glob(".sample-*")) == []


def test_a_mistake_of_the_program_asks_for_a_report():
    @commands.command("Breaks.", example="break", options={})
    def broken() -> None:
        click.echo(1 / 0)

    plain = CliRunner().invoke(broken, [])
    assert plain.exit_code == 70
    [line] = plain.stderr.splitlines()
    assert line.startswith("Error: unexpected ZeroDivisionError: division by zero (a mistake in this program")
    for arguments, variables in ((["--debug"], {}), ([], {"WIKIART_DEBUG": "1"})):
        result = CliRunner().invoke(broken, arguments, env=variables)
        assert result.exit_code == 70
        assert "Traceback" in result.stderr
        assert result.stderr.splitlines()[-1] == line
