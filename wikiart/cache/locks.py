"""One process at a time, where several would do the same work.

The locks are the system's own on an open file: they fall with the process that holds them,
however it ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock at ``path``; if another process has it, wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield
