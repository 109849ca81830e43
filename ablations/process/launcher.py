"""The ``mlflow run`` that started this process, if one did: a suite ends with it."""

import os
import signal
import threading
import time
from contextlib import suppress

import psutil

SHELLS = ("bash", "sh", "dash", "zsh")


def end_with_launcher() -> None:
    """Treat the death of the ``mlflow run`` that started this process, if one did, as an interrupt.

    SIGTERM and SIGKILL end ``mlflow run``, but are not passed on to the command that it started:
    that would train for hours with nobody waiting for it. A thread watches the launcher and sends
    SIGTERM to the main thread when it is gone.
    """
    launcher = _launcher() if "MLFLOW_RUN_ID" in os.environ else None
    if launcher is not None:
        threading.Thread(target=_terminate_after, args=(launcher,), daemon=True).start()


def _launcher() -> psutil.Process | None:
    """Return the nearest ancestor that is not a shell: ``mlflow run`` starts its command with bash."""
    ancestors = psutil.Process().parents()
    return next((process for process in ancestors if process.name() not in SHELLS), None)


def _terminate_after(launcher: psutil.Process) -> None:
    # is_running() compares the creation time too, so that another process with the same id does not
    # count. A zombie is dead: it waits for its parent to ask for its exit code.
    with suppress(psutil.NoSuchProcess):
        while launcher.is_running() and launcher.status() != psutil.STATUS_ZOMBIE:
            time.sleep(1)
    main_thread = threading.main_thread().ident
    if main_thread is not None:
        # To the thread, not to the process: it interrupts a system call that the main thread waits
        # in, and Python runs its handlers in the main thread alone.
        signal.pthread_kill(main_thread, signal.SIGTERM)
