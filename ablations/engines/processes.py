"""Start of worker processes, with their environment variables and signals.

Linux forks them from a server process that has imported everything once (multiprocessing's ``forkserver``
and preload.py). Other systems start a new interpreter for each (``spawn``), which imports for itself.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from ablations.process import interrupts
from ablations.process.environment import environment_variables

PRELOAD = "ablations.engines.preload"
CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


def start_fork_server() -> None:
    """Start the process that workers are forked from; it imports while this process goes on.

    Workers inherit its environment variables, so those that they need have to be set before. If the server
    runs already, or if this system does not fork workers, nothing happens.
    """
    # multiprocessing starts its resource tracker before the first other process, and unblocks SIGINT when
    # that is done: started here, it cannot undo `ignore_interrupts` below and in `start_worker`.
    resource_tracker.ensure_running()
    if CONTEXT.get_start_method() == "forkserver":
        CONTEXT.set_forkserver_preload([PRELOAD])
        with _worker_environment(), interrupts.ignore_interrupts():
            forkserver.ensure_running()


def start_worker(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that calls ``target(*arguments)`` and does not receive Ctrl-C.

    To be called with interrupts deferred: otherwise one that arrives after the start loses the process.
    """
    # 1. A server that was started in time is running; one that was killed is started again.
    start_fork_server()
    # 2. The signal mask reaches a spawned worker through this thread, a forked one through the server.
    with _worker_environment(), interrupts.ignore_interrupts():
        process = CONTEXT.Process(target=target, args=arguments)
        process.start()
    return process


def _worker_environment() -> AbstractContextManager[None]:
    """Set the variables with which workers and the fork server start.

    One thread for OpenMP and OpenBLAS: they create their threads when they are imported, and a process
    with threads must not be forked. Workers set their own number of threads afterwards. PYTHONPATH, so that
    they find this project from any working directory.
    """
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    return environment_variables({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path})
