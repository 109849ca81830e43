"""Which trainings of a suite are carried out, and which runs are reused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ablations.design.designs import Design
from ablations.design.trainings import CellRun, Training
from ablations.tracking import queries
from ablations.tracking.destination import Destination


@dataclass(frozen=True)
class Plan:
    """The trainings of a suite, and the runs that are finished when it starts."""

    design: Design
    trainings: Sequence[Training]  #: all of the design, in the order in which they are carried out
    finished: Mapping[str, str]  #: fingerprint -> run id of a finished run; may hold other suites' cells

    @property
    def cells(self) -> list[CellRun]:
        """The runs of all cells."""
        return [cell for training in self.trainings for cell in training.cells]

    @property
    def missing(self) -> list[Training]:
        """The trainings of cells without a finished run, each with those cells alone."""
        cells = [
            tuple(cell for cell in training.cells if cell.fingerprint not in self.finished)
            for training in self.trainings
        ]
        return [
            replace(training, cells=unfinished)
            for training, unfinished in zip(self.trainings, cells, strict=True)
            if unfinished
        ]

    @property
    def reused(self) -> dict[str, str]:
        """The runs that the suite takes over: name of the cell's run -> run id."""
        return self.select(self.finished)

    def select(self, runs: Mapping[str, str]) -> dict[str, str]:
        """Select this suite's cells from runs (fingerprint -> run id); return cell's run name -> run id."""
        return {cell.name: runs[cell.fingerprint] for cell in self.cells if cell.fingerprint in runs}


def reused_runs(destination: Destination, plan: Plan, not_before_ms: int) -> dict[str, str]:
    """Query the finished runs of a suite's cells that another suite carried out, as `Plan.reused`."""
    runs = queries.finished_runs(destination, not_before_ms, excluded_suite=destination.parent_id)
    return plan.select(runs)
