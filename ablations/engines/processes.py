"""Start of worker processes, with their environment variables and signals.

Linux forks them from a server process that has imported everything once (multiprocessing's ``forkserver``
and preload.py). Other systems start a new interpreter for each (``spawn``), which imports for itself.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from ablations.engines.engine import TRIES, EngineError
from ablations.process import interrupts
from ablations.process.environment import environment_variables

PRELOAD = "ablations.engines.preload"
POLL = 0.2  # seconds between two checks for an interrupt
SUITE_PID = "WIKIART_SUITE_PID"  #: environment variable of the fork server: process id of the suite
_IS_FORKED = sys.platform == "linux"
CONTEXT: Any = multiprocessing.get_context("forkserver" if _IS_FORKED else "spawn")


def start_fork_server() -> None:
    """Start the process that workers are forked from; it imports while this process goes on.

    Workers inherit its environment variables, so those that they need have to be set before. If the server
    runs already, or if this system does not fork workers, nothing happens.
    """
    # multiprocessing starts its resource tracker before the first other process, and unblocks SIGINT when
    # that is done: started here, it cannot undo `ignore_interrupts` below and in `start_worker`.
    resource_tracker.ensure_running()
    if _IS_FORKED:
        CONTEXT.set_forkserver_preload([PRELOAD])
        with _worker_environment(), interrupts.ignore_interrupts():
            forkserver.ensure_running()


def start_worker(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that calls ``target(*arguments)`` and does not receive Ctrl-C.

    This waits until the fork server has loaded. If an interrupt ends the wait, the process may start all the
    same, and lives until this process ends.

    Raises
    ------
    EngineError
        The process that workers are forked from was killed, again and again.
    """
    for _ in range(TRIES):
        # A server that was started in time is running; one that was killed is started again.
        start_fork_server()
        process = CONTEXT.Process(target=target, args=arguments)
        if _start(process):
            return process
    raise EngineError(
        f"the process that workers are forked from was killed, {TRIES} times (out of memory?): make room, "
        "then type the same command again; finished runs are kept"
    )


def _start(process: BaseProcess) -> bool:
    """Start a process; return False if the fork server was killed meanwhile."""
    started = []

    def start() -> None:
        # A server that is killed now breaks the connection, or never sends the process's id.
        with suppress(EOFError, ConnectionError), _worker_environment():
            process.start()
            started.append(process)

    # 1. An exception in the middle of `start` would leave a process without the data that it starts with,
    #    which says so in a traceback. Python raises KeyboardInterrupt in the main thread alone.
    thread = threading.Thread(target=start, daemon=True)
    # 2. The thread inherits this signal mask, and a spawned process that of the thread. A forked one has the
    #    server's.
    with interrupts.ignore_interrupts():
        thread.start()
    # 3. An interrupt ends the wait.
    while thread.is_alive():
        thread.join(POLL)
        interrupts.check()
    return bool(started)


def _worker_environment() -> AbstractContextManager[None]:
    """Set the variables with which workers and the fork server start.

    One thread for OpenMP and OpenBLAS: they create their threads when they are imported, and a process
    with threads must not be forked. Workers set their own number of threads afterwards. PYTHONPATH, so that
    they find this project from any working directory.
    """
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return environment_variables({**threads, "PYTHONPATH": path, SUITE_PID: str(os.getpid())})
