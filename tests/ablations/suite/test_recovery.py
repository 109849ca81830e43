"""Suites in real processes that are stopped, killed and started again, one or two at a time."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from ablations.tracking import models
from tests.ablations import small
from tests.ablations.small import CELLS
from tests.conftest import ROOT

ARGUMENTS = {**small.ARGUMENTS, "workers": 1}
LAST_LINE = "the same command goes on from here"


def restore_signals() -> None:
    """Handle signals as in a terminal, also if the tests run under nohup or in the background of a script."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Suite:
    """A suite with its own tracking store and cache, which can be started several times."""

    def __init__(self, folder: Path, paintings: Path, **arguments: object):
        folder.mkdir(exist_ok=True)
        self.folder, self.database = folder, folder / "mlflow.db"
        self.arguments = {"data": paintings, "out": folder / "results", **ARGUMENTS, **arguments}
        self.environment = {**small.environment(folder), "WIKIART_SAVE_SECONDS": "0"}  # every epoch
        self.starts = 0

    def start(self) -> tuple[subprocess.Popen, Path]:
        """Start the suite as leader of a process group; return the process and its output file."""
        return self._start(small.command(self.arguments["data"], self.folder, **self.arguments))

    def start_by_mlflow(self) -> tuple[subprocess.Popen, Path]:
        """Start the suite with ``mlflow run``."""
        options = [word for pair in self.arguments.items() for word in ("-P", "{}={}".format(*pair))]
        command = [sys.executable, "-m", "mlflow", "run", str(ROOT), "-e", "smote"]
        return self._start([*command, "--env-manager", "local", *options])

    def _start(self, command: list[str]) -> tuple[subprocess.Popen, Path]:
        self.starts += 1
        output = self.folder / f"output-{self.starts}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=restore_signals,
            )
        return process, output

    def states(self, not_before: float) -> list[Path]:
        """States of trainings between two epochs that were written at this time or later."""
        states = (self.folder / "cache" / "trainings").glob("*.pt")
        return [path for path in states if path.stat().st_mtime >= not_before]

    def log(self, run) -> str:
        """The text of a run's log.txt; a run without remarks has none."""
        path = Path(run.info.artifact_uri.removeprefix("file://")) / "log.txt"
        return path.read_text() if path.exists() else ""

    def runs(self, status: str) -> list:
        if not self.database.exists():
            return []
        client = MlflowClient(self.environment["MLFLOW_TRACKING_URI"])
        return list(client.search_runs(["0"], f"attributes.status = '{status}'"))

    def results(self) -> dict[str, dict[str, float]]:
        """Metrics, without times, of the finished runs by fingerprint; none is there twice."""
        return small.results(self.environment["MLFLOW_TRACKING_URI"])

    def assert_complete(self, expected: dict) -> None:
        """Assert that all runs are there as if the suite had never been stopped."""
        assert self.results() == expected
        assert self.runs("RUNNING") == []
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        trainings = [path.name for path in (self.folder / "cache" / "trainings").iterdir()]
        assert all(name.endswith(".lock") for name in trainings), trainings
        client = MlflowClient(self.environment["MLFLOW_TRACKING_URI"])
        weights: dict[str, set[int]] = {}
        for run in self.runs("FINISHED"):
            if run.data.tags["role"] == "cell":
                [model] = run.outputs.model_outputs
                location = client.get_logged_model(model.model_id).artifact_location.removeprefix("file://")
                file = Path(location) / models.WEIGHTS
                weights.setdefault(run.data.tags["training"], set()).add(file.stat().st_ino)
                curve = client.get_metric_history(run.info.run_id, "train/loss")
                assert [point.step for point in curve] == list(range(1, ARGUMENTS["epochs"] + 1))
        assert [len(files) for files in weights.values()] == [1, 1]  # of four cells each


def family(process: subprocess.Popen) -> list[psutil.Process]:
    """A process and its descendants."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    return []


def survivors(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The processes that are alive after 10 seconds; a zombie is dead, although nobody has reaped it."""
    _, alive = psutil.wait_procs(processes, 10)
    with contextlib.suppress(psutil.NoSuchProcess):
        return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    return survivors(alive)


def interrupt(process: subprocess.Popen, number: signal.Signals, group: bool) -> None:
    """Send a signal to the process or its group, twice as impatient users do; all must end in 10 seconds."""
    processes = family(process)
    for _ in range(2):
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, number)
        time.sleep(0.2)
    assert survivors(processes) == []
    process.wait()


def is_forked(process: psutil.Process, suite: subprocess.Popen) -> bool:
    """True for a worker: a child of the fork server, not of the suite."""
    return process.pid != suite.pid and process.ppid() != suite.pid


def kill(suite: subprocess.Popen, victim: str, choice: random.Random) -> None:
    """Send SIGKILL to the suite, to all its processes, or to a worker, after which the suite goes on."""
    processes = family(suite)
    workers = [
        process
        for process in processes
        if "multiprocessing" in " ".join(process.cmdline()) and is_forked(process, suite)
    ]
    worker = choice.sample(workers, min(1, len(workers)))
    for process in {"suite": processes[:1], "everything": processes, "worker": worker}[victim]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    if victim == "worker":
        assert suite.wait(300) in (0, 1)
    suite.wait()
    assert survivors(processes) == []


