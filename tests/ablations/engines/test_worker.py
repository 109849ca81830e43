"""One training carried out in this process: finished runs stay, a fresh start ignores older files."""

import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from ablations.design import trainings
from ablations.design.designs import make
from ablations.design.factors import parse_factors
from ablations.engines.job import Job
from ablations.engines.worker import carry_out
from ablations.tracking import cell_runs, models, outcome
from ablations.tracking.destination import Destination, locked_database
from ablations.tracking.loading import load
from wikiart.cache.atomic import atomic_folder
from wikiart.cache.checksums import seal
from wikiart.images import paintings
from wikiart.images.building import build_store


@pytest.fixture(scope="module")
def first(paintings_folder, tmp_path_factory) -> Job:
    """A training of four cells on a tracking store of its own."""
    folder = tmp_path_factory.mktemp("worker")
    data = build_store(paintings.find(paintings_folder), 24, folder / "cache")
    factors = parse_factors("class_order=unsorted,sorted prior", [])
    base = {"image_size": 24, "batch_size": 4, "epochs": 2}
    [training] = trainings.plan_trainings(make("full", factors, base, seeds=1), {24: data})
    uri = f"sqlite:///{folder}/mlflow.db"
    with locked_database(uri):
        client = MlflowClient(uri)
    experiment = client.create_experiment("worker", artifact_location=str(folder / "artifacts"))
    return Job(training, Destination(uri, experiment, ""), "cpu", 0)


@pytest.fixture
def job(first) -> Job:
    """The same training in a new suite, for which earlier runs do not count."""
    client, experiment = first.destination.client, first.destination.experiment_id
    parent = client.create_run(experiment, tags={"role": "suite"}).info
    destination = replace(first.destination, parent_id=parent.run_id)
    return replace(first, destination=destination, not_before_ms=parent.start_time)


def cells(job: Job) -> list:
    return list(job.destination.search(f"tags.suite = '{job.destination.parent_id}'"))


def model_folder(job: Job, run) -> Path:
    [model] = run.outputs.model_outputs
    return Path(job.destination.client.get_logged_model(model.model_id).artifact_location)


def has_log(job: Job, run) -> bool:
    return "log.txt" in [file.path for file in job.destination.client.list_artifacts(run.info.run_id)]


def test_a_cell_that_is_finished_stays_if_the_next_of_its_training_fails(job, monkeypatch):
    finish, calls = cell_runs.finish_cell, []

    def fail_at_the_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return finish(*arguments)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(cell_runs, "finish_cell", fail_at_the_second)
        carry_out(job, lambda fraction: None)
    assert Counter(run.info.status for run in cells(job)) == {"FINISHED": 1, "FAILED": 3}
    carry_out(job, lambda fraction: None)
    assert Counter(run.info.status for run in cells(job)) == {"FINISHED": 4, "FAILED": 3}
    finished = [run for run in cells(job) if run.info.status == "FINISHED"]
    fingerprints = [run.data.tags["fingerprint"] for run in finished]
    assert sorted(fingerprints) == sorted(cell.fingerprint for cell in job.training.cells)
    assert (
        len({(model_folder(job, run) / models.WEIGHTS).stat().st_ino for run in finished}) == 1
    )  # stored once


def test_the_model_of_each_reading_answers_as_its_run_did(job, paintings_folder):
    carry_out(job, lambda fraction: None)
    answers = {}
    for run in cells(job):
        items = Path(run.info.artifact_uri) / "items.json"
        table = pd.read_json(items, orient="split")
        paths = [str(paintings_folder / path) for path in table["path"]]
        network = load(str(model_folder(job, run)))
        assert (
            network.predict(pd.DataFrame({"path": paths}))["style"].tolist() == table["prediction"].tolist()
        )
        answers[run.data.params["class_order"], run.data.params["prior"]] = table["prediction"].tolist()
    assert len(answers) == 4
    assert answers["sorted", "train"] != answers["sorted", "uniform"]
    # Both class orders name the same outputs.
    for prior in ("train", "uniform"):
        pairs = set(zip(answers["sorted", prior], answers["unsorted", prior], strict=True))
        assert len(pairs) == len(set(answers["sorted", prior]))


def test_an_outcome_of_an_earlier_version_is_not_used(job):
    folder = job.training.files.outcome
    with atomic_folder(folder) as scratch:
        (scratch / outcome.RESULTS).write_text('{"outputs": [0], "curve": [], "seconds": 1, "remarks": []}')
        seal(scratch, folder.name)
    carry_out(job, lambda fraction: None)
    assert Counter(run.info.status for run in cells(job)) == {"FINISHED": 4}


@pytest.mark.parametrize("fresh", [False, True])
def test_a_fresh_start_ignores_the_state_of_an_earlier_one(job, fresh):
    state = job.training.files.state
    state.parent.mkdir(exist_ok=True)
    state.write_bytes(b"no state at all")
    time.sleep(0.01)  # file times are not finer on every disk
    not_before_ms = int(time.time() * 1000) if fresh else job.not_before_ms
    carry_out(replace(job, not_before_ms=not_before_ms), lambda fraction: None)
    assert {has_log(job, run) for run in cells(job)} == {not fresh}  # of an unreadable state
    assert not state.exists()


def other_images(folder):
    np.save(folder / "log_probabilities.npy", np.zeros((3, 2), np.float32))


def no_numbers(folder):
    np.save(folder / "log_probabilities.npy", np.array([{}]), allow_pickle=True)


def other_fields(folder):
    (folder / "outcome.json").write_text('{"outputs": [1, 2], "seconds": 1.0}')


def other_types(folder):
    path = folder / "outcome.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "curve": [["monday", 1, 0.5, 0.5]]}))


def another_model(folder):
    (folder / "model" / "MLmodel").write_text("flavors: [sklearn]")


@pytest.mark.parametrize(
    "replace_content", [other_images, no_numbers, other_fields, other_types, another_model]
)
def test_a_foreign_outcome_with_the_right_checksums_is_made_again(job, monkeypatch, replace_content):
    folder = job.training.files.outcome

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(cell_runs, "finish_cell", fail)
        carry_out(job, lambda fraction: None)
    replace_content(folder)
    (folder / "checksums.json").unlink()
    seal(folder, folder.name)
    carry_out(job, lambda fraction: None)
    finished = [run for run in cells(job) if run.info.status == "FINISHED"]
    assert len(finished) == len(job.training.cells)
    assert all(has_log(job, run) for run in finished)  # says that it was removed
    assert not folder.exists()
