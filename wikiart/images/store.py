"""Every image decoded once, into memory-mapped arrays that all trainings of a machine share."""

import hashlib
import json
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from wikiart.cache.disk import build_once
from wikiart.cache.folder import Cache
from wikiart.errors import DataError, TooManyUnreadable
from wikiart.images.paintings import SPLITS, Painting, Paintings
from wikiart.images.reading import RESIZE as RESIZE
from wikiart.images.reading import Picture, Unreadable, read
from wikiart.versions import VERSIONS

NO_PIXELS = np.empty((0, 0, 3), np.uint8)
Progress = Callable[[int, int], None]  # images done, and all images
ALLOW_SKIPPED = 0.01  #: share of unreadable images that is gone on without


class Skipped(NamedTuple):
    """An image that was left out."""

    path: str
    reason: str


class Facts(NamedTuple):
    """What was seen of the files while they were decoded, a row for each image of a split."""

    sha256: np.ndarray  #: uint8 (n, 32), of the files' bytes
    dhash: np.ndarray  #: uint64 (n,), see reading.Picture
    thumbnail: np.ndarray  #: uint8 (n, 192), 8 x 8 RGB
    size: np.ndarray  #: int32 (n, 2), width and height of the files in pixels


@dataclass(frozen=True)
class Split:
    """The images of one split."""

    images: np.ndarray  #: uint8 memory map (n, size, size, 3), RGB
    labels: np.ndarray  #: int64 (n,), positions in the store's classes
    paths: tuple[str, ...]  #: names of the paintings


@dataclass(frozen=True)
class Store:
    """Decoded images on disk.

    ``key`` names what they were made from (paths, sizes, modification times, image size,
    resize rule); ``digest`` what they are (pixels, labels, classes), whatever their folder.
    """

    folder: Path
    key: str
    digest: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    resize: str  #: how images that were not square became so
    skipped: tuple[Skipped, ...] = ()

    def facts(self, split: str) -> Facts:
        """What was seen of a split's files."""
        with np.load(self.folder / f"{split}_facts.npz") as kept:
            return Facts(**kept)


def build(
    paintings: Paintings,
    image_size: int,
    cache: Path,
    *,
    resize: str = "stretch",
    allow_skipped: float = ALLOW_SKIPPED,
    progress: Progress = lambda done, total: None,
) -> Store:
    """Open the store of these paintings, made first if it is not there; unreadable images are left out.

    Parameters
    ----------
    paintings : Paintings
        Which images; see wikiart.paintings.find.
    image_size : int
        Side in pixels.
    cache : Path
        The store is written to ``cache/stores/<key>``, under a temporary name that is renamed
        at the end: neither a crash nor two processes at once leave a half store.
    resize : {"stretch", "crop", "pad"}
        How an image that is not square becomes so. Default ``"stretch"``.
    allow_skipped : float
        Share of all images, 0..1, that may be left out. Default 0.01. The store is kept
        even if there are more, so that nothing is decoded again when they are allowed.
    progress : callable
        Called with the number of images done and of all images.

    Raises
    ------
    DataError
        Too many images cannot be read, or all of a style; the message lists the files.
    CacheError
        The cache is full or cannot be written.
    """
    key = _key(paintings, image_size, resize)
    folder = Cache(Path(cache)).store(key)
    Cache(Path(cache)).sweep()
    images = len(paintings.train) + len(paintings.test)
    build_once(
        folder,
        images * image_size**2 * 3,
        lambda scratch: _write(paintings, image_size, resize, scratch, progress),
    )
    made = load(folder)
    _check(made, allow_skipped, paintings.root)
    return made


def load(folder: Path) -> Store:
    """Open a store that is there."""
    folder = Path(folder)
    about = json.loads((folder / "store.json").read_text())
    train, test = (_load_split(folder, split, about["paths"][split]) for split in SPLITS)
    skipped = tuple(Skipped(*pair) for pair in about["skipped"])
    classes = tuple(about["classes"])
    return Store(folder, folder.name, about["digest"], classes, train, test, about["resize"], skipped)


