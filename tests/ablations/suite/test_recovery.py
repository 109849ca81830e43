"""Suites of real processes that are stopped, killed and started again, alone and two at once."""

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

from tests.ablations import small
from tests.ablations.small import CELLS
from tests.conftest import ROOT

ARGUMENTS = {**small.ARGUMENTS, "workers": 1}
LAST_LINE = "the same command goes on from here"


def hear_signals() -> None:
    """As in a terminal, even where the tests run in the background of a script or under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Suite:
    """The script on a tracking store and a cache of its own, as often as it is started."""

    def __init__(self, folder: Path, paintings: Path, **arguments: object):
        folder.mkdir(exist_ok=True)
        self.folder, self.database = folder, folder / "mlflow.db"
        self.arguments = {"data": paintings, "out": folder / "results", **ARGUMENTS, **arguments}
        self.environment = {**small.environment(folder), "WIKIART_SAVE_SECONDS": "0"}  # every epoch
        self.starts = 0

    def start(self) -> tuple[subprocess.Popen, Path]:
        """The process, leader of a process group as in a terminal, and the file of its output."""
        return self._start(small.command(self.arguments["data"], self.folder, **self.arguments))

    def start_by_mlflow(self) -> tuple[subprocess.Popen, Path]:
        """The same through ``mlflow run``."""
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
                preexec_fn=hear_signals,
            )
        return process, output

    def states(self, since: float) -> list[Path]:
        """Trainings kept between two epochs, written since then."""
        kept = (self.folder / "cache" / "trainings").glob("*.pt")
        return [path for path in kept if path.stat().st_mtime >= since]

    def log(self, run) -> str:
        """A run's log.txt, which is there if anything was to be said."""
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

    def assert_whole(self, expected: dict) -> None:
        """As if nothing had happened."""
        assert self.results() == expected
        assert self.runs("RUNNING") == []
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        trainings = [path.name for path in (self.folder / "cache" / "trainings").iterdir()]
        assert all(name.endswith(".lock") for name in trainings), trainings
        client = MlflowClient(self.environment["MLFLOW_TRACKING_URI"])
        for run in self.runs("FINISHED"):
            if run.data.tags["role"] == "cell":
                curve = client.get_metric_history(run.info.run_id, "train/loss")
                assert [point.step for point in curve] == list(range(1, ARGUMENTS["epochs"] + 1))


def family(process: subprocess.Popen) -> list[psutil.Process]:
    """A process and all that it started, directly or not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    return []


def left(everyone: list[psutil.Process]) -> list[psutil.Process]:
    """Who still lives after 10 seconds; a zombie is dead, whoever should have taken note of it."""
    _, alive = psutil.wait_procs(everyone, 10)
    with contextlib.suppress(psutil.NoSuchProcess):
        return [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    return left(alive)


def interrupt(process: subprocess.Popen, number: signal.Signals, group: bool) -> None:
    """A signal to the process or its group, twice; all have 10 seconds to be gone."""
    everyone = family(process)
    for _ in range(2):  # impatience must not make a mess
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, number)
        time.sleep(0.2)
    assert left(everyone) == []
    process.wait()


def forked(one: psutil.Process, suite: subprocess.Popen) -> bool:
    """Whether a process is no child of the suite's own, but of the one that workers are forked from."""
    return one.pid != suite.pid and one.ppid() != suite.pid


def kill(process: subprocess.Popen, whom: str, choice: random.Random) -> None:
    """SIGKILL to the script, to everything, or to a worker, after which the script goes on."""
    everyone = family(process)
    workers = [
        one for one in everyone if "multiprocessing" in " ".join(one.cmdline()) and forked(one, process)
    ]
    one_worker = choice.sample(workers, min(1, len(workers)))
    for victim in {"suite": everyone[:1], "everything": everyone, "worker": one_worker}[whom]:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    if whom == "worker":
        assert process.wait(300) in (0, 1)
    process.wait()
    assert left(everyone) == []


STOPS = (
    "SIGINT to the group",  # Ctrl-C
    "SIGKILL to the suite",
    "SIGTERM to the suite",
    "SIGKILL to everything",
    "SIGINT to the suite",
    "SIGKILL to a worker",
)


