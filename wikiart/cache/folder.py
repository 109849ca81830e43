"""The cache folder: the paths of everything in it, lists of its contents, and clearing."""

import hashlib
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

ABANDONED = 3600.0  #: age in seconds at which an unchanged scratch file counts as abandoned by its process

_KEY = "[0-9a-f]" * 32
#: The contents of the cache by kind, as patterns below its folder. Other files there are foreign.
PATTERNS = {
    "stores": (f"stores/{_KEY}",),
    "neighbours": ("neighbours/[!.]*.npy",),
    "states": ("trainings/[!.]*.pt",),
    "outcomes": ("trainings/[!.]*.outcome",),
    "level files": ("levels/[!.]*",),
    "samples": ("sample-v*",),
    "scratch": (
        f"stores/.{_KEY}-*",
        ".sample-*",
        *(f"{folder}/*.part" for folder in ("neighbours", "trainings", "levels")),
        "trainings/*.writing",  # of versions before atomic_folder
    ),
    "locks": (f"stores/.{_KEY}.lock", "neighbours/*.lock", "trainings/*.lock"),
}


@dataclass(frozen=True)
class TrainingFiles:
    """The files of a training, kept until its runs are finished."""

    state: Path  #: file from which an interrupted training continues
    outcome: Path  #: folder with the trained network and its predictions
    lock: Path  #: held by the process that carries the training out, whichever suite asked for it

    def remove(self) -> None:
        """Remove state, outcome and their scratch files. The caller must hold the lock."""
        for path in (self.state, self.outcome, *self.lock.parent.glob(f".{self.lock.stem}.*.part")):
            _remove(path)

    def remove_if_older(self, time_ms: int) -> None:
        """Remove state and outcome if they are older than a time (milliseconds since 1970) and not in use."""
        paths = [path for path in (self.state, self.outcome) if path.exists()]
        if paths and max(path.stat().st_mtime for path in paths) * 1000 < time_ms and _is_free(self.lock):
            self.remove()


@dataclass(frozen=True)
class Cache:
    """The cache folder, with the path of everything in it."""

    root: Path

    @classmethod
    def of_store(cls, store: Path) -> "Cache":
        """Return the cache that a store's folder belongs to."""
        return cls(store.parents[1])

    def store(self, key: str) -> Path:
        """Return the folder of the store with this key."""
        return self.root / "stores" / key

    def neighbours(self, digest: str) -> Path:
        """Return the file of a table of neighbours, by the digest of what decides it."""
        return self.root / "neighbours" / f"neighbours-{digest}.npy"

    def training(self, fingerprint: str) -> TrainingFiles:
        """Return the files of the training with this fingerprint."""
        base = self.root / "trainings" / fingerprint
        return TrainingFiles(*(base.with_name(f"{fingerprint}.{end}") for end in ("pt", "outcome", "lock")))

    def level_file(self, text: str, suffix: str) -> Path:
        """Return the file for this text of a SMOTE level, received from another machine."""
        return self.root / "levels" / f"{hashlib.sha256(text.encode()).hexdigest()}{suffix}"

    def sample(self, version: int) -> Path:
        """Return the folder of the generated images."""
        return self.root / f"sample-v{version}"

    def contents(self) -> dict[str, list[Path]]:
        """Return the paths of everything kept, by kind."""
        return {kind: self._matching(kind) for kind in PATTERNS}

    def sweep(self) -> None:
        """Remove the scratch files and folders that killed processes left behind.

        A process that writes a store, neighbours or a training holds the lock beside it, so that scratch with
        a free lock is left behind. Samples and level files have no lock: their scratch is when it has not
        changed for `ABANDONED` seconds.
        """
        for path in self._matching("scratch"):
            lock = _lock_of(path)
            if _is_free(lock) if lock else not _changed_recently(path):
                _remove(path)

    def clear(self) -> dict[str, int]:
        """Remove everything kept, except for what a running process may be using.

        Clear it when no suite runs: a process that reads a store holds no lock.

        Returns
        -------
        dict of str to int
            Number of files and folders that are left, by the reason.
        """
        # A training's state and outcome bear the name of its lock: <fingerprint>.lock, .pt, .outcome.
        held = {path.with_suffix("") for path in self._matching("locks") if not _remove_lock(path)}
        for kind in PATTERNS.keys() - {"locks", "scratch"}:
            for path in self._matching(kind):
                if path.with_suffix("") not in held:
                    _remove(path)
        self.sweep()
        return {
            "in use by a running process, which holds the lock": len(held),
            "scratch, changed recently: a process may be writing it": len(self._matching("scratch")),
            "other files, which are not the cache's": len(self._foreign()),
        }

    def _matching(self, kind: str) -> list[Path]:
        return sorted(path for pattern in PATTERNS[kind] for path in self.root.glob(pattern))

    def _foreign(self) -> set[Path]:
        """Return the entries of the cache and of its folders that match no pattern."""
        rooms = {self.root / pattern.rpartition("/")[0] for kind in PATTERNS.values() for pattern in kind}
        entries = {path for room in rooms if room.is_dir() for path in room.iterdir()}
        return entries - rooms - {path for kind in PATTERNS for path in self._matching(kind)}


def _changed_recently(path: Path) -> bool:
    """Return True if a file, or a folder or any file below it, has changed within `ABANDONED` seconds.

    A process that writes changes its files, on whichever machine it runs.
    """
    latest = 0.0
    for entry in (path, *path.rglob("*")):
        try:
            latest = max(latest, entry.stat().st_mtime)
        except FileNotFoundError:  # renamed or removed just now by its writer
            return True
    return time.time() - latest <= ABANDONED


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _lock_of(scratch: Path) -> Path | None:
    """Return the lock that the writer of a scratch file or folder holds; None for kinds without locks."""
    name = scratch.name[1:].rpartition("-")[0]
    locks = {"stores": f".{name}.lock", "neighbours": f"{name}.lock", "trainings": f"{Path(name).stem}.lock"}
    lock = locks.get(scratch.parent.name)
    return scratch.with_name(lock) if lock else None


def _is_free(lock: Path) -> bool:
    """Return True if no process holds a lock."""
    try:
        if lock.exists():
            with FileLock(lock, timeout=0):
                pass
    except (Timeout, OSError):
        return False
    return True


def _remove_lock(path: Path) -> bool:
    """Remove a lock file; return False if a process holds it."""
    free = _is_free(path)
    if free:
        path.unlink(missing_ok=True)
    return free
