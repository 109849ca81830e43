"""The runs of a training, from its start to its end, also while the tracking server is unreachable."""

import time
from contextlib import nullcontext, suppress

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from ablations.design.trainings import CellRun, Training
from ablations.process.environment import few_retries
from ablations.tracking import cell_runs, models, server
from ablations.tracking.destination import Destination
from ablations.tracking.outcome import Outcome, Point
from wikiart.images.store import Store
from wikiart.learning import evaluation
from wikiart.learning.training import Epoch

INTERVAL = 10.0  # seconds between two updates of the server
RETRY_INTERVAL = 60.0  # seconds until a server that could not be reached is tried again


class RunLogger:
    """Logs a run for each cell of a training.

    The learning curve is logged every few seconds, not every epoch: an epoch may take less time than a
    database's commit. MLflow retries a request for some minutes (MLFLOW_HTTP_REQUEST_MAX_RETRIES). If
    the server still cannot be reached, the training goes on, and a later update or `finish` logs what
    the server has missed.

    Parameters
    ----------
    destination : Destination
        Where the runs are created.
    training : Training
        The training and its cells.
    data : Store
        The images that it uses.
    """

    def __init__(self, destination: Destination, training: Training, data: Store):
        self.destination, self.training, self.data = destination, training, data
        self.curve: list[Point] = []
        self._runs: dict[CellRun, str] = {}  # ids of the runs that exist
        self._logged = 0  # epochs that the server has
        self._unreachable = False
        self._next_update = 0.0  # of time.monotonic()

    def start(self) -> None:
        """Create the runs; if the server cannot be reached, a later call creates them."""
        self._try_update()

    def epoch(self, epoch: Epoch) -> None:
        """Add a point to the learning curve."""
        self.curve.append((int(time.time() * 1000), epoch))
        if time.monotonic() >= self._next_update:
            self._try_update()

    def finish(self, outcome: Outcome) -> None:
        """Log the answers of every cell and end its run."""
        self.curve = outcome.curve
        self._update()
        truth = [self.data.classes[label] for label in self.data.test.labels]
        locations: list[str] = []
        for cell, run_id in self._runs.items():
            answers = self._answers(cell, outcome, truth)
            locations.append(cell_runs.finish_cell(self.destination, run_id, answers, outcome))
            models.share_weights(locations[-1], [outcome.model, locations[0]])

    def fail(self, error: str) -> None:
        """End the runs as FAILED with a traceback, as far as the server can be reached."""
        with few_retries(), suppress(MlflowException):
            for run_id in self._runs.values():
                cell_runs.fail_cell(self.destination, run_id, error)

    def _try_update(self) -> None:
        try:
            # A server that did not answer the last time gets one retry only: the training is waiting.
            with few_retries() if self._unreachable else nullcontext():
                self._update()
            self._unreachable = False
        except MlflowException as error:
            if not server.is_unreachable(error):
                raise
            self._unreachable = True
        self._next_update = time.monotonic() + (RETRY_INTERVAL if self._unreachable else INTERVAL)

    def _update(self) -> None:
        """Create the runs that do not exist yet and log the epochs that the server does not have."""
        for cell in self.training.cells:
            if cell not in self._runs:
                self._runs[cell] = cell_runs.start_cell(self.destination, cell, self.data, self.training.name)
        for run_id in self._runs.values():
            cell_runs.log_curve(self.destination, run_id, self.curve[self._logged :])
        self._logged = len(self.curve)

    def _answers(self, cell: CellRun, outcome: Outcome, truth: list[str]) -> cell_runs.CellAnswers:
        """Read the network's outputs the way a cell does."""
        classes = evaluation.output_styles(self.data.classes, cell.reading, self.training.config.seed)
        adjustment = evaluation.prior_adjustment(cell.reading, np.array(outcome.shares))
        prediction = evaluation.read(outcome.log_probabilities, classes, adjustment)
        items = pd.DataFrame({"path": self.data.test.paths, "truth": truth, "prediction": prediction})
        scores = evaluation.score(truth, prediction, self.data.classes)
        return cell_runs.CellAnswers(classes, adjustment, items, scores)
