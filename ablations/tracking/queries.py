"""Which cells have a finished run already."""

from collections.abc import Iterable

from ablations.design.trainings import CellRun
from ablations.process.names import FINGERPRINT, FINISHED_CELLS, SUITE
from ablations.tracking.destination import Destination


def finished_runs(destination: Destination, not_before_ms: int, excluded_suite: str = "") -> dict[str, str]:
    """Return the finished runs of cells in the experiment.

    Parameters
    ----------
    destination : Destination
        The experiment.
    not_before_ms : int
        Earliest start of a run, in milliseconds since 1970; 0 for any.
    excluded_suite : str
        Run id of a suite whose runs do not count. Default "", none.

    Returns
    -------
    dict
        Fingerprint -> run id, of the newest run where there are several.
    """
    condition = _finished(not_before_ms)
    if excluded_suite:
        condition += f" and tags.{SUITE} != '{excluded_suite}'"
    runs = destination.search(condition)
    return {run.data.tags[FINGERPRINT]: run.info.run_id for run in reversed(runs)}  # the newest comes last


def finished_fingerprints(destination: Destination, cells: Iterable[CellRun], not_before_ms: int) -> set[str]:
    """Return the fingerprints of those cells that have a finished run; arguments as for `finished_runs`."""
    condition = f"{_finished(not_before_ms)} and tags.{FINGERPRINT} ="
    return {cell.fingerprint for cell in cells if destination.search(f"{condition} '{cell.fingerprint}'")}


def _finished(not_before_ms: int) -> str:
    return f"{FINISHED_CELLS} and attributes.start_time >= {not_before_ms}"
