"""The sweep: what dead processes of this host left RUNNING is ended, and only that."""

import subprocess
import sys

import psutil
import pytest
from mlflow import MlflowClient

from ablations.tracking.destination import Destination
from ablations.tracking.sweep import CREATED, HOST, PID, end_abandoned_runs, owner, owner_lives


@pytest.fixture(scope="module")
def destination(tmp_path_factory) -> Destination:
    uri = f"sqlite:///{tmp_path_factory.mktemp('sweep')}/mlflow.db"
    artifacts = tmp_path_factory.mktemp("artifacts").as_uri()
    return Destination(uri, MlflowClient(uri).create_experiment("sweep", artifacts), "")


def dead() -> dict[str, str]:
    """Tags of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    tags = {**owner(), PID: str(process.pid), CREATED: str(psutil.Process(process.pid).create_time())}
    assert owner_lives(tags)
    process.communicate(b"\n")
    return tags


def test_who_lives():
    mine = owner()
    assert owner_lives(mine)
    assert not owner_lives({**mine, CREATED: "86400.00"})  # the id was given to another process since
    assert not owner_lives(dead())


def test_a_process_that_nobody_has_waited_for_is_dead():
    process = subprocess.Popen([sys.executable, "-c", ""])
    psutil.Process(process.pid)
    tags = {**owner(), PID: str(process.pid), CREATED: str(psutil.Process(process.pid).create_time())}
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert not owner_lives(tags)
    process.wait()


def test_only_what_the_dead_of_this_host_left(destination):
    client = destination.client
    gone = dead()

    def begin(tags: dict[str, str], status: str | None = None) -> str:
        run_id = client.create_run(destination.experiment_id, tags=tags).info.run_id
        if status:
            client.set_terminated(run_id, status)
        return run_id

    left = {begin({**gone, "role": "cell"}), begin({**gone, "role": "suite"})}
    kept = {
        begin({**owner(), "role": "cell"}): "RUNNING",  # lives
        begin({**gone, HOST: "another host", "role": "cell"}): "RUNNING",
        begin({}): "RUNNING",  # somebody else's run
        begin({**gone, "role": "cell"}, "FINISHED"): "FINISHED",
        begin({**gone, "role": "cell"}, "FAILED"): "FAILED",
    }
    halfway = client.create_logged_model(destination.experiment_id, name="model", source_run_id=min(left))
    other = client.create_logged_model(destination.experiment_id, name="model", source_run_id=min(kept))
    assert end_abandoned_runs(destination) == len(left)
    assert {client.get_run(run_id).info.status for run_id in left} == {"KILLED"}
    assert {run_id: client.get_run(run_id).info.status for run_id in kept} == kept
    assert client.get_logged_model(halfway.model_id).status == "FAILED"
    assert client.get_logged_model(other.model_id).status == "PENDING"
    assert end_abandoned_runs(destination) == 0
