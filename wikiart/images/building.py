"""Building stores: every image is decoded once and written to the cache."""

import errno
import hashlib
import json
import math
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np

from wikiart.cache.checksums import LIST, seal
from wikiart.cache.disk import build_once
from wikiart.cache.folder import Cache
from wikiart.errors import DataError, TooManyUnreadable
from wikiart.images.decoding import PATH_ERRORS, Picture, Unreadable, decode
from wikiart.images.paintings import SPLITS, Painting, Paintings
from wikiart.images.store import FileFacts, Skipped, Store, content_digest, list_skipped, load
from wikiart.versions import VERSIONS

ALLOW_SKIPPED = 0.01  #: default share of unreadable images that may be left out
NO_PIXELS = np.empty((0, 0, 3), np.uint8)

States = dict[str, list[int] | None]  #: state of each file, by its path
Progress = Callable[[int, int], None]  #: called with the images done and all images


def build_store(
    paintings: Paintings,
    image_size: int,
    cache: Path,
    *,
    resize: str = "stretch",
    allow_skipped: float = ALLOW_SKIPPED,
    progress: Progress = lambda done, total: None,
) -> Store:
    """Open the store of these paintings; build it first if it does not exist.

    Images that cannot be read are left out.

    Parameters
    ----------
    paintings : Paintings
        Which images; see wikiart.images.paintings.find.
    image_size : int
        Side in pixels.
    cache : Path
        The cache folder, which gets the store.
    resize : {"stretch", "crop", "pad"}
        How an image that is not square becomes so. Default ``"stretch"``.
    allow_skipped : float
        Share of all images, 0..1, that may be left out. Default 0.01. The store is kept
        even if there are more, so that nothing is decoded again once they are allowed.
    progress : callable
        Called with the number of images done and of all images.

    Raises
    ------
    DataError
        All images of a style, or of the test split, cannot be read; the message lists the files. Or the
        folder failed while it was read; no store is kept.
    TooManyUnreadable
        More images cannot be read than are allowed.
    CacheError
        The cache is full or cannot be written.
    """
    states = _file_states(paintings)
    key = _key(paintings, states, image_size, resize)
    folder = Cache(Path(cache)).store(key)
    Cache(Path(cache)).sweep()
    _seal_older_store(folder)
    missing = {paintings.root / path for path, state in states.items() if state is None}
    required_bytes = (len(paintings.train) + len(paintings.test)) * image_size**2 * 3
    build_once(
        folder,
        required_bytes,
        lambda scratch: _write(paintings, missing, image_size, resize, scratch, progress),
    )
    store = load(folder)
    _check(store, allow_skipped, paintings.root)
    return store


def without_images(store: Store, rows: Collection[int]) -> Store:
    """Open the store without some images of its training split; build it first if it does not exist.

    It is kept beside the whole store, under a key of its own.

    Parameters
    ----------
    store : Store
        The whole store.
    rows : collection of int
        Rows of the training split to leave out.

    Raises
    ------
    DataError
        A style would have no training image left.
    CacheError
        The cache is full or cannot be written.
    """
    dropped = sorted(set(rows))
    key = hashlib.sha256(json.dumps([store.key, dropped]).encode()).hexdigest()[:32]
    folder = Cache.of_store(store.folder).store(key)
    build_once(folder, store.train.images.nbytes, lambda scratch: _write_without(store, dropped, scratch))
    return load(folder)


def _key(paintings: Paintings, states: States, image_size: int, resize: str) -> str:
    """Hash everything that decides a store's content: the files by their state, not by their bytes."""
    digest = hashlib.sha256(json.dumps([VERSIONS["data"], image_size, resize, paintings.classes]).encode())
    for painting in (*paintings.train, *paintings.test):
        digest.update(json.dumps([*painting, states[painting.path]]).encode())
    return digest.hexdigest()[:32]


def _file_states(paintings: Paintings) -> States:
    """Return for each path what changes when its file does, or when it becomes readable.

    None for a path that leads to no file: a broken link, or a line too many in a list.

    Raises
    ------
    DataError
        The disk or the network failed.
    """
    states: States = {}
    for path in dict.fromkeys(painting.path for painting in (*paintings.train, *paintings.test)):
        try:
            stat = (paintings.root / path).stat()
            states[path] = [stat.st_size, stat.st_mtime_ns, stat.st_mode]
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, *PATH_ERRORS):
                raise DataError(_folder_failure(paintings.root / path, error)) from error
            states[path] = None
    return states


def _folder_failure(source: Path | bytes, error: OSError) -> str:
    name = source if isinstance(source, Path) else "an image"
    return (
        f"{name} cannot be read ({error.strerror}): mend the folder, its disk or the connection, "
        f"or remove the file"
    )


def _check(store: Store, allow_skipped: float, root: Path) -> None:
    """Refuse a store that lacks so many images that its results would be about other data."""
    skipped = store.skipped
    total = len(store.train.labels) + len(store.test.labels) + len(skipped)
    counts = Counter(store.train.labels.tolist())
    empty = [style for number, style in enumerate(store.classes) if not counts[number]]
    if empty or not len(store.test.labels):
        kind = f"training image of {empty[0]}" if empty else "test image"
        raise DataError(f"no {kind} under {root} can be read: replace them\n{list_skipped(skipped)}")
    if len(skipped) / total > allow_skipped:
        raise TooManyUnreadable(
            f"{len(skipped)} of {total:,} images under {root} cannot be read, more than {allow_skipped:.2%}",
            share=min(1.0, math.ceil(100 * len(skipped) / total) / 100),
            listing=list_skipped(skipped),
        )


