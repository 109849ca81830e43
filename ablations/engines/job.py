"""A training as the driver sends it to a worker, and what comes back; loads no torch."""

from collections.abc import Callable
from dataclasses import dataclass

from ablations.design.trainings import Training
from ablations.tracking.destination import Destination


@dataclass(frozen=True)
class Job:
    """A training to carry out, and where its runs are written."""

    training: Training
    destination: Destination
    device: str  #: a torch device
    not_before_ms: int  #: ignore runs and files that are older; milliseconds since 1970, 0 for none


@dataclass(frozen=True)
class Handover:
    """Whether a training's runs are finished, or its outcome waits on disk for the tracking server."""

    unreachable: str = ""  #: why the server could not be reached; "" if the runs are finished
    archive: bytes = b""  #: the outcome, packed, if it was written on another machine


def carry_out(job: Job, report: Callable[[float], None]) -> Handover:
    """Carry out a training, see `ablations.engines.worker.carry_out`.

    The driver sends this function to the workers, which import torch; it does not import it itself.
    """
    from ablations.engines import worker

    return worker.carry_out(job, report)
