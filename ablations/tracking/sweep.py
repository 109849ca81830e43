"""The process that a run belongs to, and the end of runs whose process is dead."""

import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from mlflow.entities import LoggedModelStatus, Run

from ablations.design.trainings import Training
from ablations.process.names import CELLS, SUITE, TRAINING
from ablations.tracking.destination import Destination

HOST, PID, CREATED = "process.host", "process.pid", "process.created"
ENDED = "process.ended"  #: tag: the status with which a suite ended its own run after an interrupt
USER, SOURCE, SOURCE_TYPE = "mlflow.user", "mlflow.source.name", "mlflow.source.type"
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

    Runs of live processes, of suites of other hosts and of other projects are not changed.

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
    # 3. Runs that `mlflow run` created for a command that never began.
    unstarted = _unstarted_runs(destination)
    _kill(destination, unstarted)
    # 4. After Ctrl-C, `mlflow run` sets the suite's run to FAILED that the suite has set to KILLED.
    failed = f"tags.`{ENDED}` = 'KILLED' and tags.`{HOST}` = '{socket.gethostname()}'"
    for run in destination.search(f"{failed} and attributes.status = 'FAILED'"):
        destination.client.set_terminated(run.info.run_id, "KILLED", end_time=run.info.end_time)
    return len(dead) + len(orphans) + len(unstarted)


def _unstarted_runs(destination: Destination) -> list[Run]:
    """Return the RUNNING runs of this project whose `mlflow run` ended before the command began.

    ``mlflow run`` creates a run before it makes the environment, and leaves it RUNNING if conda is missing or
    if it is killed. Only the command adds the tags of a process. Such a run names a user and a project, no
    host: in a SQLite file it is taken to be of this machine, on a server it is left alone. If ``mlflow run``
    lives after all, its command sets the run to RUNNING again when it begins.
    """
    own = destination.client.get_run(destination.parent_id)
    tags = own.data.tags
    if tags.get(SOURCE_TYPE) != "PROJECT" or urlsplit(destination.tracking_uri).scheme != "sqlite":
        return []
    condition = f"tags.`{SOURCE_TYPE}` = 'PROJECT' and {RUNNING}"
    older = [run for run in destination.search(condition) if run.info.start_time < own.info.start_time]
    return [
        run
        for run in older
        if HOST not in run.data.tags
        and all(run.data.tags.get(key) == tags.get(key) for key in (USER, SOURCE))
        and not _mlflow_run_lives(run)
    ]


def _mlflow_run_lives(run: Run) -> bool:
    """Return True if a process may be the ``mlflow run`` that created a run, or the command of that run."""
    processes = list(psutil.process_iter())
    # 1. A command has the id of its run in its environment. What started it has created that run alone.
    launchers = set()
    for process in processes:
        with suppress(psutil.Error):  # it has ended, or belongs to another user
            run_id = process.environ().get("MLFLOW_RUN_ID")
            if run_id == run.info.run_id:
                return True
            if run_id:
                launchers |= set(process.parents())
    # 2. Of the others, an `mlflow run` that is older than the run may be making its environment.
    for process in set(processes) - launchers:
        with suppress(psutil.Error):
            words = {Path(word).name for word in process.cmdline()}
            is_older = process.create_time() - TOLERANCE < run.info.start_time / 1000
            if is_older and {"mlflow", "run"} <= words:
                return True
    return False


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