def stop(suite: Suite, how: str, after: float, choice: random.Random, *, training: bool = False) -> None:
    """Start a suite and stop it after so many seconds, from its start or from its first new state on disk."""
    began = time.time()
    process, output = suite.start()
    while training and process.poll() is None and not suite.states(since=began):
        time.sleep(0.02)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
        return
    name, _, whom = how.split(maxsplit=2)
    if name == "SIGKILL":
        kill(process, whom.split()[-1], choice)
        return
    interrupt(process, signal.Signals[name], whom == "the group")
    said = output.read_text()
    begun, ended = "data:" in said, "in the interface" in said
    assert LAST_LINE in said or ended or not begun
    assert "Traceback" not in said or not begun  # Python itself while it starts
    swept = "finished already" in said  # until then there may be what an earlier SIGKILL left behind
    left_over = suite.runs("RUNNING")
    assert [run for run in left_over if swept or run.info.start_time >= 1000 * began] == []


def finish(suite: Suite, expected: dict) -> None:
    process, output = suite.start()
    assert process.wait(300) == 0, output.read_text()
    suite.assert_whole(expected)


def test_stopped_and_gone_on_with(tmp_path, paintings_folder, undisturbed):
    choice = random.Random(5)
    suite = Suite(tmp_path / "suite", paintings_folder)
    for how in ("SIGKILL to everything", "SIGINT to the group", "SIGKILL to a worker"):
        stop(suite, how, choice.uniform(0, 0.5), choice, training=True)
    suite.assert_whole(undisturbed.results)  # the last start went on without the worker that it lost
    assert len(suite.runs("KILLED")) >= 2 + 3  # two suites, and what was under way at each stop
    remarks = [suite.log(run) for run in suite.runs("FINISHED") if run.data.tags["role"] == "cell"]
    assert any("resumed after epoch" in text for text in remarks)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_stopped_at_random_moments(tmp_path, paintings_folder, undisturbed, seed):
    choice = random.Random(seed)
    for number, how in enumerate(choice.sample(STOPS, len(STOPS))):
        if number % 3 == 0:  # a suite takes about three stops until it has nothing left to do
            suite = Suite(tmp_path / str(number), paintings_folder, workers=2)
        stop(suite, how, choice.uniform(0, 1.2) * undisturbed.seconds, choice)
        if number % 3 == 2:
            finish(suite, undisturbed.results)


@pytest.mark.slow
def test_two_at_once_on_a_database_that_does_not_exist(tmp_path, paintings_folder, undisturbed):
    suite = Suite(tmp_path / "suite", paintings_folder)
    for process, output in [suite.start(), suite.start()]:
        assert process.wait(300) == 0, output.read_text()
    suite.assert_whole(undisturbed.results)
    parents = [run for run in suite.runs("FINISHED") if run.data.tags["role"] == "suite"]
    reused = [int(run.data.tags.get("reused", 0)) for run in parents]
    assert sum(reused) == CELLS  # what one ran, the other reused
    assert len([path for path in (suite.folder / "cache" / "stores").iterdir() if path.is_dir()]) == 1
    assert suite.runs("KILLED") == suite.runs("FAILED") == []


def wait_for(output: Path, words: str, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while words not in output.read_text():
        assert time.monotonic() < until, output.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, *(pytest.param(n, marks=pytest.mark.slow) for n in (signal.SIGKILL,))]
)
def test_the_script_ends_with_the_mlflow_run_that_started_it(tmp_path, paintings_folder, number):
    suite = Suite(tmp_path / "suite", paintings_folder)
    process, output = suite.start_by_mlflow()
    wait_for(output, "trainings to run")
    everyone = family(process)
    process.send_signal(number)
    process.wait(10)
    assert left(everyone) == []
    assert LAST_LINE in output.read_text()
    statuses = Counter(run.info.status for run in [*suite.runs("KILLED"), *suite.runs("RUNNING")])
    assert set(statuses) == {"KILLED"}


@pytest.mark.slow
def test_ctrl_c_at_mlflow_run(tmp_path, paintings_folder):
    suite = Suite(tmp_path / "suite", paintings_folder)
    process, output = suite.start_by_mlflow()
    while not suite.states(since=0):
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)
    interrupt(process, signal.SIGINT, group=True)
    assert LAST_LINE in output.read_text()
    roles = {status: {run.data.tags["role"] for run in suite.runs(status)} for status in ("KILLED", "FAILED")}
    assert roles["KILLED"] == {"cell"}
    assert roles["FAILED"] == {"suite"}  # mlflow run's own word for its run, over the suite's KILLED
    assert suite.runs("RUNNING") == []
