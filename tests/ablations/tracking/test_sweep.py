"""Runs that dead processes of this host left RUNNING are ended, and no others."""

import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest
from filelock import FileLock
from mlflow import MlflowClient

from ablations.tracking.destination import Destination
from ablations.tracking.sweep import (
    CREATED,
    HOST,
    PID,
    end_abandoned_runs,
    owner,
    owner_lives,
    remove_leftovers,
)
from wikiart.cache.folder import Cache


@pytest.fixture(scope="module")
def destination(tmp_path_factory) -> Destination:
    uri = f"sqlite:///{tmp_path_factory.mktemp('sweep')}/mlflow.db"
    artifacts = tmp_path_factory.mktemp("artifacts").as_uri()
    return Destination(uri, MlflowClient(uri).create_experiment("sweep", artifacts), "")


def dead_owner() -> dict[str, str]:
    """Return the tags of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    tags = {**owner(), PID: str(process.pid), CREATED: str(psutil.Process(process.pid).create_time())}
    assert owner_lives(tags)
    process.communicate(b"\n")
    return tags


def test_an_owner_lives_if_its_process_does():
    mine = owner()
    assert owner_lives(mine)
    assert not owner_lives({**mine, CREATED: "86400.00"})  # its process id was assigned again
    assert not owner_lives(dead_owner())


def test_a_zombie_does_not_live():
    process = subprocess.Popen([sys.executable, "-c", ""])
    psutil.Process(process.pid)
    tags = {**owner(), PID: str(process.pid), CREATED: str(psutil.Process(process.pid).create_time())}
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert not owner_lives(tags)
    process.wait()


def test_only_abandoned_runs_of_this_host_are_ended(destination):
    client = destination.client
    dead = dead_owner()

    def create_run(tags: dict[str, str], status: str | None = None) -> str:
        run_id = client.create_run(destination.experiment_id, tags=tags).info.run_id
        if status:
            client.set_terminated(run_id, status)
        return run_id

    abandoned = {create_run({**dead, "role": "cell"}), create_run({**dead, "role": "suite"})}
    others = {
        create_run({**owner(), "role": "cell"}): "RUNNING",  # its process lives
        create_run({**dead, HOST: "another host", "role": "cell"}): "RUNNING",
        create_run({}): "RUNNING",  # not of a suite
        create_run({**dead, "role": "cell"}, "FINISHED"): "FINISHED",
        create_run({**dead, "role": "cell"}, "FAILED"): "FAILED",
    }
    unfinished, untouched = (
        client.create_logged_model(destination.experiment_id, name="model", source_run_id=min(runs))
        for runs in (abandoned, others)
    )
    assert end_abandoned_runs(destination) == len(abandoned)
    assert {client.get_run(run_id).info.status for run_id in abandoned} == {"KILLED"}
    assert {run_id: client.get_run(run_id).info.status for run_id in others} == others
    assert client.get_logged_model(unfinished.model_id).status == "FAILED"
    assert client.get_logged_model(untouched.model_id).status == "PENDING"
    assert end_abandoned_runs(destination) == 0


def test_the_files_of_finished_trainings_go_unless_something_else_waits_for_them(destination, tmp_path):
    """A process that was killed between its last run and the removal of its files leaves them."""
    run_id = destination.client.create_run(destination.experiment_id).info.run_id
    destination.client.set_terminated(run_id, "FINISHED")
    trainings = {}
    for name in ("finished", "unfinished", "younger", "in use"):
        files = Cache(tmp_path).training(name)
        files.outcome.mkdir(parents=True)
        files.state.touch()
        for path in (files.state, files.outcome):
            os.utime(path, (1, 1))
        trainings[name] = SimpleNamespace(files=files, cells=[SimpleNamespace(fingerprint=name)])
    later = destination.client.get_run(run_id).info.end_time / 1000 + 10
    os.utime(trainings["younger"].files.outcome, (later, later))
    finished = {name: run_id for name in trainings if name != "unfinished"}
    with FileLock(trainings["in use"].files.lock):
        remove_leftovers(destination, trainings.values(), finished)
    remaining = [name for name, training in trainings.items() if training.files.outcome.exists()]
    assert remaining == ["unfinished", "younger", "in use"]
    assert not trainings["finished"].files.state.exists()