def _load_split(folder: Path, split: str, paths: list[str]) -> Split:
    # Copy-on-write: read-only on disk, and torch takes it without a warning.
    images = np.load(folder / f"{split}.npy", mmap_mode="c")
    return Split(images, np.load(folder / f"{split}_labels.npy"), tuple(paths))


def without(made: Store, rows: Collection[int]) -> Store:
    """The store less some rows of its training split, kept beside it under a key of its own.

    Raises
    ------
    DataError
        A style would have no training image left.
    CacheError
        The cache is full or cannot be written.
    """
    dropped = sorted(set(rows))
    key = hashlib.sha256(json.dumps([made.key, dropped]).encode()).hexdigest()[:32]
    folder = Cache.of_store(made.folder).store(key)
    build_once(folder, made.train.images.nbytes, lambda scratch: _write_without(made, dropped, scratch))
    return load(folder)


def _write_without(made: Store, dropped: Sequence[int], folder: Path) -> None:
    keep = np.delete(np.arange(len(made.train.labels)), dropped)
    labels = made.train.labels[keep]
    if empty := sorted(set(range(len(made.classes))) - set(labels.tolist())):
        raise DataError(f"every training image of {made.classes[empty[0]]} would be dropped: keep the leaks")
    with npy(folder / "train.npy", made.train.images.shape[1:]) as append:
        for row in keep:
            append(made.train.images[row])
    np.save(folder / "train_labels.npy", labels)
    facts = made.facts("train")
    np.savez(folder / "train_facts.npz", **{name: column[keep] for name, column in facts._asdict().items()})
    for file in ("test.npy", "test_labels.npy", "test_facts.npz"):
        _link(made.folder / file, folder / file)
    paths = {"train": [made.train.paths[row] for row in keep], "test": made.test.paths}
    _write_about(folder, made.classes, paths, made.resize, made.skipped)


def _link(source: Path, target: Path) -> None:
    """The same bytes under another name, not written twice where the disk can do that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _key(paintings: Paintings, image_size: int, resize: str) -> str:
    digest = hashlib.sha256(json.dumps([VERSIONS["data"], image_size, resize, paintings.classes]).encode())
    states: dict[str, list[int] | None] = {}
    for painting in (*paintings.train, *paintings.test):
        if painting.path not in states:
            states[painting.path] = _state(paintings.root / painting.path)
        digest.update(json.dumps([*painting, states[painting.path]]).encode())
    return digest.hexdigest()[:32]


def _state(path: Path) -> list[int] | None:
    """What changes when a file does, or when it becomes readable; None: a link to nowhere."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns, stat.st_mode]


def _write(paintings: Paintings, image_size: int, resize: str, folder: Path, progress: Progress) -> None:
    total, done = len(paintings.train) + len(paintings.test), 0
    skipped: list[Skipped] = []
    paths: dict[str, list[str]] = {}
    for split in SPLITS:
        items: tuple[Painting, ...] = getattr(paintings, split)
        kept: list[Painting] = []
        seen: list[Picture] = []
        with npy(folder / f"{split}.npy", (image_size, image_size, 3)) as append:
            sources = paintings.sources(split)
            for painting, picture in zip(items, _read_all(sources, image_size, resize), strict=True):
                if isinstance(picture, Unreadable):
                    skipped.append(Skipped(painting.name, str(picture)))
                else:
                    append(picture.pixels)
                    kept.append(painting)
                    seen.append(replace(picture, pixels=NO_PIXELS))
                done += 1
                progress(done, total)
        labels = [paintings.classes.index(painting.style) for painting in kept]
        np.save(folder / f"{split}_labels.npy", np.array(labels, np.int64))
        np.savez(folder / f"{split}_facts.npz", **_facts(seen)._asdict())
        paths[split] = [painting.name for painting in kept]
    _write_about(folder, paintings.classes, paths, resize, skipped)