def _write(
    paintings: Paintings,
    missing: Collection[Path],
    image_size: int,
    resize: str,
    folder: Path,
    progress: Progress,
) -> None:
    """Decode all images and write a store's files."""
    total = len(paintings.train) + len(paintings.test)
    skipped: list[Skipped] = []
    paths: dict[str, list[str]] = {}
    done = 0
    for split in SPLITS:
        items: tuple[Painting, ...] = getattr(paintings, split)
        stored: list[Painting] = []
        pictures: list[Picture] = []
        decoded = _decode_all(paintings.sources(split), missing, image_size, resize)
        with npy_writer(folder / f"{split}.npy", (image_size, image_size, 3)) as append:
            for painting, picture in zip(items, decoded, strict=True):
                if isinstance(picture, Unreadable):
                    skipped.append(Skipped(painting.name, str(picture)))
                else:
                    append(picture.pixels)
                    stored.append(painting)
                    pictures.append(replace(picture, pixels=NO_PIXELS))  # frees the memory
                done += 1
                progress(done, total)
        labels = [paintings.classes.index(painting.style) for painting in stored]
        np.save(folder / f"{split}_labels.npy", np.array(labels, np.int64))
        np.savez(folder / f"{split}_facts.npz", **_facts(pictures)._asdict())
        paths[split] = [painting.name for painting in stored]
    _write_about(folder, paintings.classes, paths, resize, skipped)


def _write_without(store: Store, dropped: Sequence[int], folder: Path) -> None:
    """Write the files of a store without the training images in these rows."""
    rows = np.delete(np.arange(len(store.train.labels)), dropped)
    labels = store.train.labels[rows]
    if empty := sorted(set(range(len(store.classes))) - set(labels.tolist())):
        raise DataError(f"every training image of {store.classes[empty[0]]} would be dropped: keep the leaks")
    with npy_writer(folder / "train.npy", store.train.images.shape[1:]) as append:
        for row in rows:
            append(store.train.images[row])
    np.save(folder / "train_labels.npy", labels)
    facts = store.facts("train")
    np.savez(folder / "train_facts.npz", **{name: column[rows] for name, column in facts._asdict().items()})
    for file in ("test.npy", "test_labels.npy", "test_facts.npz"):
        _link_or_copy(store.folder / file, folder / file)
    paths = {"train": [store.train.paths[row] for row in rows], "test": store.test.paths}
    _write_about(folder, store.classes, paths, store.resize, store.skipped)


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
    _write_pixel_sums(folder)


def _write_pixel_sums(folder: Path) -> None:
    from wikiart.images.sums import pixel_sums  # Numba takes half a second to import: not for existing stores

    np.save(folder / "train_sums.npy", pixel_sums(np.load(folder / "train.npy", mmap_mode="c")))


def _seal_older_store(folder: Path) -> None:
    """Write checksums and pixel sums of a store that was built without them, if its digest is right."""
    if (folder / LIST).exists():
        return
    with suppress(OSError, ValueError, LookupError, TypeError, EOFError, BadZipFile):
        about = json.loads((folder / "store.json").read_bytes())
        for split in SPLITS:
            with np.load(folder / f"{split}_facts.npz") as arrays:  # zip files have checksums of their own
                FileFacts(**arrays)
        if content_digest(folder, about["classes"]) == about["digest"]:
            _write_pixel_sums(folder)
            seal(folder, folder.name)


def _link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; copy it where the disk has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@contextmanager
def npy_writer(path: Path, shape: tuple[int, ...]) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that appends uint8 rows of this shape to an .npy file.

    The rows are written, not mapped into memory: on a full disk a write raises an error that can be
    reported, whereas a page of a map that cannot be stored kills the process.
    """

    def write_header(file: BinaryIO, rows: int) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *shape)}
        np.lib.format.write_array_header_1_0(file, header)  # padded: as long for any number of rows

    rows = 0
    with path.open("wb") as file:

        def append(row: np.ndarray) -> None:
            nonlocal rows
            file.write(np.ascontiguousarray(row).data)
            rows += 1

        write_header(file, 0)
        yield append
        file.seek(0)  # now that the number of rows is known
        write_header(file, rows)


def _facts(pictures: Sequence[Picture]) -> FileFacts:
    return FileFacts(
        np.frombuffer(b"".join(picture.sha256 for picture in pictures), np.uint8).reshape(-1, 32),
        np.array([picture.dhash for picture in pictures], np.uint64),
        np.array([picture.thumbnail for picture in pictures], np.uint8).reshape(-1, 192),
        np.array([(picture.width, picture.height) for picture in pictures], np.int32).reshape(-1, 2),
    )


def _decode_all(
    sources: Iterable[Path | bytes], missing: Collection[Path], size: int, resize: str
) -> Iterator[Picture | Unreadable]:
    """Decode images in threads, which run concurrently since Pillow releases Python's lock.

    Yields the pictures in the order of their sources; in place of one that is unreadable, the error.
    """

    def attempt(source: Path | bytes) -> Picture | Unreadable:
        try:
            return decode(source, size, resize)
        except Unreadable as error:
            return error
        except OSError as error:
            # Left out only if it was missing before decoding began, which the store's key says. Another error
            # may be gone in a minute, and the store would lack the image for ever.
            if source in missing and isinstance(error, FileNotFoundError | NotADirectoryError):
                return Unreadable(error.strerror)
            raise DataError(_folder_failure(source, error)) from error

    workers = os.cpu_count() or 1
    pending: deque[Future] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for source in sources:
            pending.append(pool.submit(attempt, source))
            if len(pending) > 4 * workers:  # a bound on the decoded images in memory
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
