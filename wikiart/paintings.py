"""Find the images, their styles and their splits."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
SPLITS = ("train", "test")


class DataError(ValueError):
    """The images cannot be used as they are; the message names the file or folder and the remedy."""


class Painting(NamedTuple):
    """One image: its path below the root, with forward slashes, and its style."""

    path: str
    style: str


@dataclass(frozen=True)
class Paintings:
    """All images of a data set.

    ``classes`` comes from the training split alone: were each split to sort its own
    folders, a style missing from the test split would shift every later index by one.
    """

    root: Path
    classes: tuple[str, ...]
    train: tuple[Painting, ...]
    test: tuple[Painting, ...]

    def counts(self, split: str) -> Counter[str]:
        """Images per style of ``"train"`` or ``"test"``."""
        return Counter(painting.style for painting in getattr(self, split))

    def __str__(self) -> str:
        return (
            f"{self.root}: {len(self.classes)} styles, "
            f"{len(self.train):,} training and {len(self.test):,} test images"
        )


def find(root: Path) -> Paintings:
    """List the images under ``root/{train,test}/<Style>/``.

    Raises
    ------
    DataError
        A split is missing or empty, a training style has no image, there is only one style,
        or the test split has a style that the training split lacks.
    """
    root = Path(root).expanduser().resolve()
    for split in SPLITS:
        if not (root / split).is_dir():
            raise DataError(f"{root / split} is not a folder: expected {root}/{{train,test}}/<Style>/<image>")
    styles = {split: _styles(root / split) for split in SPLITS}
    found = {split: _list(root, split, styles[split]) for split in SPLITS}
    classes = tuple(styles["train"])
    paintings = Paintings(root, classes, found["train"], found["test"])
    _check(paintings, styles["test"])
    return paintings


def _styles(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _list(root: Path, split: str, styles: list[str]) -> tuple[Painting, ...]:
    return tuple(
        Painting(path.relative_to(root).as_posix(), style)
        for style in styles
        for path in sorted((root / split / style).iterdir())
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )


def _check(paintings: Paintings, test_styles: list[str]) -> None:
    root, classes = paintings.root, paintings.classes
    if len(classes) < 2:
        raise DataError(
            f"{root / 'train'} holds {len(classes)} style folders; a classifier needs two or more"
        )
    counts = paintings.counts("train")
    if empty := [style for style in classes if not counts[style]]:
        raise DataError(f"no image in {root / 'train' / empty[0]}: add images or remove the folder")
    if unknown := [style for style in test_styles if style not in classes]:
        raise DataError(
            f"{root / 'test' / unknown[0]}: no training style has this name, so none of its images could be "
            f"answered right; rename the folder as in {root / 'train'} or remove it"
        )
    if not paintings.test:
        raise DataError(f"no image under {root / 'test'}: there is nothing to measure accuracy on")