@contextmanager
def npy(path: Path, shape: tuple[int, ...]) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends uint8 rows of this shape to an .npy file.

    The rows are written, not mapped: on a full disk a write is an error that can be reported, a touched
    page of a map kills the process.
    """

    def write_header(file: BinaryIO, rows: int) -> None:
        about = {"descr": "|u1", "fortran_order": False, "shape": (rows, *shape)}
        np.lib.format.write_array_header_1_0(file, about)  # of one length, whatever the number of rows

    rows = 0
    with path.open("wb") as file:

        def append(row: np.ndarray) -> None:
            nonlocal rows
            file.write(np.ascontiguousarray(row).data)
            rows += 1

        write_header(file, 0)
        yield append
        file.seek(0)  # the number of rows is known now
        write_header(file, rows)


def _facts(seen: Sequence[Picture]) -> Facts:
    return Facts(
        np.frombuffer(b"".join(picture.sha256 for picture in seen), np.uint8).reshape(-1, 32),
        np.array([picture.dhash for picture in seen], np.uint64),
        np.array([picture.thumbnail for picture in seen], np.uint8).reshape(-1, 192),
        np.array([(picture.width, picture.height) for picture in seen], np.int32).reshape(-1, 2),
    )


def _write_about(
    folder: Path, classes: Sequence[str], paths: dict, resize: str, skipped: Sequence[Skipped]
) -> None:
    about = {
        "digest": content_digest(folder, classes),
        "classes": classes,
        "paths": paths,
        "resize": resize,
        "skipped": skipped,
    }
    (folder / "store.json").write_text(json.dumps(about))


def content_digest(folder: Path, classes: Sequence[str]) -> str:
    """The digest of what a store's files hold now."""
    digest = hashlib.sha256(json.dumps(classes).encode())
    for split in SPLITS:
        digest.update(np.load(folder / f"{split}_labels.npy").tobytes())
        for pixels in np.load(folder / f"{split}.npy", mmap_mode="r"):
            digest.update(pixels)
    return digest.hexdigest()


def _read_all(sources: Iterable[Path | bytes], size: int, resize: str) -> Iterator[Picture | Unreadable]:
    def attempt(source: Path | bytes) -> Picture | Unreadable:
        try:
            return read(source, size, resize)
        except Unreadable as error:
            return error
        except OSError as error:  # not left out: it may be there again in a minute
            name = source if isinstance(source, Path) else "an image"
            raise DataError(
                f"{name} cannot be read ({error.strerror}): "
                f"mend the disk or the connection, or remove the file"
            ) from error

    workers = os.cpu_count() or 1
    waiting: deque[Future] = deque()
    with ThreadPoolExecutor(workers) as pool:  # Pillow decodes without Python's lock
        for source in sources:
            waiting.append(pool.submit(attempt, source))
            if len(waiting) > 4 * workers:  # few enough that what is read ahead stays small
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def decode(path: Path, size: int, resize: str = "stretch") -> np.ndarray:
    """One image file as uint8 (size, size, 3), RGB, upright.

    Raises
    ------
    wikiart.reading.Unreadable
    """
    return read(path, size, resize).pixels


def _check(made: Store, allow_skipped: float, root: Path) -> None:
    """Stop where so much was left out that the answer would be about other data."""
    total = len(made.train.labels) + len(made.test.labels) + len(made.skipped)
    counts = Counter(made.train.labels.tolist())
    empty = [style for number, style in enumerate(made.classes) if not counts[number]]
    if empty or not len(made.test.labels):
        what = f"training image of {empty[0]}" if empty else "test image"
        raise DataError(f"no {what} under {root} can be read: replace them\n{listed(made.skipped)}")
    if len(made.skipped) > allow_skipped * total:
        raise TooManyUnreadable(
            f"{len(made.skipped)} of {total:,} images under {root} cannot be read, more than "
            f"{allow_skipped:.2%}",
            share=min(1.0, -(-(len(made.skipped) / total) // 0.01) * 0.01),
            listing=listed(made.skipped),
        )


def listed(skipped: Sequence[Skipped], most: int = 50) -> str:
    """Images that were left out and why, a line each."""
    lines = [f"  {path}: {reason}" for path, reason in skipped[:most]]
    return "\n".join([*lines, *([f"  and {len(skipped) - most} more"] if len(skipped) > most else [])])
