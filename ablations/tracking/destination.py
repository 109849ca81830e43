"""The place that a suite's runs are written to."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Run, ViewType
from mlflow.utils import get_results_from_paginated_fn

from ablations.process.memory import without_garbage_collection
from wikiart.cache.atomic import atomic_file, locked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = 1000  # runs per request


@dataclass(frozen=True)
class Destination:
    """A tracking server, an experiment and the suite's own run; sent to the workers with each job."""

    tracking_uri: str
    experiment_id: str
    parent_id: str

    @property
    def client(self) -> MlflowClient:
        """A client of the tracking server."""
        return MlflowClient(self.tracking_uri)

    def log_figure(self, figure: "Figure", path: str) -> None:
        """Log a figure as an artifact of the suite's run."""
        self.client.log_figure(self.parent_id, figure, path)

    def log_table(self, table: pd.DataFrame, path: str) -> None:
        """Log a table as an artifact of the suite's run."""
        self.client.log_table(self.parent_id, table, path)

    @without_garbage_collection()
    def search(self, condition: str) -> list[Run]:
        """Return the runs of the experiment that meet a condition, newest first."""
        return get_results_from_paginated_fn(
            lambda number, token: self.client.search_runs(
                [self.experiment_id], condition, ViewType.ACTIVE_ONLY, number, page_token=token
            ),
            PAGE,
        )


def metrics(values: Mapping[str, float], model_id: str | None = None) -> list[Metric]:
    """Return metrics without a step, at the present time."""
    now_ms = int(time.time() * 1000)
    return [Metric(key, value, now_ms, 0, model_id=model_id) for key, value in values.items()]


@contextmanager
def locked_database(tracking_uri: str) -> Iterator[None]:
    """Hold the lock of a SQLite database, whose tables exist in this block; do nothing for other servers.

    MLflow creates the tables when a process first opens the file. Two processes that do so at the same
    time fail in each other's migrations, and a process that is killed meanwhile leaves a file that
    cannot be opened again.
    """
    if not tracking_uri.startswith("sqlite:///"):
        yield
        return
    database = Path(urlsplit(tracking_uri).path[1:])
    # 1. One process at a time.
    with locked(database.with_name(f"{database.name}.lock")):
        if not database.exists():
            # 2. Create the tables in a scratch file, which a killed process may leave incomplete; its
            #    renaming lets the database appear complete.
            with atomic_file(database) as scratch:
                MlflowClient(f"sqlite:///{scratch}").search_experiments(max_results=1)
        yield
