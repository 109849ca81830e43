"""Where the runs of a suite go."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from wikiart.cache.atomic import atomic_file, locked


@dataclass(frozen=True)
class Target:
    """A tracking server, an experiment and the suite's own run; travels to the workers."""

    tracking_uri: str
    experiment_id: str
    parent_id: str

    @property
    def client(self) -> MlflowClient:
        """A client of this tracking server."""
        return MlflowClient(self.tracking_uri)

    def search(self, condition: str) -> Iterator[Run]:
        """All runs of the experiment under a condition, newest first."""
        token = None
        while True:
            with uncollected():
                page = self.client.search_runs(
                    [self.experiment_id], condition, ViewType.ACTIVE_ONLY, max_results=1000, page_token=token
                )
            yield from page
            token = page.token
            if not token:
                return


@contextmanager
def uncollected() -> Iterator[None]:
    """Within, Python looks for no cycles: in a page of a thousand runs that takes longer than all else."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@contextmanager
def opening(tracking_uri: str) -> Iterator[None]:
    """Within, no other suite opens the same SQLite file for the first time; its tables are there.

    MLflow makes them in place when it first opens a file. Two processes at once get in each other's
    way there, and one that is killed leaves a file that cannot be opened again: hence a lock, and
    another name until they are whole. Other tracking servers need neither.
    """
    if not tracking_uri.startswith("sqlite:///"):
        yield
        return
    database = Path(urlsplit(tracking_uri).path[1:])
    with locked(database.with_name(f"{database.name}.lock")):
        if not database.exists():
            with atomic_file(database) as scratch:
                MlflowClient(f"sqlite:///{scratch}").search_experiments(max_results=1)
        yield
