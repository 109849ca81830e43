"""The runs of a training while it is under way, and their end; also while the tracking server is away."""

import time
from contextlib import nullcontext, suppress

import pandas as pd
from mlflow.exceptions import MlflowException

from ablations.design.trainings import CellRun, Training
from ablations.tracking import models as checkpoint
from ablations.tracking import runs as tracking
from ablations.tracking import server
from ablations.tracking.destination import Target
from ablations.tracking.outcome import Outcome, Point
from wikiart.images.store import Store
from wikiart.learning import evaluation
from wikiart.learning.training import Epoch

EVERY, SILENCE = 10.0, 60.0  # seconds until the server is told again, and one that was away


class Live:
    """A run for each cell of a training.

    The learning curve is logged every few seconds, not every epoch: an epoch may take less than a
    database's commit. MLflow tries a request again for some minutes (MLFLOW_HTTP_REQUEST_MAX_RETRIES).
    If the server is still away then, the training goes on unheard, and `finish` says what was missed.
    """

    def __init__(self, target: Target, training: Training, data: Store):
        self.target, self.training, self.data = target, training, data
        self.runs: dict[CellRun, str] = {}
        self.curve: list[Point] = []
        self.told = 0  # epochs that the server knows of
        self.away = False
        self._tell()

    def epoch(self, epoch: Epoch) -> None:
        """The learning curve's next point."""
        self.curve.append((int(time.time() * 1000), epoch))
        if time.monotonic() >= self.next:
            self._tell()

    def _tell(self) -> None:
        try:
            with server.hurried() if self.away else nullcontext():
                self._catch_up()
            self.away = False
        except MlflowException as error:
            if not server.away(error):
                raise
            self.away = True
        self.next = time.monotonic() + (SILENCE if self.away else EVERY)

    def _catch_up(self) -> None:
        """All that the server should know by now: runs that are begun, epochs that are over."""
        for cell in self.training.cells:
            if cell not in self.runs:
                self.runs[cell] = tracking.start_cell(self.target, cell, self.data, self.training.name)
        missed = self.curve[self.told :]
        for run_id in self.runs.values():
            tracking.log_curve(self.target, run_id, missed)
        self.told = len(self.curve)

    def finish(self, outcome: Outcome) -> None:
        """Write the answers of every cell and end its run."""
        self.curve = outcome.curve
        self._catch_up()
        truth = [self.data.classes[label] for label in self.data.test.labels]
        kept = [self._finish_cell(cell, run_id, outcome, truth) for cell, run_id in self.runs.items()]
        checkpoint.share_weights(kept)

    def _finish_cell(self, cell: CellRun, run_id: str, outcome: Outcome, truth: list[str]) -> str:
        classes = self.data.classes
        read = evaluation.reading(classes, cell.class_order, self.training.config.seed)
        prediction = [read[output] for output in outcome.outputs]
        scores = evaluation.score(truth, prediction, classes)
        items = pd.DataFrame({"path": self.data.test.paths, "truth": truth, "prediction": prediction})
        return tracking.finish_cell(
            self.target, run_id, scores, items, read, outcome.model, outcome.seconds, outcome.remarks
        )

    def fail(self, error: str) -> None:
        """End the runs as FAILED, with the reason, as far as the server hears it."""
        with server.hurried(), suppress(MlflowException):
            for run_id in self.runs.values():
                tracking.fail_cell(self.target, run_id, error)
