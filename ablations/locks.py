"""One process at a time, where several would do the same work.

The locks are the system's own on an open file: they fall with the process that holds them,
however it ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ablations.progress import say


@contextmanager
def alone(path: Path, waiting: str = "") -> Iterator[None]:
    """Hold the lock at ``path``; if another process has it, say ``waiting`` (if any) and wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if waiting:
            say(waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
