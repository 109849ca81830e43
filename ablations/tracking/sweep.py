"""Which process a run belongs to, and the end of runs whose process is dead."""

import socket
from collections.abc import Iterable, Mapping

import psutil
from mlflow.entities import LoggedModelStatus, Run

from ablations.tracking.destination import Target

HOST, PID, CREATED = "process.host", "process.pid", "process.created"
RUNNING = "attributes.status = 'RUNNING'"
TOLERANCE = 5.0  # seconds; creation times are read off a clock that may be set meanwhile


def owner() -> dict[str, str]:
    """Tags that say which process a run belongs to: host, process id, and when the process began.

    The last because ids are given again; in seconds since 1970.
    """
    process = psutil.Process()
    return {HOST: socket.gethostname(), PID: str(process.pid), CREATED: f"{process.create_time():.2f}"}


def owner_lives(tags: Mapping[str, str]) -> bool:
    """Whether the process that these tags name still runs; to be asked on its own host."""
    try:
        process = psutil.Process(int(tags[PID]))
        same = abs(process.create_time() - float(tags[CREATED])) < TOLERANCE
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def sweep(target: Target) -> int:
    """End as KILLED what dead processes left RUNNING in the experiment.

    Dead are the processes of this host that do not run, and, wherever they were, those that carried
    out a suite whose own run has ended: no training outlives its suite. Runs of processes that live,
    of other hosts' suites, and runs that are no part of a suite stay as they are.

    Returns
    -------
    int
        How many runs were ended.
    """
    ours = f"tags.`{HOST}` = '{socket.gethostname()}' and {RUNNING}"
    dead = [run for run in target.search(ours) if not owner_lives(run.data.tags)]
    _kill(target, dead)
    cells = [run for run in target.search(f"tags.role = 'cell' and {RUNNING}") if "suite" in run.data.tags]
    suites = {run.data.tags["suite"] for run in cells}
    ended = {suite for suite in suites if target.client.get_run(suite).info.status != "RUNNING"}
    orphans = [run for run in cells if run.data.tags["suite"] in ended]
    _kill(target, orphans)
    return len(dead) + len(orphans)


def end_attempts(target: Target, training: str = "") -> int:
    """End as KILLED what this suite began and nobody works at any more; returns how many runs.

    To be called where it is known: at the start of a training for that training (it has one
    attempt at a time, and the one before it may have died with its machine), and after the last for all.
    """
    own = target.search(f"tags.suite = '{target.parent_id}' and {RUNNING}")
    left = [run for run in own if not training or run.data.tags["training"] == training]
    _kill(target, left)
    return len(left)


def _kill(target: Target, runs: Iterable[Run]) -> None:
    for run in runs:
        _fail_unfinished_models(target, run.info.run_id)
        target.client.set_terminated(run.info.run_id, "KILLED")


def _fail_unfinished_models(target: Target, run_id: str) -> None:
    """A model whose files were still being written would look as if they came any moment."""
    client = target.client
    for model in client.search_logged_models([target.experiment_id], f"source_run_id = '{run_id}'"):
        if model.status == LoggedModelStatus.PENDING:
            client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
