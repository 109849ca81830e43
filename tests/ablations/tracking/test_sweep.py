"""Runs that dead processes of this host left RUNNING are ended, and no others."""

import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest
from filelock import FileLock
from mlflow import MlflowClient

from ablations.tracking.destination import Destination
from ablations.tracking.sweep import (
    CREATED,
    ENDED,
    HOST,
    PID,
    SOURCE,
    SOURCE_TYPE,
    USER,
    end_abandoned_runs,
    owner,
    owner_lives,
    remove_leftovers,
)
from wikiart.cache.folder import Cache

#: tags of a run that `mlflow run` creates
PROJECT = {SOURCE_TYPE: "PROJECT", SOURCE: "/here/wikiart-ablations", USER: "me"}


@pytest.fixture(scope="module")
def destination(tmp_path_factory) -> Destination:
    uri = f"sqlite:///{tmp_path_factory.mktemp('sweep')}/mlflow.db"
    artifacts = tmp_path_factory.mktemp("artifacts").as_uri()
    experiment = MlflowClient(uri).create_experiment("sweep", artifacts)
    suite = MlflowClient(uri).create_run(experiment, tags={**owner(), **PROJECT})
    return Destination(uri, experiment, suite.info.run_id)


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


def statuses(destination, runs: list[str]) -> list[str]:
    return [destination.client.get_run(run_id).info.status for run_id in runs]


def test_runs_of_this_project_whose_command_never_began_are_ended(destination):
    client, experiment = destination.client, destination.experiment_id
    before_all_processes = 1000  # milliseconds since 1970

    def create_run(**tags: str) -> str:
        run = client.create_run(experiment, start_time=before_all_processes, tags={**PROJECT, **tags})
        return run.info.run_id

    unstarted = create_run()
    others = [
        create_run(**{USER: "somebody else"}),
        create_run(**{SOURCE: "/another/project"}),
        create_run(**{SOURCE_TYPE: "LOCAL"}),
        create_run(**{**owner(), HOST: "another host"}),
        client.create_run(experiment, tags=PROJECT).info.run_id,  # later than the suite
    ]
    started = create_run()
    command = [sys.executable, "-c", "input()"]
    environment = {**os.environ, "MLFLOW_RUN_ID": started}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        assert end_abandoned_runs(destination) == 1
        assert statuses(destination, [unstarted, started, *others]) == ["KILLED", *["RUNNING"] * 6]
        process.communicate(b"\n")
    assert end_abandoned_runs(destination) == 1  # its command has died before it attached itself to the run
    assert statuses(destination, [started, *others]) == ["KILLED", *["RUNNING"] * 5]


def test_a_run_whose_mlflow_run_may_live_is_not_ended(destination):
    command = [sys.executable, "-c", "input()", "mlflow", "run"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        run = destination.client.create_run(destination.experiment_id, tags=PROJECT).info.run_id
        suite = destination.client.create_run(destination.experiment_id, tags={**owner(), **PROJECT})
        end_abandoned_runs(replace(destination, parent_id=suite.info.run_id))
        assert statuses(destination, [run]) == ["RUNNING"]
        process.communicate(b"\n")


def test_a_suite_that_was_killed_is_not_failed_because_mlflow_run_says_so(destination):
    client = destination.client
    tags = [{**owner(), ENDED: "KILLED"}, {**owner(), ENDED: "KILLED", HOST: "another host"}, owner()]
    runs = [client.create_run(destination.experiment_id, tags=tags).info.run_id for tags in tags]
    for run_id in runs:
        client.set_terminated(run_id, "FAILED", end_time=12345)
    end_abandoned_runs(destination)
    assert statuses(destination, runs) == ["KILLED", "FAILED", "FAILED"]
    assert client.get_run(runs[0]).info.end_time == 12345


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
