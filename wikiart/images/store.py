"""Decoded images on disk, as memory maps that all trainings of a machine share."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wikiart.cache.checksums import damage
from wikiart.errors import DataError
from wikiart.images.paintings import SPLITS


class Skipped(NamedTuple):
    """An image that was left out because it cannot be read."""

    path: str
    reason: str


class FileFacts(NamedTuple):
    """Properties of the image files of a split, a row for each image."""

    sha256: np.ndarray  #: uint8 (n, 32), of the files' bytes
    dhash: np.ndarray  #: uint64 (n,), see decoding.Picture
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

    def pixel_sums(self) -> np.ndarray | None:
        """Return the pixel sums of the training images, float64 (n, 18, 3); see `wikiart.images.sums`.

        None if the store was built before they were kept.
        """
        path = self.folder / "train_sums.npy"
        return np.load(path) if path.exists() else None

    def facts(self, split: str) -> FileFacts:
        """Read the properties of a split's image files."""
        with np.load(self.folder / f"{split}_facts.npz") as arrays:
            return FileFacts(**arrays)


def load(folder: Path) -> Store:
    """Open the store in a folder.

    Raises
    ------
    DataError
        The folder is not as it was written.
    """
    folder = Path(folder)
    if reason := damage(folder):
        raise DataError(f"{folder} is damaged ({reason}): the same command makes it again")
    about = json.loads((folder / "store.json").read_text())
    train, test = (_load_split(folder, split, about["paths"][split]) for split in SPLITS)
    skipped = tuple(Skipped(*pair) for pair in about["skipped"])
    classes = tuple(about["classes"])
    return Store(folder, folder.name, about["digest"], classes, train, test, about["resize"], skipped)


def _load_split(folder: Path, split: str, paths: list[str]) -> Split:
    # Copy-on-write: the file stays as it is, and torch accepts the array without a warning.
    images = np.load(folder / f"{split}.npy", mmap_mode="c")
    return Split(images, np.load(folder / f"{split}_labels.npy"), tuple(paths))


def content_digest(folder: Path, classes: Sequence[str]) -> str:
    """Compute the digest of the pixels and labels in a store's files, and of its classes."""
    digest = hashlib.sha256(json.dumps(classes).encode())
    for split in SPLITS:
        digest.update(np.load(folder / f"{split}_labels.npy").tobytes())
        for pixels in np.load(folder / f"{split}.npy", mmap_mode="r"):
            digest.update(pixels)
    return digest.hexdigest()


def list_skipped(skipped: Sequence[Skipped], limit: int = 50) -> str:
    """List images that were left out with the reasons, one per line, at most ``limit`` of them."""
    lines = [f"  {path}: {reason}" for path, reason in skipped[:limit]]
    if len(skipped) > limit:
        lines.append(f"  and {len(skipped) - limit} more")
    return "\n".join(lines)
