"""Progress that can be read in a terminal (a bar) and in a log (lines)."""

import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ablations.process.errors import first_line

console = Console(stderr=False, highlight=False, soft_wrap=True)

_quiet = False


def be_quiet() -> None:
    """From now on no bars, and only the lines that must be said."""
    global _quiet
    _quiet = True


def say(text: str, *, always: bool = False) -> None:
    """One line (or more) for people, above a bar if one is shown; ``always``: however quiet."""
    if _quiet and not always:
        return
    console.print(text, markup=False)
    sys.stdout.flush()


def _shows_bars() -> bool:
    return console.is_terminal and not _quiet


class Bar:
    """A bar in a terminal; in a log one line at the end, if there is a unit to count in."""

    def __init__(self, title: str, unit: str = ""):
        self.title, self.unit = title, unit
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not _shows_bars(),
        )
        self._task = self._bar.add_task(title, total=None)
        self._done = 0.0

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()
        if self._done and self.unit:
            say(f"{self.title}: {self._done:,} {self.unit}")

    def update(self, done: float, total: float) -> None:
        """So many of so many are done."""
        self._done = done
        self._bar.update(self._task, completed=done, total=total)


class SuiteProgress:
    """Cells done of all, time left, and what runs now.

    In a terminal as a bar below the lines of what ended; in a log a line for each end, and
    one a minute when nothing ends.
    """

    QUIET = 60.0  # seconds without a line in a log before it says that it is alive

    def __init__(self, trainings: Sequence[tuple[str, int]], expected: Sequence[float] | None = None):
        """``trainings``: name and number of cells of each; ``expected``: how long it takes, in any unit."""
        self.expected = expected or [1.0] * len(trainings)
        self.total = sum(self.expected)
        self.names = [name for name, _ in trainings]
        self.cells = [cells for _, cells in trainings]
        self.shares = [0.0] * len(trainings)
        self.running: dict[int, None] = {}
        self.ended: set[int] = set()
        self.began = self.said = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not _shows_bars(),
        )
        self._task = self._bar.add_task("starting", total=self.total, left="")

    def __enter__(self) -> "SuiteProgress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def update(self, index: int, share: float) -> None:
        """A training has begun (share 0) or come so far."""
        self.shares[index] = share
        self.running[index] = None
        self._show()
        if not console.is_terminal and time.monotonic() - self.said > self.QUIET:
            self._line(f"still running: {self._running()}")

    def end(self, index: int, error: BaseException | None) -> None:
        """A training has ended."""
        self.shares[index] = 1.0
        self.running.pop(index, None)
        self.ended.add(index)
        how = "done" if error is None else f"FAILED: {first_line(error)}"
        self._line(f"{self.names[index]} {how}", always=error is not None)
        self._show()

    def _line(self, text: str, *, always: bool = False) -> None:
        self.said = time.monotonic()
        now = f"; now {self._running()}" if self.running and "running" not in text else ""
        said = f"[{self._cells_done()}/{sum(self.cells)} cells, {self._left()}] {text}{now}"
        say(said, always=always)

    def _show(self) -> None:
        title = f"{self._cells_done()}/{sum(self.cells)} cells  {self._running()}"
        self._bar.update(self._task, completed=self._done(), description=title, left=self._left())

    def _done(self) -> float:
        """How much of ``total``."""
        return sum(whole * share for whole, share in zip(self.expected, self.shares, strict=True))

    def _cells_done(self) -> int:
        return sum(self.cells[index] for index in self.ended)

    def _running(self) -> str:
        return ", ".join(self.names[index] for index in self.running)

    def _left(self) -> str:
        done = self._done()
        if done == 0:
            return "time left unknown"
        seconds = (time.monotonic() - self.began) * (self.total - done) / done
        return f"{readable(seconds)} left"


def readable(seconds: float) -> str:
    """``"40 s"``, ``"12 min"``, ``"3.5 h"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
