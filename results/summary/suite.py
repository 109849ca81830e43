"""A suite as MLflow holds it, in tables."""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run

from ablations.process import names
from ablations.process.databases import check_address
from ablations.process.environment import few_retries
from ablations.process.errors import UserError
from summary.analysis import Design, Factor

RUN_COLUMNS = ("run_id", "commit", "artifacts", "weights", *names.METRICS)
RUN_ID = re.compile("[0-9a-f]{32}")
CONCURRENT_REQUESTS = 8
MOST_CELLS = 64  #: that are printed and drawn


class NoSuite(UserError, ValueError):
    """There is no such suite; the message names the tracking server."""


@dataclass(frozen=True)
class Suite:
    """One suite as MLflow holds it.

    ``about`` is the content of the suite run's design.json. ``runs`` has a row for each planned
    run: cell, the factors, seed, and run_id, commit, artifacts (where its files lie), weights (the
    same for runs that are readings of one training) and the metrics (0..1). These columns are
    empty where no run is finished.
    """

    parent: Run
    about: dict
    runs: pd.DataFrame

    @property
    def factors(self) -> list[str]:
        """Names of the factors."""
        return [factor["name"] for factor in self.about["factors"]]

    @property
    def design(self) -> Design:
        """The design as the analysis takes it."""
        factors = (Factor(f["name"], tuple(f["levels"]), f["stage"]) for f in self.about["factors"])
        cells = (run["levels"] for run in self.about["runs"])
        return Design(tuple(factors), tuple(cells), self.about["design"], self.about["base"])

    @property
    def finished(self) -> pd.DataFrame:
        """The rows of ``runs`` whose run is finished."""
        return self.runs.dropna(subset="run_id")

    @cached_property
    def displayed_cells(self) -> list[str]:
        """The cells that are printed and drawn: all, or the base cell and the most accurate ones."""
        cells = self.runs["cell"].unique().tolist()
        if len(cells) <= MOST_CELLS:
            return cells
        best = self.finished.groupby("cell")["accuracy"].mean().nlargest(MOST_CELLS).index
        chosen = list(dict.fromkeys(filter(None, [self.base_cell, *best])))[:MOST_CELLS]
        return [cell for cell in cells if cell in chosen]

    @property
    def base_cell(self) -> str | None:
        """The name of the base cell; None if it is not in the design or has no finished run."""
        rows = self.finished
        for name in self.factors:
            rows = rows[rows[name] == self.about["base"][name]]
        return next(iter(rows["cell"]), None)

    @cached_property
    def answers(self) -> pd.DataFrame:
        """A row per finished run and test item: the factors, seed, item, truth, prediction."""

        def read(artifacts: str) -> pd.DataFrame:
            table = mlflow.artifacts.load_dict(f"{artifacts}/{names.ITEMS_FILE}")
            return pd.DataFrame(table["data"], columns=table["columns"]).rename(columns={"path": "item"})

        return self._concatenate(self.finished, _read_all(read, self.finished["artifacts"]))

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row per finished run and epoch: cell, the factors, seed, epoch, loss, accuracy (training).

        Only of the cells that are displayed. Readings of one training share its curve.
        """
        client = MlflowClient()

        def read(run_id: str) -> pd.DataFrame:
            points = {name: client.get_metric_history(run_id, key) for name, key in names.CURVES.items()}
            history = {name: {point.step: point.value for point in points[name]} for name in points}
            return pd.DataFrame(history).rename_axis("epoch").reset_index()

        runs = self.finished[self.finished["cell"].isin(self.displayed_cells)]
        trained = runs.drop_duplicates("weights")
        curves = dict(zip(trained["weights"], _read_all(read, trained["run_id"]), strict=True))
        return self._concatenate(runs, [curves[weights] for weights in runs["weights"]])

    def _concatenate(self, runs: pd.DataFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
        """Join the tables of some runs, each with its run's factors, seed and cell in columns."""
        labels = runs[[*self.factors, "seed", "cell"]].to_dict("records")
        labelled = [table.assign(**label) for label, table in zip(labels, tables, strict=True)]
        return pd.concat(labelled, ignore_index=True) if labelled else pd.DataFrame()


def _read_all(read: Callable[[str], pd.DataFrame], sources: Iterable[str]) -> list[pd.DataFrame]:
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        return list(pool.map(read, sources))


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
    raise NoSuite(f"no suite on {uri}: run one with mlflow run . -e ablate")


def read_suite(suite: str) -> Suite:
    """Read a suite and the finished run of every planned cell and seed.

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
    """
    uri = _tracking_uri()
    try:
        suite_id = suite if RUN_ID.fullmatch(suite) else _newest_suite_run(name=suite) or suite
        parent = MlflowClient().get_run(suite_id)
        about = mlflow.artifacts.load_dict(f"runs:/{suite_id}/{names.DESIGN_FILE}")
    except mlflow.MlflowException as error:
        reason = str(error).splitlines()[0]
        raise NoSuite(f"{suite} is no suite on {uri}: {reason}") from error
    finished = _finished_runs(parent)
    rows = [
        {
            **{"cell": planned["cell"], **planned["levels"], "seed": planned["seed"]},
            **_run_columns(finished.get(planned["fingerprint"])),
        }
        for planned in about["runs"]
    ]
    return Suite(parent, about, pd.DataFrame(rows))


def log_report(suite: Suite, files: Iterable[Path]) -> None:
    """Log the report's files onto the suite's run; ``report.html`` opens in its artifact view."""
    client = MlflowClient()
    for file in files:
        folder = None if file.name == "report.html" else "report"
        client.log_artifact(suite.parent.info.run_id, str(file), folder)


def _run_columns(run: Run | None) -> dict:
    if run is None:
        return dict.fromkeys(RUN_COLUMNS)
    tags, metrics = run.data.tags, run.data.metrics
    return {
        "run_id": run.info.run_id,
        "commit": tags.get("mlflow.source.git.commit", "")[:12],
        "artifacts": run.info.artifact_uri,  # MLflow looks up "runs:/<run id>" with one more request per run
        "weights": (tags[names.SUITE], tags[names.TRAINING]),
        **{key: metrics.get(names.test_metric(key)) for key in names.METRICS},
    }


def _finished_runs(parent: Run) -> dict[str, Run]:
    """Find the finished runs of the suite's experiment by their fingerprints."""
    runs = mlflow.search_runs(
        [parent.info.experiment_id], names.FINISHED_CELLS, output_format="list", max_results=50_000
    )
    of_this_suite = [run for run in runs if run.data.tags[names.SUITE] == parent.info.run_id]
    by_fingerprint: dict[str, Run] = {}
    for run in (*of_this_suite, *runs):
        by_fingerprint.setdefault(run.data.tags[names.FINGERPRINT], run)
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
    """Check that the tracking server answers within half a minute.

    Raises
    ------
    ablations.process.databases.AddressError
        Its address cannot be used, or no database answers there.
    mlflow.MlflowException
        The server does not answer, or refuses the user.
    """
    check_address(mlflow.get_tracking_uri())
    _tracking_uri()
    with few_retries():
        MlflowClient().search_experiments(max_results=1)


def _tracking_uri() -> str:
    """Return the tracking server's address; refuse a database file that MLflow would have to create."""
    uri = mlflow.get_tracking_uri()
    if uri.startswith("sqlite:///") and not Path(urlsplit(uri).path[1:]).is_file():
        raise NoSuite(f"no suite on {uri}, which does not exist: run one with mlflow run . -e ablate")
    return uri
