"""Building stores: which store belongs to which images, and whether it has enough of them."""

import errno
import hashlib
import json
import math
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from wikiart.cache.checksums import LIST, seal
from wikiart.cache.disk import build_once
from wikiart.cache.folder import Cache
from wikiart.errors import DataError, TooManyUnreadable
from wikiart.images.decoding import PATH_ERRORS
from wikiart.images.paintings import SPLITS, Paintings
from wikiart.images.store import FileFacts, Store, content_digest, list_skipped, load
from wikiart.images.writing import (
    Progress,
    folder_failure,
    write_pixel_sums,
    write_reduced_store,
    write_store,
)
from wikiart.versions import VERSIONS

ALLOW_SKIPPED = 0.01  #: default share of unreadable images that may be left out

States = dict[str, list[int] | None]  #: state of each file, by its path


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
        lambda scratch: write_store(paintings, missing, image_size, resize, scratch, progress),
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
    build_once(
        folder, store.train.images.nbytes, lambda scratch: write_reduced_store(store, dropped, scratch)
    )
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
                raise DataError(folder_failure(paintings.root / path, error)) from error
            states[path] = None
    return states


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
            write_pixel_sums(folder)
            seal(folder, folder.name)
