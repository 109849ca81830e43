"""Which trainings of a suite are carried out, and which runs are reused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ablations.design.designs import Design
from ablations.design.trainings import CellRun, Training


@dataclass(frozen=True)
class Plan:
    """The trainings of a suite, and the runs that others have finished."""

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
        missing = []
        for training in self.trainings:
            cells = tuple(cell for cell in training.cells if cell.fingerprint not in self.finished)
            if cells:
                missing.append(replace(training, cells=cells))
        return missing

    @property
    def reused(self) -> dict[str, str]:
        """The runs that the suite takes over: name of the cell's run -> run id."""
        return {
            cell.name: self.finished[cell.fingerprint]
            for cell in self.cells
            if cell.fingerprint in self.finished
        }
