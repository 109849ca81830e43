"""Ctrl-C, SIGTERM, a closed terminal, the death of ``mlflow run``: each ends the suite once, in order."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_LINE = "stopped; finished runs are kept: the same command goes on from here"
EXIT_CODE = 130  # what shells report after Ctrl-C
SHELLS = ("bash", "sh", "dash", "zsh")

_asked = False  # an interrupt has come
_holds = 0  # depth of held()


def leave_at_once(line: str = LAST_LINE) -> None:
    """From now on a signal ends the process with a last line: nothing has begun that needs an end.

    For the seconds in which the libraries load: an exception there may end as an odd ImportError.
    """

    def leave(*_: object) -> None:
        os.write(2, f"\n{line}\n".encode())
        os._exit(EXIT_CODE)

    _handle(leave)


def interrupt_once() -> None:
    """From now on the first signal raises KeyboardInterrupt in the main thread, and later ones do nothing.

    Later ones always come: after Ctrl-C, which reaches the whole process group, ``mlflow run``
    sends SIGTERM as well; and people press twice. What they want is already under way.
    """
    _handle(_interrupt)


def ignore() -> None:
    """From now on signals do nothing; while Python ends, they would kill it, and its exit code be lost."""
    _handle(signal.SIG_IGN)


def _handle(handler: Callable[..., None] | signal.Handlers) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a shell's background job
            signal.signal(number, handler)


def _interrupt(*_: object) -> None:
    global _asked
    first, _asked = not _asked, True
    if first and not _holds:
        raise KeyboardInterrupt


def check() -> None:
    """Raise KeyboardInterrupt if an interrupt came while it was held back, or was swallowed on its way.

    The second happens where Python has nobody to give an exception to, in destructors for one.

    Raises
    ------
    KeyboardInterrupt
    """
    if _asked:
        raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[None]:
    """Within, an interrupt does not raise: it waits for the next `check`."""
    global _holds
    _holds += 1
    try:
        yield
    finally:
        _holds -= 1


@contextmanager
def born_deaf() -> Iterator[None]:
    """Processes that are started within do not hear Ctrl-C, from their first moment on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_launcher() -> None:
    """Take the death of the ``mlflow run`` that started this process, if one did, for an interrupt.

    SIGTERM and SIGKILL end ``mlflow run`` without a word to its script.
    """
    launcher = _launcher() if "MLFLOW_RUN_ID" in os.environ else None
    if launcher is not None:
        threading.Thread(target=_outlive, args=(launcher,), daemon=True).start()


def _launcher() -> psutil.Process | None:
    """The nearest ancestor that is no shell: ``mlflow run`` starts its command through bash."""
    ancestors = psutil.Process().parents()
    return next((process for process in ancestors if process.name() not in SHELLS), None)


def _outlive(launcher: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        while launcher.is_running() and launcher.status() != psutil.STATUS_ZOMBIE:
            time.sleep(1)
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGTERM)
