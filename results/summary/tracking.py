"""Suites that MLflow holds: found, read, and given their reports."""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run

from ablations.process import names
from ablations.process.environment import few_retries
from ablations.process.errors import UserError
from summary import artifacts
from summary.suite import RUN_COLUMNS, Suite, displayed_cells

RUN_ID = re.compile("[0-9a-f]{32}")
CONCURRENT_REQUESTS = 8


class NoSuite(UserError, ValueError):
    """There is no such suite; the message names the tracking server."""


def newest_suite(experiment: str = "") -> str:
    """Find the newest suite, of one experiment or of all; returns its run's id.

    Raises
    ------
    NoSuite
        No such experiment, or no suite in it.
    """
    uri = _tracking_uri()
    if experiment and mlflow.get_experiment_by_name(experiment) is None:
        raise NoSuite(f"no experiment is called {experiment} on {uri}")
    if suite_id := _newest_suite_run(experiment=experiment):
        return suite_id
    raise NoSuite(f"no suite on {uri}: run one with mlflow run . -e ablate; --metric compares other runs")


def read_suite(suite: str) -> Suite:
    """Read a suite, the finished run of every planned cell and seed, their answers and learning curves.

    A run is identified by its fingerprint, so that one which an earlier suite finished counts; of
    several, the suite's own comes first, then the newest.

    Parameters
    ----------
    suite : str
        Id or name of the suite's run; of several with one name, the newest is read.

    Raises
    ------
    NoSuite
        There is no such run, or it is no suite.
    artifacts.BadArtifact
        Its design or the answers of a run are not as a suite writes them.
    """
    uri = _tracking_uri()
    try:
        suite_id = suite if RUN_ID.fullmatch(suite) else _newest_suite_run(name=suite) or suite
        parent = MlflowClient().get_run(suite_id)
        about = artifacts.load(f"runs:/{suite_id}/{names.DESIGN_FILE}", artifacts.DESIGN)
    except mlflow.MlflowException as error:
        reason = str(error).splitlines()[0]
        raise NoSuite(f"{suite} is no suite on {uri}: {reason}") from error
    finished = _finished_runs(parent)
    labels = [{"cell": run["cell"], **run["levels"], "seed": run["seed"]} for run in about["runs"]]
    runs = [finished.get(run["fingerprint"]) for run in about["runs"]]
    table = pd.DataFrame({**label, **_run_columns(run)} for label, run in zip(labels, runs, strict=True))
    present = {number: run for number, run in enumerate(runs) if run}
    answers = _read_all(_read_answers, present.values())
    displayed = set(displayed_cells(about, table))
    drawn = {number: run for number, run in present.items() if labels[number]["cell"] in displayed}
    trained = {_weights(run): run for run in reversed(drawn.values())}
    curves = dict(zip(trained, _read_all(_read_curve, trained.values()), strict=True))
    return Suite(
        id=suite_id,
        name=parent.info.run_name or "",
        command=parent.data.tags.get("command", ""),
        start_time=parent.info.start_time,
        reused=int(parent.data.tags.get(names.REUSED, 0)),
        looks=_looks_at_cells(parent, table.dropna(subset="run_id")["seed"].nunique()),
        metrics=parent.data.metrics,
        about=about,
        runs=table,
        answers=_labelled([labels[number] for number in present], answers),
        curves=_labelled([labels[n] for n in drawn], [curves[_weights(run)] for run in drawn.values()]),
    )


def _read_answers(run: Run) -> pd.DataFrame:
    """Read a run's answers: item, truth, prediction."""
    # MLflow looks up "runs:/<run id>" with one more request per run.
    table = artifacts.load(f"{run.info.artifact_uri}/{names.ITEMS_FILE}", artifacts.ITEMS)
    return pd.DataFrame(table["data"], columns=["item", "truth", "prediction"])


def _read_curve(run: Run) -> pd.DataFrame:
    """Read a run's learning curve: epoch, loss, accuracy; and of the validation images, if there are any."""
    client = MlflowClient()
    validation = {name: key for name, key in names.VALIDATION_CURVES.items() if key in run.data.metrics}
    metrics = {**names.CURVES, **validation}
    points = {name: client.get_metric_history(run.info.run_id, key) for name, key in metrics.items()}
    history = {name: {point.step: point.value for point in points[name]} for name in points}
    return pd.DataFrame(history).rename_axis("epoch").reset_index()


def _read_all(read: Callable[[Run], pd.DataFrame], runs: Iterable[Run]) -> list[pd.DataFrame]:
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        return list(pool.map(read, runs))


