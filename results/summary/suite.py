"""What MLflow holds of a suite, as tables."""

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

from summary.analysis import Design, Factor

METRICS = {
    "accuracy": "test/accuracy",
    "balanced accuracy": "test/balanced_accuracy",
    "macro-F1": "test/macro_f1",
}
ABOUT_RUN = ("run_id", "commit", "artifacts", "weights")
RUN_ID = re.compile("[0-9a-f]{32}")
AT_ONCE = 8  # requests to the server
MOST_CELLS = 64  #: that are printed and drawn


class NoSuite(ValueError):
    """There is no such suite; the message says where it was looked for."""


@dataclass(frozen=True)
class Suite:
    """One suite as MLflow holds it.

    ``about`` is the parent's design.json. ``runs`` has a row for each planned run: cell, the
    factors, seed, and run_id, commit, artifacts (where its files lie), weights (the same for runs that
    are readings of one training) and the metrics, which are missing where no run is finished.
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
        """The design in the words of the statistics."""
        factors = (Factor(f["name"], tuple(f["levels"]), f["stage"]) for f in self.about["factors"])
        cells = (run["levels"] for run in self.about["runs"])
        return Design(tuple(factors), tuple(cells), self.about["design"], self.about["base"])

    @property
    def finished(self) -> pd.DataFrame:
        """The rows of ``runs`` that have a run."""
        return self.runs.dropna(subset="run_id")

    @cached_property
    def shown(self) -> list[str]:
        """The cells that are printed and drawn: all, or the base cell and the most accurate ones."""
        cells = self.runs["cell"].unique().tolist()
        if len(cells) <= MOST_CELLS:
            return cells
        best = self.finished.groupby("cell")["accuracy"].mean().nlargest(MOST_CELLS).index
        chosen = list(dict.fromkeys([*self.base_cell, *best]))[:MOST_CELLS]
        return [cell for cell in cells if cell in chosen]

    @property
    def base_cell(self) -> list[str]:
        """The name of the base cell, if it is in the design and has a run."""
        rows = self.finished
        for name in self.factors:
            rows = rows[rows[name] == self.about["base"][name]]
        return rows["cell"].unique().tolist()

    @cached_property
    def answers(self) -> pd.DataFrame:
        """A row per finished run and test item: the factors, seed, item, truth, prediction."""

        def read(artifacts: str) -> pd.DataFrame:
            table = mlflow.artifacts.load_dict(f"{artifacts}/items.json")
            return pd.DataFrame(table["data"], columns=table["columns"]).rename(columns={"path": "item"})

        runs = self.finished
        return self._together(runs, _each(read, runs["artifacts"]))

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row per finished run and epoch: cell, the factors, seed, epoch, loss, accuracy (training).

        Of the cells that are shown; one for all readings of a training, which have the same.
        """
        client = MlflowClient()

        def read(run_id: str) -> pd.DataFrame:
            history = {
                name: {
                    point.step: point.value for point in client.get_metric_history(run_id, f"train/{name}")
                }
                for name in ("loss", "accuracy")
            }
            return pd.DataFrame(history).rename_axis("epoch").reset_index()

        runs = self.finished[self.finished["cell"].isin(self.shown)]
        trained = runs.drop_duplicates("weights")
        of = dict(zip(trained["weights"], _each(read, trained["run_id"]), strict=True))
        return self._together(runs, [of[weights] for weights in runs["weights"]])

    def _together(self, runs: pd.DataFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
        """The tables of some runs as one, which says whose each row is."""
        whose = runs[[*self.factors, "seed", "cell"]].to_dict("records")
        named = [table.assign(**run) for run, table in zip(whose, tables, strict=True)]
        return pd.concat(named, ignore_index=True) if named else pd.DataFrame()


def _each(read: Callable[[str], pd.DataFrame], where: Iterable[str]) -> list[pd.DataFrame]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(read, where))


def newest_suite(experiment: str = "") -> str:
    """Id of the newest suite, of one experiment or of all.

    Raises
    ------
    NoSuite
        No such experiment, or no suite in it.
    """
    where = _existing()
    if experiment and mlflow.get_experiment_by_name(experiment) is None:
        raise NoSuite(f"no experiment is called {experiment} on {where}")
    if found := _newest(experiment=experiment):
        return found
    raise NoSuite(f"no suite on {where}: run one with mlflow run . -e ablate")


def _newest(*, experiment: str = "", named: str = "") -> str | None:
    """Id of the newest suite, of those in an experiment or of those whose run has a name, if there is one."""
    found = mlflow.search_runs(
        experiment_names=[experiment] if experiment else None,
        search_all_experiments=not experiment,
        filter_string="tags.role = 'suite'" + (f" and attributes.run_name = '{named}'" if named else ""),
        max_results=1,
        output_format="list",
    )
    return found[0].info.run_id if found else None


def _existing() -> str:
    """The tracking server; a database that is not there is not made by who only reads."""
    where = mlflow.get_tracking_uri()
    if where.startswith("sqlite:///") and not Path(urlsplit(where).path[1:]).is_file():
        raise NoSuite(f"no suite on {where}, which does not exist: run one with mlflow run . -e ablate")
    return where


def read_suite(named: str) -> Suite:
    """Find the finished run of every planned cell and seed.

    The suite is named by its run's id or name, of which the newest is taken.

    A run is known by its fingerprint, so that one which an earlier suite finished counts; the
    suite's own comes first, then the newest.

    Raises
    ------
    NoSuite
        There is no such run, or it is no suite.
    """
    where = _existing()
    try:
        suite_id = named if RUN_ID.fullmatch(named) else _newest(named=named) or named
        parent = MlflowClient().get_run(suite_id)
        about = mlflow.artifacts.load_dict(f"runs:/{suite_id}/design.json")
    except mlflow.MlflowException as error:
        reason = str(error).splitlines()[0]
        raise NoSuite(f"{named} is no suite on {where}: {reason}") from error
    finished = _finished(parent)
    rows = []
    for planned in about["runs"]:
        row = {"cell": planned["cell"], **planned["levels"], "seed": planned["seed"]}
        if run := finished.get(planned["fingerprint"]):
            metrics = {name: run.data.metrics.get(key) for name, key in METRICS.items()}
            tags = run.data.tags
            row.update(
                run_id=run.info.run_id,
                commit=tags.get("mlflow.source.git.commit", "")[:12],
                artifacts=run.info.artifact_uri,  # a look-up less for each run than runs:/<run id>
                weights=(tags["suite"], tags["training"]),
                **metrics,
            )
        rows.append(row)
    columns = ["cell", *about["runs"][0]["levels"], "seed", *ABOUT_RUN, *METRICS]
    return Suite(parent, about, pd.DataFrame(rows, columns=columns))


def _finished(parent: Run) -> dict[str, Run]:
    condition = "tags.role = 'cell' and attributes.status = 'FINISHED'"
    runs = mlflow.search_runs(
        [parent.info.experiment_id], condition, output_format="list", max_results=50_000
    )
    own = [run for run in runs if run.data.tags["suite"] == parent.info.run_id]
    found: dict[str, Run] = {}
    for run in (*own, *runs):
        found.setdefault(run.data.tags["fingerprint"], run)
    return found
