"""Interrupts: Ctrl-C, SIGTERM, a closed terminal and the death of ``mlflow run``.

Whichever comes, and however often, a suite stops once, in order: its active runs become KILLED
and its workers end. Signal handlers belong to the whole process, and so does this module's state.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

# SIGINT: Ctrl-C. SIGTERM: kill, a scheduler, or `mlflow run` after Ctrl-C. SIGHUP: the terminal
# was closed, or its connection was lost.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_LINE = "stopped; finished runs are kept: the same command goes on from here"
EXIT_CODE = 130  #: what shells report after Ctrl-C: 128 + SIGINT
SHELLS = ("bash", "sh", "dash", "zsh")

_interrupted = False  # a signal has arrived since interrupt_once()
_deferrals = 0  # number of deferred() blocks that are open


def exit_on_signal() -> None:
    """Exit on the first signal.

    Used while the libraries load, before any run has been created, when nothing has to be cleaned up.
    """

    def write_and_exit(*_: object) -> None:
        # Not an exception: raised inside an import, it may surface as an unrelated ImportError, or
        # be swallowed by an extension module that is being initialized.
        # os.write, since print may be interrupted halfway through the same buffer. os._exit, since
        # an ordinary exit would run the exit handlers of half-loaded libraries.
        os.write(2, f"\n{LAST_LINE}\n".encode())
        os._exit(EXIT_CODE)

    _install(write_and_exit)


def interrupt_once() -> None:
    """Let the first signal raise KeyboardInterrupt in the main thread, and later ones do nothing.

    Later ones are the rule. Ctrl-C reaches the whole process group of the terminal, so both this
    process and ``mlflow run``, which then sends SIGTERM to this process as well; and people press
    Ctrl-C twice. A second exception would break off the cleaning up that the first one started.
    """
    _install(_interrupt)


def ignore_signals() -> None:
    """Ignore signals from now on.

    Used at the end of a stopped program: one more signal while Python shuts down would kill the
    process, and the shell would see the signal in place of the exit code.
    """
    _install(signal.SIG_IGN)


def _install(handler: Callable[..., None] | signal.Handlers) -> None:
    for number in SIGNALS:
        # A signal that is ignored already stays so: `nohup` ignores SIGHUP to outlive the terminal,
        # and a shell without job control ignores SIGINT for its background jobs.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _interrupt(*_: object) -> None:
    global _interrupted
    first, _interrupted = not _interrupted, True
    # In a deferred() block the flag alone is set; the next check() raises.
    if first and not _deferrals:
        raise KeyboardInterrupt


def check() -> None:
    """Raise KeyboardInterrupt if a signal has arrived.

    Loops that may run for hours call this. It catches the interrupt that was deferred, and the
    one whose exception was lost: Python discards what is raised in a destructor or a callback of
    the garbage collector, where the handler may happen to run.

    Raises
    ------
    KeyboardInterrupt
    """
    if _interrupted:
        raise KeyboardInterrupt


@contextmanager
def deferred() -> Iterator[None]:
    """Defer interrupts in this block to the next `check`.

    Needed where an exception would lose a resource: between the creation of a run on the server
    and the assignment of its id, for one, nobody could end that run any more.
    """
    global _deferrals
    _deferrals += 1
    try:
        yield
    finally:
        _deferrals -= 1


@contextmanager
def ignore_interrupts() -> Iterator[None]:
    """Start processes in this block that never receive Ctrl-C.

    The terminal sends SIGINT to workers as well, which then would end with a traceback each before
    they have installed a handler. Instead, they inherit a signal mask: SIGINT is blocked in this
    thread while they are started, and a blocked signal stays blocked through fork and exec. For
    this process nothing is lost: a SIGINT that arrives meanwhile is delivered when the mask is
    restored.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


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
