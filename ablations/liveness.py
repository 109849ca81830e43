"""Which process a run belongs to, and the end of runs whose process is dead."""

import socket
from collections.abc import Mapping

import psutil
from mlflow.entities import LoggedModelStatus

from ablations.target import Target

HOST, PID, CREATED = "process.host", "process.pid", "process.created"
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
    """End as KILLED what processes of this host left RUNNING in the experiment when they died.

    Runs of processes that live, of other hosts, and runs that are no part of a suite stay as
    they are.

    Returns
    -------
    int
        How many runs were ended.
    """
    client = target.client
    left = f"tags.`{HOST}` = '{socket.gethostname()}' and attributes.status = 'RUNNING'"
    dead = [run.info.run_id for run in target.search(left) if not owner_lives(run.data.tags)]
    for run_id in dead:
        _fail_unfinished_models(target, run_id)
        client.set_terminated(run_id, "KILLED")
    return len(dead)


def _fail_unfinished_models(target: Target, run_id: str) -> None:
    """A model whose files were still being written would look as if they came any moment."""
    client = target.client
    for model in client.search_logged_models([target.experiment_id], f"source_run_id = '{run_id}'"):
        if model.status == LoggedModelStatus.PENDING:
            client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
