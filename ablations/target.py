"""Where the runs of a suite go."""

from collections.abc import Iterator
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run, ViewType


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
            page = self.client.search_runs(
                [self.experiment_id], condition, ViewType.ACTIVE_ONLY, max_results=1000, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return