def _labelled(labels: Iterable[dict], tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Join the tables of some runs, each with its run's cell, factors and seed in columns."""
    labelled = [table.assign(**label) for label, table in zip(labels, tables, strict=True)]
    return pd.concat(labelled, ignore_index=True) if labelled else pd.DataFrame()


def log_report(suite: Suite, files: Iterable[Path]) -> None:
    """Log the report's files onto the suite's run; ``report.html`` opens in its artifact view."""
    client = MlflowClient()
    for file in files:
        folder = None if file.name == "report.html" else "report"
        client.log_artifact(suite.id, str(file), folder)


def record_look(suite: Suite) -> None:
    """Record on a suite's run with how many seeds its effects were summarized."""
    client = MlflowClient()
    with suppress(mlflow.MlflowException):  # who may only read the suite adds no seeds to it either
        looks = {*_recorded_looks(client.get_run(suite.id)), suite.finished["seed"].nunique()}
        client.set_tag(suite.id, names.LOOKS, " ".join(map(str, sorted(looks))))


def _looks_at_cells(parent: Run, seeds: int) -> list[int]:
    """Collect the numbers of seeds that suites of the same cells were summarized with, and the present one.

    One seed does not count: it gives no p-values.
    """
    suites = []
    if digest := parent.data.tags.get(names.CELLS_DIGEST):
        condition = f"{names.SUITES} and tags.{names.CELLS_DIGEST} = {_quoted(digest)}"
        suites = mlflow.search_runs([parent.info.experiment_id], condition, output_format="list")
    return sorted({seeds, *(look for suite in suites for look in _recorded_looks(suite))} - {0, 1})


def _recorded_looks(suite: Run) -> list[int]:
    return [int(word) for word in suite.data.tags.get(names.LOOKS, "").split() if word.isdecimal()]


def _run_columns(run: Run | None) -> dict:
    if run is None:
        return dict.fromkeys(RUN_COLUMNS)
    return {
        "run_id": run.info.run_id,
        "commit": run.data.tags.get("mlflow.source.git.commit", "")[:12],
        "weights": _weights(run),
        **{key: run.data.metrics.get(names.test_metric(key)) for key in names.METRICS},
    }


def _weights(run: Run) -> str:
    """Name the weights that a run's answers come from; the same for readings of one training."""
    return f"{run.data.tags.get(names.SUITE)}/{run.data.tags.get(names.TRAINING)}"


def _finished_runs(parent: Run) -> dict[str, Run]:
    """Find the finished runs of the suite's experiment by their fingerprints."""
    runs = mlflow.search_runs(
        [parent.info.experiment_id], names.FINISHED_CELLS, output_format="list", max_results=50_000
    )
    of_this_suite = [run for run in runs if run.data.tags.get(names.SUITE) == parent.info.run_id]
    by_fingerprint: dict[str, Run] = {}
    for run in (*of_this_suite, *runs):
        by_fingerprint.setdefault(run.data.tags.get(names.FINGERPRINT, ""), run)
    return by_fingerprint


def _newest_suite_run(*, experiment: str = "", name: str = "") -> str | None:
    """Find the newest suite, of those in an experiment or of those with a name; returns its run's id."""
    runs = mlflow.search_runs(
        experiment_names=[experiment] if experiment else None,
        search_all_experiments=not experiment,
        filter_string=names.SUITES + (f" and attributes.run_name = {_quoted(name)}" if name else ""),
        max_results=1,
        output_format="list",
    )
    return runs[0].info.run_id if runs else None


def _quoted(name: str) -> str:
    """Return a name as a value in MLflow's search, which knows both quotes and no escapes."""
    return f'"{name}"' if "'" in name else f"'{name}'"


def check_server() -> None:
    """Check that the tracking server answers within half a minute; its address has been checked.

    Raises
    ------
    NoSuite
        Its database file does not exist.
    mlflow.MlflowException
        The server does not answer, or refuses the user.
    """
    _tracking_uri()
    with few_retries():
        MlflowClient().search_experiments(max_results=1)


def _tracking_uri() -> str:
    """Return the tracking server's address; refuse a database file that MLflow would have to create."""
    uri = mlflow.get_tracking_uri()
    if uri.startswith("sqlite:///") and not Path(urlsplit(uri).path[1:]).is_file():
        raise NoSuite(f"no suite on {uri}, which does not exist: run one with mlflow run . -e ablate")
    return uri
