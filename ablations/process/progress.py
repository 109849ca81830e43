"""Progress as a bar in a terminal and as lines in a log."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from ablations.process import terminal
from ablations.process.errors import first_line
from ablations.process.wording import count

console = Console(stderr=False, highlight=False, soft_wrap=True)

SILENCE = 60.0  #: seconds without a line in a log before it says what is still running

_quiet = False


def set_quiet() -> None:
    """Print from now on no bars, and only the lines that are marked as ``always``."""
    global _quiet
    _quiet = True


def say(text: str, *, always: bool = False) -> None:
    """Print a text, above the bar if one is shown.

    Parameters
    ----------
    text : str
        One line or more.
    always : bool
        Print it after `set_quiet` as well.
    """
    if _quiet and not always:
        return
    console.print(terminal.safe(text), markup=False)
    sys.stdout.flush()


class _SayHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage(), always=True)


def say_warnings(package: str) -> None:
    """Print the warnings that a package logs, in any case and above the bar."""
    logger = logging.getLogger(package)
    logger.handlers = [_SayHandler()]
    logger.setLevel(logging.WARNING)
    logger.propagate = False


def _bar(*columns: ProgressColumn) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal or _quiet,
    )


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Callable[[float, float], None]]:
    """Show the progress of one step: a bar in a terminal; in a log a line a minute and one at the end.

    Parameters
    ----------
    title : str
        What is being done.
    unit : str
        What is counted, as "images".

    Yields
    ------
    callable
        Takes the number of items that are done and the number of all items.
    """
    with _bar(TaskProgressColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(terminal.safe(title), total=None)
        last_line_at = time.monotonic()

        def update(done: float, total: float) -> None:
            nonlocal last_line_at
            bar.update(task, completed=done, total=total)
            if not console.is_terminal and time.monotonic() - last_line_at > SILENCE:
                last_line_at = time.monotonic()
                say(f"{title}: {done:,} of {total:,} {unit}")

        yield update
    if done := bar.tasks[0].completed:
        say(f"{title}: {done:,} {unit}")


class SuiteProgress:
    """Progress of a suite: finished runs, time left, and the trainings that are running.

    In a terminal this is a bar below the lines of the trainings that have ended. In a log it is a
    line for each training that ends, and one a minute when none does.

    Parameters
    ----------
    trainings : sequence of (str, int)
        Name of each training, and number of runs that are read from it.
    expected : sequence of float, optional
        Expected duration of each training, in any unit; default: all the same.
    """

    def __init__(self, trainings: Sequence[tuple[str, int]], expected: Sequence[float] | None = None):
        self.expected = expected or [1.0] * len(trainings)
        self.total = sum(self.expected)
        self.names = [name for name, _ in trainings]
        self.runs = [runs for _, runs in trainings]
        self.fractions = [0.0] * len(trainings)
        self.running: dict[int, None] = {}  # in the order in which they began
        self.runs_done = 0
        self.started_at = self.last_line_at = time.monotonic()
        self._bar = _bar(TextColumn("{task.fields[time_left]}"))
        self._task = self._bar.add_task("starting", total=self.total, time_left="")

    def __enter__(self) -> "SuiteProgress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def update(self, index: int, fraction: float) -> None:
        """Report that a fraction of a training is done; 0: it has begun."""
        self.fractions[index] = fraction
        self.running[index] = None
        self._update_bar()
        if not console.is_terminal and time.monotonic() - self.last_line_at > SILENCE:
            self._print(f"still running: {self._names_running()}")

    def end(self, index: int, error: BaseException | None) -> None:
        """Report that a training has ended, and the error if it failed."""
        self.fractions[index] = 1.0
        self.running.pop(index, None)
        self.runs_done += self.runs[index]
        result = "done" if error is None else f"FAILED: {first_line(error)}"
        now = f"; now {self._names_running()}" if self.running else ""
        self._print(f"{self.names[index]} {result}{now}", always=error is not None)
        self._update_bar()

    def _print(self, text: str, *, always: bool = False) -> None:
        self.last_line_at = time.monotonic()
        say(f"[{self._runs()}, {self._time_left()}] {text}", always=always)

    def _update_bar(self) -> None:
        title = terminal.safe(f"{self._runs()}  {self._names_running()}")
        self._bar.update(
            self._task,
            completed=self._work_done(),
            description=title,
            time_left=self._time_left(),
        )

    def _runs(self) -> str:
        return f"{self.runs_done}/{count(sum(self.runs), 'run')}"

    def _names_running(self) -> str:
        return ", ".join(self.names[index] for index in self.running)

    def _work_done(self) -> float:
        """Return the part of ``total``, in the unit of ``expected``, that is done."""
        return sum(whole * part for whole, part in zip(self.expected, self.fractions, strict=True))

    def _time_left(self) -> str:
        done = self._work_done()
        if done == 0:
            return "time left unknown"
        seconds = (time.monotonic() - self.started_at) * (self.total - done) / done
        return f"{readable_duration(seconds)} left"


def readable_duration(seconds: float) -> str:
    """Format a duration as ``"40 s"``, ``"12 min"`` or ``"3.5 h"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
