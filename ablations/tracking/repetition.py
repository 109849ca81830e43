"""A suite that was finished before: how it is found, and what a second start of it writes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import mlflow
from mlflow import MlflowClient
from mlflow.entities import RunTag

from ablations.process import names
from ablations.tracking.destination import Destination


def experiment(tracking_uri: str) -> Destination | None:
    """Return the experiment that the suite's run will be in; None if it does not exist yet.

    As MLflow chooses it: that of the run of ``mlflow run``, else the one that the environment names.
    """
    client = MlflowClient(tracking_uri)
    name, experiment_id = (os.environ.get(f"MLFLOW_EXPERIMENT_{key}") for key in ("NAME", "ID"))
    if run_id := _launched_run():
        experiment_id = client.get_run(run_id).info.experiment_id
    elif not experiment_id or name:
        named = client.get_experiment_by_name(name or "Default")
        if named is None:
            return None
        experiment_id = named.experiment_id
    return Destination(tracking_uri, experiment_id, parent_id="")


@dataclass(frozen=True)
class FinishedSuite:
    """A suite that is finished."""

    name: str
    destination: Destination
    reused: Mapping[str, str]  #: the runs that it took over from others, see `suite_run.mark_reused`


def finished_suite(experiment: Destination, plan: str) -> FinishedSuite | None:
    """Return the newest finished suite of the experiment with this digest of its plan, if there is one."""
    finished = f"{names.SUITES} and attributes.status = 'FINISHED'"
    for run in experiment.search(f"{finished} and tags.{names.PLAN} = '{plan}'"):
        reused = {}
        if names.REUSED in run.data.tags:
            reused = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/{names.REUSED_FILE}")
        destination = replace(experiment, parent_id=run.info.run_id)
        return FinishedSuite(str(run.info.run_name), destination, reused)
    return None


def mark_repetition(suite: FinishedSuite) -> None:
    """Let the run that ``mlflow run`` has created for this start, if it has, point to the suite's run."""
    if run_id := _launched_run():
        client, suite_id = suite.destination.client, suite.destination.parent_id
        link = f"[{suite.name}](#/experiments/{suite.destination.experiment_id}/runs/{suite_id})"
        text = f"Nothing was run: the suite {link} has the same design and is finished."
        tags = {names.ROLE: names.REPETITION, names.REPEATS: suite_id, "mlflow.note.content": text}
        client.log_batch(run_id, tags=[RunTag(*tag) for tag in tags.items()])


def _launched_run() -> str | None:
    return os.environ.get("MLFLOW_RUN_ID")
