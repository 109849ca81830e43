"""Every image decoded once, into memory-mapped arrays that all trainings of a machine share."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from wikiart.paintings import SPLITS, DataError, Painting, Paintings

FORMAT = 1  # raise it when the files' meaning changes, so that old stores are not read

BILINEAR = Image.Resampling.BILINEAR
RESIZE: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "stretch": lambda image, side: image.resize((side, side), BILINEAR),
    "crop": lambda image, side: ImageOps.fit(image, (side, side), BILINEAR),
    "pad": lambda image, side: ImageOps.pad(image, (side, side), BILINEAR),
}


@dataclass(frozen=True)
class Split:
    """The images of one split."""

    images: np.ndarray  #: uint8 memory map (n, size, size, 3), RGB
    labels: np.ndarray  #: int64 (n,), positions in the store's classes
    paths: tuple[str, ...]  #: below the root of the paintings


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


def build(
    paintings: Paintings,
    image_size: int,
    cache: Path,
    *,
    resize: str = "stretch",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Store:
    """Open the store of these paintings, made first if it is not there.

    Parameters
    ----------
    paintings : Paintings
    image_size : int
        Side in pixels.
    cache : Path
        The store is written to ``cache/stores/<key>``, under a temporary name that is renamed
        at the end: neither a crash nor two processes at once leave a half store.
    resize : {"stretch", "crop", "pad"}
        How an image that is not square becomes so. Default ``"stretch"``.
    progress : callable
        Called with the number of images done and of all images.

    Raises
    ------
    DataError
        An image cannot be read; the message lists the files.
    """
    key = _key(paintings, image_size, resize)
    folder = Path(cache) / "stores" / key
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=folder.parent))
        try:
            _write(paintings, image_size, resize, scratch, progress)
            _publish(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return load(folder)


def load(folder: Path) -> Store:
    """Open a store that is there."""
    folder = Path(folder)
    about = json.loads((folder / "store.json").read_text())
    splits = {split: _load_split(folder, split, about["paths"][split]) for split in SPLITS}
    return Store(folder, folder.name, about["digest"], tuple(about["classes"]), **splits)


def _load_split(folder: Path, split: str, paths: list[str]) -> Split:
    # Copy-on-write: read-only on disk, and torch takes it without a warning.
    images = np.load(folder / f"{split}.npy", mmap_mode="c")
    return Split(images, np.load(folder / f"{split}_labels.npy"), tuple(paths))


def _key(paintings: Paintings, image_size: int, resize: str) -> str:
    digest = hashlib.sha256(json.dumps([FORMAT, image_size, resize, paintings.classes]).encode())
    for painting in (*paintings.train, *paintings.test):
        stat = (paintings.root / painting.path).stat()
        digest.update(json.dumps([*painting, stat.st_size, stat.st_mtime_ns]).encode())
    return digest.hexdigest()[:32]


def _write(paintings: Paintings, image_size: int, resize: str, folder: Path, progress) -> None:
    digest = hashlib.sha256(json.dumps(paintings.classes).encode())
    total, done = len(paintings.train) + len(paintings.test), 0
    unreadable: list[str] = []
    for split in SPLITS:
        items = getattr(paintings, split)
        labels = np.array([paintings.classes.index(painting.style) for painting in items], np.int64)
        np.save(folder / f"{split}_labels.npy", labels)
        shape = (len(items), image_size, image_size, 3)
        images = np.lib.format.open_memmap(folder / f"{split}.npy", "w+", np.uint8, shape)
        digest.update(labels.tobytes())
        for row, pixels in enumerate(_decode_all(paintings.root, items, image_size, resize)):
            if isinstance(pixels, Exception):
                unreadable.append(f"{items[row].path} ({pixels})")
            else:
                images[row] = pixels
                digest.update(pixels)
            done += 1
            progress(done, total)
        images.flush()
    if unreadable:
        shown = "\n  ".join(unreadable[:20])
        raise DataError(
            f"{len(unreadable)} images under {paintings.root} cannot be read; remove them:\n  {shown}"
        )
    paths = {split: [painting.path for painting in getattr(paintings, split)] for split in SPLITS}
    about = {"digest": digest.hexdigest(), "classes": paintings.classes, "paths": paths}
    (folder / "store.json").write_text(json.dumps(about))


def _decode_all(
    root: Path, items: Iterable[Painting], size: int, resize: str
) -> Iterable[np.ndarray | Exception]:
    def attempt(painting: Painting) -> np.ndarray | Exception:
        try:
            return decode(root / painting.path, size, resize)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow decodes without Python's lock
        yield from pool.map(attempt, items)


def decode(path: Path, size: int, resize: str = "stretch") -> np.ndarray:
    """One image file as uint8 (size, size, 3), RGB, upright.

    Raises
    ------
    OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError
        What Pillow raises for a file that it cannot read.
    """
    with Image.open(path) as image:
        image.draft("RGB", (2 * size, 2 * size))  # a large JPEG is decoded at a fraction of its size
        upright = ImageOps.exif_transpose(image).convert("RGB")
        return np.asarray(RESIZE[resize](upright, size))


def _publish(scratch: Path, folder: Path) -> None:
    try:
        scratch.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another process was first, with the same content
            raise
