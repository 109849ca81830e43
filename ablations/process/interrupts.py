"""Interrupts: Ctrl-C, SIGTERM, a closed terminal, and the death of ``mlflow run`` (see `launcher`).

Whichever comes, and however often, a command stops once, in order: its active runs become KILLED, its
workers end, and it exits with a line and a code. Signal handlers belong to the whole process, and so does
this module's state. It imports nothing that takes time, because it is what every command loads first.

A command goes through three phases:

1. `exit_on_signal`: a signal ends the process at once, with a line;
2. `interrupt_once`: the first signal raises KeyboardInterrupt, the next do nothing;
3. `ignore_signals`: no signal does anything.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# SIGINT: Ctrl-C. SIGTERM: kill, a scheduler, or `mlflow run` after Ctrl-C. SIGHUP: the terminal
# was closed, or its connection was lost.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOPPED = "stopped"  #: the last line of a command that is stopped
LAST_LINE = "stopped; finished runs are kept: the same command goes on from here"  #: of a suite

_last_line = STOPPED
_raises = False  # phase 2: a signal raises KeyboardInterrupt
_first: int | None = None  # the first signal that arrived in phase 2
_deferrals = 0  # number of deferred() blocks that are open


def exit_on_signal(last_line: str = STOPPED) -> None:
    """Exit on the first signal, with a last line and the exit code of the signal.

    Used while a command starts, before there is anything to clean up.
    """
    global _last_line, _raises
    _last_line, _raises = last_line, False
    sys.unraisablehook = _report_unraisable
    for number in SIGNALS:
        # A signal that is ignored already stays so: `nohup` ignores SIGHUP to outlive the terminal,
        # and a shell without job control ignores SIGINT for its background jobs.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


def interrupt_once() -> None:
    """Let the first signal raise KeyboardInterrupt in the main thread, and later ones do nothing.

    Later ones are the rule. Ctrl-C reaches the whole process group of the terminal, so both this
    process and ``mlflow run``, which then sends SIGTERM to this process as well; and people press
    Ctrl-C twice. A second exception would break off the cleaning up that the first one started.

    Without `exit_on_signal` before it, nothing changes: the process handles its signals itself.
    """
    global _raises
    _raises = True


def ignore_signals() -> None:
    """Ignore signals from now on, if this module handles them.

    Used at the end of a command: one more signal while Python shuts down would print a traceback, or
    kill the process, and the shell would see the signal in place of the exit code. Python itself gives
    its handlers up before its last steps, but leaves a signal ignored that is ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def loading() -> Iterator[None]:
    """Exit on a signal in this block, as in phase 1.

    For imports of libraries. An exception that is raised inside an import may surface as an unrelated
    ImportError, or be swallowed by an extension module that is being initialized.
    """
    global _raises
    before, _raises = _raises, False
    try:
        yield
    finally:
        _raises = before


def _handle(number: int, _: FrameType | None) -> None:
    """Handle a signal. Python calls this in the main thread, between two of its instructions."""
    global _first
    # Phase 1: write the last line and exit. os.write, since print may be interrupted halfway through the
    # same buffer. os._exit, since an ordinary exit would run the exit handlers of half-loaded libraries.
    if not _raises:
        with suppress(OSError):  # nobody reads standard error any more
            os.write(2, f"\n{_last_line}\n".encode())
        os._exit(_exit_code(number))
    # Phase 2: raise at the first signal. In a deferred() block it is recorded only; the next check() raises.
    if _first is None:
        _first = number
        if not _deferrals:
            raise KeyboardInterrupt


def _report_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Print an exception that Python discards, as it does by itself, unless it is the interrupt.

    The handler may run in a destructor or in a callback of the garbage collector, where nobody catches an
    exception: Python prints a traceback and goes on. The interrupt is not lost, because `check` raises it.
    """
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


def has_arrived() -> bool:
    """Return True if a signal has arrived since `interrupt_once`."""
    return _first is not None


def exit_at_once(code: int) -> None:
    """Exit without the exit handlers of the libraries, at the end of an interrupted command.

    Among these, multiprocessing's waits for the process that workers are forked from, while that loads.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def exit_code() -> int:
    """Return the exit code of an interrupted command: 130 after Ctrl-C, 143 after SIGTERM."""
    return _exit_code(_first or signal.SIGINT)


def _exit_code(number: int) -> int:
    return 128 + number  # as a shell reports a program that the signal killed


def check() -> None:
    """Raise KeyboardInterrupt if a signal has arrived.

    Loops that may run for hours call this. It catches the interrupt that was deferred, and the
    one whose exception was lost: Python discards what is raised in a destructor or a callback of
    the garbage collector, where the handler may happen to run.

    Raises
    ------
    KeyboardInterrupt
    """
    if has_arrived():
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