STOPS = (
    "SIGINT to the group",  # Ctrl-C
    "SIGKILL to the suite",
    "SIGTERM to the suite",
    "SIGKILL to everything",
    "SIGINT to the suite",
    "SIGKILL to a worker",
)


def stop(suite: Suite, means: str, after: float, choice: random.Random, *, training: bool = False) -> None:
    """Start a suite and stop it some seconds after its start, or after its first state on disk (training)."""
    start = time.time()
    process, output = suite.start()
    while training and process.poll() is None and not suite.states(not_before=start):
        time.sleep(0.02)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
        return
    name, _, victim = means.split(maxsplit=2)
    if name == "SIGKILL":
        kill(process, victim.split()[-1], choice)
        return
    interrupt(process, signal.Signals[name], victim == "the group")
    text = output.read_text()
    is_begun, is_ended = "data:" in text, "in the interface" in text
    assert LAST_LINE in text or is_ended or not is_begun
    assert "Traceback" not in text or not is_begun  # Python's own while it starts
    is_swept = "finished already" in text  # before that, runs of an earlier SIGKILL may be RUNNING
    running = suite.runs("RUNNING")
    assert [run for run in running if is_swept or run.info.start_time >= 1000 * start] == []


def finish(suite: Suite, expected: dict) -> None:
    process, output = suite.start()
    assert process.wait(300) == 0, output.read_text()
    suite.assert_complete(expected)


def test_a_stopped_suite_goes_on_and_ends_with_the_same_results(tmp_path, paintings_folder, reference):
    choice = random.Random(5)
    suite = Suite(tmp_path / "suite", paintings_folder)
    for means in ("SIGKILL to everything", "SIGINT to the group", "SIGKILL to a worker"):
        stop(suite, means, choice.uniform(0, 0.5), choice, training=True)
    suite.assert_complete(reference.results)  # the last start replaced the worker that it lost
    assert len(suite.runs("KILLED")) >= 2 + 3  # two suites, and the active runs at each stop
    logs = [suite.log(run) for run in suite.runs("FINISHED") if run.data.tags["role"] == "cell"]
    assert any("resumed after epoch" in text for text in logs)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_suite_that_is_stopped_at_random_moments_goes_on(tmp_path, paintings_folder, reference, seed):
    choice = random.Random(seed)
    for number, means in enumerate(choice.sample(STOPS, len(STOPS))):
        if number % 3 == 0:  # after about three stops a suite has nothing left to run
            suite = Suite(tmp_path / str(number), paintings_folder, workers=2)
        stop(suite, means, choice.uniform(0, 1.2) * reference.seconds, choice)
        if number % 3 == 2:
            finish(suite, reference.results)


@pytest.mark.slow
def test_two_suites_at_once_on_a_new_database_share_the_work(tmp_path, paintings_folder, reference):
    suite = Suite(tmp_path / "suite", paintings_folder)
    for process, output in [suite.start(), suite.start()]:
        assert process.wait(300) == 0, output.read_text()
    suite.assert_complete(reference.results)
    parents = [run for run in suite.runs("FINISHED") if run.data.tags["role"] == "suite"]
    reused = [int(run.data.tags.get("reused", 0)) for run in parents]
    assert sum(reused) == CELLS  # each runs what the other has not
    assert len([path for path in (suite.folder / "cache" / "stores").iterdir() if path.is_dir()]) == 1
    assert suite.runs("KILLED") == suite.runs("FAILED") == []


def wait_for(output: Path, words: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while words not in output.read_text():
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, *(pytest.param(n, marks=pytest.mark.slow) for n in (signal.SIGKILL,))]
)
def test_the_script_ends_with_the_mlflow_run_that_started_it(tmp_path, paintings_folder, number):
    suite = Suite(tmp_path / "suite", paintings_folder)
    process, output = suite.start_by_mlflow()
    wait_for(output, "trainings to run")
    processes = family(process)
    process.send_signal(number)
    process.wait(10)
    assert survivors(processes) == []
    assert LAST_LINE in output.read_text()
    statuses = Counter(run.info.status for run in [*suite.runs("KILLED"), *suite.runs("RUNNING")])
    assert set(statuses) == {"KILLED"}


@pytest.mark.slow
def test_ctrl_c_at_mlflow_run_ends_the_suite_in_order(tmp_path, paintings_folder):
    suite = Suite(tmp_path / "suite", paintings_folder)
    process, output = suite.start_by_mlflow()
    while not suite.states(not_before=0):
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)
    interrupt(process, signal.SIGINT, group=True)
    assert LAST_LINE in output.read_text()
    roles = {status: {run.data.tags["role"] for run in suite.runs(status)} for status in ("KILLED", "FAILED")}
    assert roles["KILLED"] == {"cell"}
    assert roles["FAILED"] == {"suite"}  # mlflow run overwrites the suite's KILLED
    assert suite.runs("RUNNING") == []
    process, output = suite.start()
    assert process.wait(300) == 0, output.read_text()
    assert suite.runs("FAILED") == []  # the next start has set it again
