"""Writing to a disk that may be full or closed to the user."""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wikiart.cache.atomic import atomic_folder, locked
from wikiart.cache.checksums import LIST, damage, is_intact, seal
from wikiart.errors import CacheError

#: ``errno`` of a full disk, a used-up quota and a file beyond its limit; None is numpy's own error after
#: a short write, which carries no number
NO_SPACE = (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def cache_errors(folder: Path) -> Iterator[None]:
    """Raise an OSError of this block as a CacheError that names the folder.

    Raises
    ------
    CacheError
        In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        full = error.errno in NO_SPACE
        problem = f"no space left for {folder}" if full else f"{folder} cannot be written ({error.strerror})"
        cache_error = CacheError(problem)
        cache_error.full = full
        raise cache_error from error


def build_once(folder: Path, required_bytes: int, write: Callable[[Path], None]) -> None:
    """Create a folder unless it exists; it appears whole or not at all.

    If another process is writing the folder, wait until it is done. A damaged folder is replaced.

    Parameters
    ----------
    folder : Path
        The folder to create.
    required_bytes : int
        Free space that the content needs: better to stop before an hour of decoding than after it.
    write : callable
        Called with an empty scratch folder, writes the content there. It is sealed afterwards
        (`wikiart.cache.checksums`), unless it is a copy that brings its checksums.

    Raises
    ------
    CacheError
        The disk is full, or the parent folder cannot be written.
    """
    with cache_errors(folder.parent):
        if not damage(folder):
            return
    # Check again under the lock: the folder may have been written while this process waited for it.
    with cache_errors(folder.parent), locked(folder.with_name(f".{folder.name}.lock")):
        if not is_intact(folder):
            _check_space(folder.parent, required_bytes)
            with atomic_folder(folder) as scratch:
                write(scratch)
                if not (scratch / LIST).exists():
                    seal(scratch, folder.name)


def _check_space(folder: Path, required_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < required_bytes:
        raise OSError(errno.ENOSPC, f"{required_bytes} bytes needed, {free} free")


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())
