"""What is kept on disk between suites: it appears whole or not at all, and can be swept and cleared."""

import errno
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock, Timeout

from wikiart.errors import CacheError

STORES, NEIGHBOURS, TRAININGS = "stores", "neighbours", "trainings"  #: folders in the cache
ABANDONED = 3600.0  #: seconds after which an untouched scratch folder belongs to no one
FULL = (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # None: numpy's own error after a short write


@contextmanager
def npy(path: Path, shape: tuple[int, ...]) -> Iterator[Callable[[np.ndarray], None]]:
    """An .npy file of as many uint8 rows of this shape as are appended.

    Written, not mapped: on a full disk a write is an error that can be told, a touched page a dead process.
    """

    def header(file: BinaryIO, rows: int) -> None:
        about = {"descr": "|u1", "fortran_order": False, "shape": (rows, *shape)}
        np.lib.format.write_array_header_1_0(file, about)  # leaves room for any number of rows

    rows = 0
    with path.open("wb") as file:

        def append(row: np.ndarray) -> None:
            nonlocal rows
            file.write(np.ascontiguousarray(row).data)
            rows += 1

        header(file, 0)
        yield append
        file.seek(0)
        header(file, rows)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say of an error on writing to the cache which folder it is and what helps.

    Raises
    ------
    CacheError
        In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        where = "choose another folder with --cache or WIKIART_CACHE"
        if error.errno in FULL:
            raise CacheError(
                f"no space left for {folder}: {where}, "
                f"or make room with python -m ablations.cli.cache --clear yes"
            ) from error
        raise CacheError(f"{folder} cannot be written ({error.strerror}): {where}") from error


def publish(folder: Path, needed: int, write: Callable[[Path], None]) -> None:
    """Let a folder be written, if it is not there, so that it appears whole or not at all.

    Who comes while another process writes it waits for that. ``needed`` bytes must be free.

    Raises
    ------
    CacheError
        The disk is full, or the folder above cannot be written.
    """
    if folder.is_dir():
        return
    with writing(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if not folder.is_dir():
                _check_space(folder.parent, needed)
                _write_aside(folder, write)


def _check_space(folder: Path, needed: int) -> None:
    """Rather before an hour of decoding than after it."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"{needed} bytes needed, {free} free")


def _write_aside(folder: Path, write: Callable[[Path], None]) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write(scratch)
        try:
            scratch.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another machine was first, with the same content
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def scratch(folder: Path) -> list[Path]:
    """The folders that are being written, or were when their process was killed."""
    names = (".sample-*", f".{'[0-9a-f]' * 32}-*")
    return sorted(path for name in names for path in folder.glob(name) if path.is_dir())


def sweep(folder: Path) -> list[Path]:
    """Remove the scratch folders below a folder that a killed process left; returns them.

    A process that still writes one touches its files, wherever it runs.
    """
    left = [path for path in scratch(folder) if time.time() - _touched(path) > ABANDONED]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return left


def _touched(folder: Path) -> float:
    times = [folder.stat().st_mtime]
    for path in folder.rglob("*"):
        try:
            times.append(path.stat().st_mtime)
        except FileNotFoundError:  # renamed or removed by its writer just now
            times.append(time.time())
    return max(times)


def size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def kept(cache: Path) -> dict[str, list[Path]]:
    """What the suite keeps in its cache folder, by kind; scratch folders may be in use.

    Anything else there is somebody's own and never named here.
    """
    stores = cache / STORES
    return {
        "stores": sorted(path.parent for path in stores.glob("[!.]*/store.json")),
        "neighbours": sorted(
            path for end in ("npy", "part") for path in (cache / NEIGHBOURS).glob(f"*.{end}")
        ),
        "states": sorted(path for end in ("pt", "part") for path in (cache / TRAININGS).glob(f"*.{end}")),
        "samples": sorted(path for path in cache.glob("sample-v*") if path.is_dir()),
        "scratch": [path for folder in (stores, cache) for path in scratch(folder)],
    }


def clear(cache: Path) -> int:
    """Remove what is kept, scratch folders that are abandoned, and locks that nobody holds.

    Returns the bytes that were freed.
    """
    found = kept(cache)
    before = _total(found)
    for path in (*found["stores"], *found["samples"]):
        shutil.rmtree(path, ignore_errors=True)
    for path in (*found["neighbours"], *found["states"]):
        path.unlink(missing_ok=True)
    sweep(cache / STORES)
    sweep(cache)
    for folder, name in ((STORES, f".{'[0-9a-f]' * 32}.lock"), (NEIGHBOURS, "*.lock"), (TRAININGS, "*.lock")):
        for path in (cache / folder).glob(name):
            _remove_lock(path)
    return before - _total(kept(cache))


def _remove_lock(path: Path) -> None:
    with suppress(Timeout), FileLock(path, timeout=0):
        path.unlink(missing_ok=True)


def _total(found: dict[str, list[Path]]) -> int:
    return sum(size(path) for paths in found.values() for path in paths)
