"""Files and folders that appear whole or not at all, and locks that order the processes which write them.

A result is written under a scratch name in the folder where it belongs and then renamed. Both names
lie on one file system, where POSIX makes ``rename`` atomic: another process sees either no result or
the complete one, however and whenever the writer ends.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a scratch path; at the end of the block its file becomes ``path``.

    An existing file is replaced. After an exception the scratch file is removed and ``path`` is as
    it was.
    """
    scratch = _scratch_path(path)
    try:
        yield scratch
        scratch.replace(path)
    finally:
        with suppress(OSError):  # after the rename there is nothing to remove
            scratch.unlink()


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty scratch folder; at the end of the block it becomes ``path``.

    After an exception the scratch folder is removed and ``path`` is as it was.

    Parameters
    ----------
    path : Path
        The folder to write.
    replace : bool
        Whether the new folder takes the place of an existing one. Otherwise the existing one stays:
        another process has written the same content first. Default False.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    scratch = _scratch_path(path)
    try:
        scratch.mkdir()
        yield scratch
        # A folder cannot be renamed onto one with content, so the old one goes first: for a moment there is
        # none, never half of one.
        if replace and path.exists():
            shutil.rmtree(path)
        try:
            scratch.rename(path)
        except OSError:
            if not path.is_dir():  # otherwise another process was first
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` in this block; if another process holds it, wait.

    The operating system releases the lock when its process ends, however it ends. The file itself
    stays: a process that waits has it open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield


def _scratch_path(path: Path) -> Path:
    """Create the parent folder and return a name in it that no other process uses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}-{uuid4().hex[:8]}.part")
