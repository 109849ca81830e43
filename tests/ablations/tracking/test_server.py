"""A real MLflow server with passwords on PostgreSQL: concurrent writers, outages, wrong passwords."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from mlflow import MlflowClient

from ablations.design.trainings import CellRun, Training
from ablations.tracking import models, outcome
from ablations.tracking.destination import Destination
from ablations.tracking.run_logger import RunLogger
from tests.ablations.services import Postgres, Server, postgresql_binaries, running, wait_until
from tests.ablations.small import CELLS, command, environment, results
from wikiart.images.building import build_store
from wikiart.images.paintings import find
from wikiart.learning.config import TrainingConfig
from wikiart.learning.reading import Reading
from wikiart.learning.training import Epoch

pytestmark = pytest.mark.skipif(
    postgresql_binaries() is None, reason="PostgreSQL is not installed: apt-get install postgresql"
)
pytest.importorskip("flask_wtf", reason="no basic-auth app: pip install -r requirements-server.txt")

WRITERS = 8
EPOCHS = 12
LOGIN = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "a long password"}

AUTH = """
[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/users.db
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """An MLflow server whose only user is that of LOGIN."""
    folder = tmp_path_factory.mktemp("services")
    settings = folder / "auth.ini"
    settings.write_text(AUTH.format(folder=folder))
    with running(Postgres()) as postgres:
        started = Server(
            folder / "server",
            postgres.uri,
            *("--app-name", "basic-auth"),
            MLFLOW_FLASK_SERVER_SECRET_KEY="of this test",
            MLFLOW_AUTH_CONFIG_PATH=str(settings),
            MLFLOW_AUTH_ADMIN_PASSWORD=LOGIN["MLFLOW_TRACKING_PASSWORD"],
        )
        with running(started):
            yield started.wait()


@pytest.fixture
def login(monkeypatch) -> None:
    """Log this process in, with retries that last longer than the server's restart."""
    for name, value in {**LOGIN, "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1"}.items():
        monkeypatch.setenv(name, value)


def training_of_two_cells(number: int, store, folder: Path) -> Training:
    """Return a training of two cells."""
    cells = tuple(
        CellRun(
            name=f"{order}-{number}",
            cell=order,
            levels=(("class_order", order),),
            seed=number,
            reading=Reading(class_order=order),
            fingerprint=f"{order} {number}",
            description="",
        )
        for order in ("unsorted", "sorted")
    )
    config = TrainingConfig(seed=number)
    return Training(f"seed={number}", f"{number}", config, cells, store.folder, store.digest)


def test_eight_writers_lose_nothing_when_the_server_restarts(server, login, tmp_path, paintings_folder):
    data = build_store(find(paintings_folder), 24, tmp_path)
    client = MlflowClient(server.uri)
    experiment = client.create_experiment("eight writers")
    destination = Destination(server.uri, experiment, client.create_run(experiment).info.run_id)
    halfway = Barrier(WRITERS + 1)

    def save_model(folder: Path) -> None:
        (folder / models.WEIGHTS).parent.mkdir(parents=True)
        (folder / models.WEIGHTS).touch()
        (folder / "MLmodel").write_text("flavors: {python_function: {config: {}}}\n")

    def write(number: int) -> None:
        training = training_of_two_cells(number, data, tmp_path)
        logger = RunLogger(destination, training, data)
        logger.start()
        for epoch in range(1, EPOCHS + 1):
            if epoch == EPOCHS // 2:
                halfway.wait(120)
            logger.epoch(Epoch(epoch, 1 / epoch, number / WRITERS, 2 / epoch, 0.5, 0.25))
        classes = len(data.classes)
        certain = np.log(np.eye(classes)[[number % classes] * len(data.test.labels)] + 0.1)
        shares = [1 / classes] * classes
        trained = outcome.Outcome(tmp_path / f"{number}", certain, shares, logger.curve, 1.0, ["a remark"])
        outcome.write(trained, save_model)
        logger.finish(trained)

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, number) for number in range(WRITERS)]
        halfway.wait(120)
        server.kill()
        server.start()
        for each in writing:
            each.result(200)
    runs = client.search_runs([experiment], "tags.role = 'cell'")
    assert len(runs) == 2 * WRITERS
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        for metric, first in (("train/loss", 1), ("validation/loss", 2)):
            curve = client.get_metric_history(run.info.run_id, metric)
            expected = [(n, first / n) for n in range(1, EPOCHS + 1)]
            assert [(point.step, point.value) for point in curve] == expected
        assert run.data.metrics["validation/accuracy"] == 0.5
        assert run.data.metrics["validation/balanced_accuracy"] == 0.25
        files = {file.path for file in client.list_artifacts(run.info.run_id)}
        assert {"items.json", "confusion.json", "confusion.png", "classes.json", "log.txt"} <= files
        [model] = run.outputs.model_outputs
        assert client.get_logged_model(model.model_id).status == "READY"


def start(paintings: Path, folder: Path, uri: str, **variables: str) -> subprocess.Popen:
    """Start the small suite with a server; its output is written to ``folder/output.txt``."""
    with (folder / "output.txt").open("w") as file:
        return subprocess.Popen(
            command(paintings, folder, workers=2),
            cwd=folder,
            env={**environment(folder, uri), **LOGIN, **variables},
            stdout=file,
            stderr=subprocess.STDOUT,
        )


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"MLFLOW_TRACKING_PASSWORD": "a wrong password"}, "refuses the password of admin: set MLFLOW_"),
        (
            {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"},
            "the tracking server http://127.0.0.1:1 cannot be used",
        ),
    ],
    ids=["wrong password", "no server"],
)
def test_an_unusable_server_is_reported_before_anything_starts(
    server, tmp_path, paintings_folder, variables, message
):
    process = start(paintings_folder, tmp_path, server.uri, **variables)
    assert process.wait(120) == 1
    images, error = (tmp_path / "output.txt").read_text().splitlines()
    assert images.startswith("data: ")  # found before MLflow is loaded
    assert message in error
    assert not (tmp_path / "cache").exists()  # nothing is decoded


def test_the_next_start_logs_trainings_that_finished_without_the_server(
    server, login, tmp_path, paintings_folder, reference
):
    # Few retries: MLflow's default waits for four minutes.
    few_retries = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_EXPERIMENT_NAME": "gone"}
    client = MlflowClient(server.uri)
    experiment = client.create_experiment("gone")
    process = start(paintings_folder, tmp_path, server.uri, **few_retries)
    output = tmp_path / "output.txt"

    def training_runs() -> bool:
        assert process.poll() is None, output.read_text()
        active = client.search_runs([experiment], "tags.role = 'cell' and attributes.status = 'RUNNING'")
        return len(active) > 0

    wait_until(training_runs, "no training begins")
    server.kill()
    try:
        assert process.wait(200) == 1, output.read_text()
    finally:
        process.kill()
        server.start()
    text = output.read_text()
    assert "Traceback" not in text
    assert "the same command hands them in and goes on from here" in text
    outcomes = [outcome.read(path) for path in (tmp_path / "cache" / "trainings").glob("*.outcome")]
    assert outcomes
    server.wait()
    assert start(paintings_folder, tmp_path, server.uri, **few_retries).wait(200) == 0, output.read_text()
    assert results(server.uri, experiment) == reference.results
    runs = client.search_runs([experiment], "tags.role = 'cell' and attributes.status = 'FINISHED'")
    durations = [run.data.metrics["time/training_s"] for run in runs]
    assert {stored.seconds for stored in outcomes} <= set(durations)  # not trained again
    for run in runs:
        curve = client.get_metric_history(run.info.run_id, "train/loss")
        assert [point.step for point in curve] == list(range(1, len(curve) + 1))
        assert len(curve) == len(outcomes[0].curve)
    assert client.search_runs([experiment], "attributes.status = 'RUNNING'") == []
    assert not list((tmp_path / "cache" / "trainings").glob("*.outcome"))


@pytest.mark.slow
def test_eight_workers_survive_an_outage_of_a_minute(server, login, tmp_path, paintings_folder, reference):
    client = MlflowClient(server.uri)
    experiment = client.create_experiment("a minute")
    output = tmp_path / "output.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            command(paintings_folder, tmp_path, workers=WRITERS, seeds=4),
            cwd=tmp_path,
            env={**environment(tmp_path, server.uri), **LOGIN, "MLFLOW_EXPERIMENT_NAME": "a minute"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    wait_until(lambda: "trainings to run" in output.read_text(), "no training begins")
    time.sleep(10)
    server.kill()
    time.sleep(60)
    server.start()
    assert process.wait(900) == 0, output.read_text()
    finished = results(server.uri, experiment)
    assert len(finished) == 4 * CELLS
    assert reference.results.items() <= finished.items()
