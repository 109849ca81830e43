"""The images of a data set with their styles and splits."""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from wikiart.errors import DataError
from wikiart.images import layouts, shards
from wikiart.images.layouts import SPLITS as SPLITS
from wikiart.images.layouts import Listing, Painting
from wikiart.images.names import style_names

TEST_SHARE = 0.1  #: of each style's images, where the images come without a split
SPLIT_SEED = 0


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
    layout: str = ""  #: name of the layout, and decisions about it, for messages

    def counts(self, split: str) -> Counter[str]:
        """Count the images of each style in ``"train"`` or ``"test"``."""
        return Counter(painting.style for painting in getattr(self, split))

    def sources(self, split: str) -> Iterator[Path | bytes]:
        """Yield for each image of a split, in order, its file or the bytes of its file."""
        for path, items in groupby(getattr(self, split), lambda painting: painting.path):
            rows = [painting.row for painting in items]
            if rows[0] is None:
                yield from [self.root / path] * len(rows)
            else:
                yield from self._shard_contents(path, rows)

    def _shard_contents(self, path: str, rows: list[int]) -> Iterator[bytes]:
        try:
            yield from shards.contents(self.root / path, rows)
        except (OSError, ValueError) as error:
            raise DataError(f"{self.root / path} cannot be read ({error}): fetch it again") from error

    def __str__(self) -> str:
        return (
            f"{self.root}: {self.layout}, {len(self.classes)} styles, "
            f"{len(self.train):,} images for training and {len(self.test):,} for testing"
        )


def find(root: Path, seed: int = SPLIT_SEED) -> Paintings:
    """List the images of a folder in any of the layouts (wikiart/images/layouts.py).

    Parameters
    ----------
    root : Path
        The folder; may begin with ``~`` or be relative.
    seed : int
        Seed of the split, where the layout has none. Default 0.

    Raises
    ------
    DataError
        No layout fits, a split is missing or empty, a training style has no image, there is
        only one style, the test split has a style that the training split lacks, or a style's name is too
        long.
    """
    root = Path(os.path.realpath(Path(root).expanduser()))  # resolve() raises for a link to itself
    listing = _with_printable_styles(layouts.recognize(root))
    notes, train, test = listing.notes, listing.train, listing.test
    if test is None:
        train, test = stratified(train, seed)
        notes += (f"no split of its own: {TEST_SHARE:.0%} of each style drawn for testing",)
    paintings = Paintings(listing.root, listing.classes, train, test, "; ".join((listing.layout, *notes)))
    _check(paintings)
    return paintings


def _with_printable_styles(listing: Listing) -> Listing:
    def renamed(paintings: tuple[Painting, ...]) -> tuple[Painting, ...]:
        return tuple(painting._replace(style=names[painting.style]) for painting in paintings)

    tested = {painting.style for painting in listing.test or ()}
    names = style_names(dict.fromkeys([*listing.classes, *sorted(tested)]))
    if all(style == name for style, name in names.items()):
        return listing
    return replace(
        listing,
        classes=tuple(sorted(names[style] for style in listing.classes)),
        train=renamed(listing.train),
        test=None if listing.test is None else renamed(listing.test),
    )


def stratified(
    paintings: Iterable[Painting], seed: int = SPLIT_SEED
) -> tuple[tuple[Painting, ...], tuple[Painting, ...]]:
    """Split paintings into training and test: ``TEST_SHARE`` of each style, at least one image each.

    A style of one image has it in training. The draw of an image depends only on its name and the seed,
    so that adding images moves few of the others to another split.
    """

    def sort_key(painting: Painting) -> bytes:
        return hashlib.sha256(f"{seed}/{unicodedata.normalize('NFC', painting.name)}".encode()).digest()

    paintings = tuple(paintings)
    by_style: dict[str, list[Painting]] = {}
    for painting in sorted(paintings, key=sort_key):
        by_style.setdefault(painting.style, []).append(painting)
    test: set[Painting] = set()
    for items in by_style.values():
        if len(items) > 1:
            test.update(items[: max(1, round(TEST_SHARE * len(items)))])
    train = tuple(painting for painting in paintings if painting not in test)
    return train, tuple(painting for painting in paintings if painting in test)


def _check(paintings: Paintings) -> None:
    """Refuse a data set on which a classifier cannot be trained and tested."""
    root, classes = paintings.root, paintings.classes
    if len(classes) < 2:
        raise DataError(f"{root} holds {len(classes)} training styles; a classifier needs two or more")
    counts = paintings.counts("train")
    if empty := [style for style in classes if not counts[style]]:
        raise DataError(f"no image in training style {empty[0]} of {root}: add images or remove the folder")
    if unknown := [painting for painting in paintings.test if painting.style not in classes]:
        raise DataError(
            f"{root / unknown[0].path}: no training style has this name, {unknown[0].style}, so none of "
            f"its images could be answered right; rename the style as in training or remove it"
        )
    if not paintings.test:
        raise DataError(f"no image under {root} is for testing: there is nothing to measure accuracy on")
