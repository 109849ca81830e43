"""The process that a run belongs to, and the end of runs whose process is dead."""

import socket
from collections.abc import Iterable, Mapping

import psutil
from mlflow.entities import LoggedModelStatus, Run

from ablations.design.trainings import Training
from ablations.process.names import CELLS, SUITE, TRAINING
from ablations.tracking.destination import Destination

HOST, PID, CREATED = "process.host", "process.pid", "process.created"
RUNNING = "attributes.status = 'RUNNING'"
TOLERANCE = 5.0  # seconds; creation times depend on a clock that may be set


def owner() -> dict[str, str]:
    """Return tags that identify this process: host, process id and creation time in seconds since 1970.

    The id alone does not identify a process, because the system assigns ids again.
    """
    process = psutil.Process()
    return {HOST: socket.gethostname(), PID: str(process.pid), CREATED: f"{process.create_time():.2f}"}


def owner_lives(tags: Mapping[str, str]) -> bool:
    """Return True if the process that these tags identify runs; only valid on the host of the tags."""
    try:
        process = psutil.Process(int(tags[PID]))
        same = abs(process.create_time() - float(tags[CREATED])) < TOLERANCE
        # A zombie has ended; it is listed only until its parent process asks for its exit code.
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_abandoned_runs(destination: Destination) -> int:
    """End as KILLED the runs of the experiment that dead processes left RUNNING.

    Runs of live processes, of suites of other hosts and runs that do not belong to a suite are not
    changed.

    Returns
    -------
    int
        Number of runs that were ended.
    """
    # 1. Runs, of suites and of cells, whose process was on this host and is dead.
    of_this_host = f"tags.`{HOST}` = '{socket.gethostname()}' and {RUNNING}"
    dead = [run for run in destination.search(of_this_host) if not owner_lives(run.data.tags)]
    _kill(destination, dead)
    # 2. Runs of cells, on whichever host, whose suite has ended: no training outlives its suite. This
    #    includes the suites that step 1 has ended.
    cells = [run for run in destination.search(f"{CELLS} and {RUNNING}") if SUITE in run.data.tags]
    suites = {run.data.tags[SUITE] for run in cells}
    ended = {suite for suite in suites if destination.client.get_run(suite).info.status != "RUNNING"}
    orphans = [run for run in cells if run.data.tags[SUITE] in ended]
    _kill(destination, orphans)
    return len(dead) + len(orphans)


def end_own_runs(destination: Destination, training: str = "") -> None:
    """End as KILLED the runs of this suite that are RUNNING although nothing works on them any more.

    A training calls this when it starts, with its name: it has one attempt at a time, and the previous
    attempt may have died with its machine. The suite calls it after the last training, for all.
    """
    running = destination.search(f"tags.{SUITE} = '{destination.parent_id}' and {RUNNING}")
    _kill(destination, [run for run in running if training in ("", run.data.tags[TRAINING])])


def remove_leftovers(
    destination: Destination, trainings: Iterable[Training], finished: Mapping[str, str]
) -> None:
    """Remove the files of finished trainings that a process left when it was killed before it removed them.

    Files that are younger than the training's runs may wait for another tracking server, and stay.

    Parameters
    ----------
    destination : Destination
        The experiment of the runs.
    trainings : iterable of Training
        The trainings of the suite.
    finished : mapping
        Fingerprint -> run id, of the finished runs of cells.
    """
    for training in trainings:
        files = training.files
        if files.state.exists() or files.outcome.exists():
            runs = [finished[cell.fingerprint] for cell in training.cells if cell.fingerprint in finished]
            if len(runs) == len(training.cells):
                files.remove_if_older(max(destination.client.get_run(run).info.end_time for run in runs))


def _kill(destination: Destination, runs: Iterable[Run]) -> None:
    for run in runs:
        _fail_unfinished_models(destination, run.info.run_id)
        destination.client.set_terminated(run.info.run_id, "KILLED")


def _fail_unfinished_models(destination: Destination, run_id: str) -> None:
    """Mark models whose upload was interrupted as FAILED: MLflow would show them as pending for ever."""
    client = destination.client
    for model in client.search_logged_models([destination.experiment_id], f"source_run_id = '{run_id}'"):
        if model.status == LoggedModelStatus.PENDING:
            client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
