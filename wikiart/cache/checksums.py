"""Checksums of what the cache keeps, so that damaged files are recognized when they are opened.

The checksum of a file stands behind its content, those of a folder's files in `LIST` inside it. Both
include the name under which the file or folder is kept: an intact one in the place of another counts as
damaged. XXH3 detects failing disks, incomplete copies and accidents, but no forgery: whoever can write to
the cache can write checksums as well.
"""

import hashlib
import json
import logging
import os
import shutil
from functools import lru_cache
from pathlib import Path

from xxhash import xxh3_128

from wikiart.cache.atomic import atomic_file

LIST = "checksums.json"

log = logging.getLogger(__name__)


def write_file(path: Path, content: bytes) -> None:
    """Write a file with its checksum; it appears whole or not at all."""
    with atomic_file(path) as scratch:
        scratch.write_bytes(content + _file_checksum(path, content))


def read_file(path: Path) -> bytes | None:
    """Return the content of a file that `write_file` wrote; None if there is none.

    A damaged file is removed, and the log says so.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        data = b""
    content, checksum = data[:-16], data[-16:]
    if checksum == _file_checksum(path, content):
        return content
    remove_damaged(path, "its checksum differs")
    return None


def _file_checksum(path: Path, content: bytes) -> bytes:
    return xxh3_128(path.name.encode() + b"\0" + content).digest()


def seal(folder: Path, name: str) -> None:
    """Write the checksums of all files below a folder, which is kept under this name, into it."""
    with atomic_file(folder / LIST) as scratch:
        scratch.write_text(json.dumps({"name": name, "files": _checksums(folder)}), encoding="utf-8")


def damage(folder: Path, name: str = "") -> str:
    """Compare a folder with its checksums; return what differs, or "" if nothing does.

    A process reads a folder once, and again when the size or a time of one of its files has changed. Every
    write changes these, so that only a disk that alters bytes by itself, between two openings in one
    process, escapes; each start of a suite, and each of its workers, reads the folder anew.

    Parameters
    ----------
    folder : Path
        The folder.
    name : str
        Name under which it is kept. Default: its own.
    """
    try:
        states = [(path, path.stat()) for path in (folder / LIST, *_files(folder))]
    except (FileNotFoundError, NotADirectoryError):
        return f"{LIST} is missing"
    times = tuple((path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in states)
    return _damage(folder, name or folder.name, times)


@lru_cache(maxsize=64)
def _damage(folder: Path, name: str, states: tuple) -> str:
    """Compute `damage`; ``states`` are the sizes and times of the files for which the result holds."""
    try:
        content = json.loads((folder / LIST).read_bytes())
        expected_name, expected = content["name"], dict(content["files"])
    except (ValueError, LookupError, TypeError, RecursionError, IsADirectoryError):
        return f"{LIST} cannot be read"
    if expected_name != name:
        return f"it belongs to {expected_name}"
    actual = _checksums(folder)
    different = [file for file in {**expected, **actual} if expected.get(file) != actual.get(file)]
    return f"{different[0]} is not as it was written" if different else ""


def is_intact(folder: Path) -> bool:
    """Return True if a folder is there and as it was sealed.

    A damaged one is removed, and the log says so.
    """
    reason = damage(folder)
    if reason and os.path.lexists(folder):
        remove_damaged(folder, reason)
    return not reason


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and LIST not in path.name)


def _checksums(folder: Path) -> dict[str, str]:
    """Return the checksum of each file below a folder, by its relative path.

    The files are read, not mapped into memory: where a disk fails, a map would end the process.
    """
    checksums = {}
    for path in _files(folder):
        with path.open("rb") as file:
            checksums[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, xxh3_128).hexdigest()
    return checksums


def remove_damaged(path: Path, reason: str) -> None:
    """Remove a file or folder that cannot be used, and say so in the log."""
    log.warning("%s is damaged (%s): it is removed and made again", path, reason)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
