"""The files of a store: decoded images, labels, facts about the files, sums over the pixels."""

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from wikiart.errors import DataError
from wikiart.images.decoding import Picture, Unreadable, decode
from wikiart.images.paintings import SPLITS, Painting, Paintings
from wikiart.images.store import FileFacts, Skipped, Store, content_digest

NO_PIXELS = np.empty((0, 0, 3), np.uint8)

Progress = Callable[[int, int], None]  #: called with the images done and all images


def write_store(
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


def write_reduced_store(store: Store, dropped: Sequence[int], folder: Path) -> None:
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
    write_pixel_sums(folder)


def write_pixel_sums(folder: Path) -> None:
    """Write the sums over the pixels of a store's training images, which the first convolution needs."""
    from wikiart.images.sums import pixel_sums  # Numba takes half a second to import: not for existing stores

    np.save(folder / "train_sums.npy", pixel_sums(np.load(folder / "train.npy", mmap_mode="c")))


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
            raise DataError(folder_failure(source, error)) from error

    workers = os.cpu_count() or 1
    pending: deque[Future] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for source in sources:
            pending.append(pool.submit(attempt, source))
            if len(pending) > 4 * workers:  # a bound on the decoded images in memory
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def folder_failure(source: Path | bytes, error: OSError) -> str:
    """Say that a file cannot be read because its folder or disk failed, and what to do."""
    name = source if isinstance(source, Path) else "an image"
    return (
        f"{name} cannot be read ({error.strerror}): repair the folder, its disk or the connection, "
        f"or remove the file"
    )
