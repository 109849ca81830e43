"""What to know of a data set before its accuracies are believed: sizes, duplicates, leaks into test."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from wikiart.images.paintings import SPLITS
from wikiart.images.store import Facts, Store

# On real paintings these find 95 to 99 % of re-encoded, halved, doubled and brightened copies, few crops, and
# nothing but copies among four million pairs.
MAX_BITS = 6  #: of 64, by which the difference hashes of near duplicates may differ
MIN_CORRELATION = 0.997  #: of their 8 x 8 thumbnails
BLOCK = 1 << 18  #: pairs of hashes compared at a time: 2 MB, which stays in the processor's cache


@dataclass(frozen=True)
class Audit:
    """Counts over a store's images. Duplicates are images whose files hold the same bytes."""

    images: dict[str, int]  #: by split
    unreadable: int
    sizes: dict[str, dict[str, int]]  #: by split: least, median and largest width and height of the files
    copies: dict[str, int]  #: by split: images that repeat an earlier one of the same split
    two_styles: int  #: pictures that stand under more than one style, in either split
    exact_leaks: int  #: training images that are also test images, byte for byte
    near_leaks: int  #: further training images that look like a test image
    leaks: tuple[tuple[str, str, str], ...]  #: training image, test image, "exact" or "near"

    def as_dict(self) -> dict:
        """For a JSON file, with the thresholds."""
        thresholds = {"dhash_bits": MAX_BITS, "thumbnail_correlation": MIN_CORRELATION}
        return {**asdict(self), "near_means": thresholds}

    def __str__(self) -> str:
        lines = [
            f"audit: {self.copies['train']:,} copies within training, {self.copies['test']:,} within test, "
            f"{self.two_styles:,} pictures under two styles or more"
        ]
        for split, size in self.sizes.items():
            width = f"{size['width_least']:,} to {size['width_largest']:,}"
            height = f"{size['height_least']:,} to {size['height_largest']:,}"
            middle = f"{size['width_median']:,} x {size['height_median']:,}"
            lines.append(f"  {split}: {width} px wide, {height} high, median {middle}")
        if self.leaks:
            count, of = self.exact_leaks + self.near_leaks, self.images["train"]
            kinds = f"{self.exact_leaks:,} byte for byte, {self.near_leaks:,} look alike"
            lines.append(f"LEAK: {count:,} of {of:,} training images are in the test split too ({kinds})")
        return "\n".join(lines)


def audit(store: Store) -> Audit:
    """Look a store over. Nothing is read again: the hashes were taken while the images were decoded."""
    facts = {split: store.facts(split) for split in SPLITS}
    rows = {split: _by_content(facts[split].sha256) for split in SPLITS}
    exact = {
        row: rows["test"][key][0]
        for key, found in rows["train"].items()
        if key in rows["test"]
        for row in found
    }
    near = {row: test for row, test in near_pairs(facts["train"], facts["test"]) if row not in exact}
    leaks = [(row, test, "exact") for row, test in exact.items()] + [
        (row, test, "near") for row, test in near.items()
    ]
    return Audit(
        images={split: len(getattr(store, split).labels) for split in SPLITS},
        unreadable=len(store.skipped),
        sizes={split: _sizes(facts[split].size) for split in SPLITS if len(facts[split].size)},
        copies={split: sum(len(found) - 1 for found in rows[split].values()) for split in SPLITS},
        two_styles=_under_two_styles(store, rows),
        exact_leaks=len(exact),
        near_leaks=len(near),
        leaks=tuple(
            (store.train.paths[row], store.test.paths[test], kind) for row, test, kind in sorted(leaks)
        ),
    )


def near_pairs(train: Facts, test: Facts) -> list[tuple[int, int]]:
    """Pairs (training row, test row) that look alike, ordered, one for each training row: its closest.

    Hashes that differ by at most ``MAX_BITS`` name the candidates; their thumbnails must correlate
    as well, since a hash says little of a picture that is nearly flat. Pictures that are flat
    altogether are not compared.
    """
    (rows, first), (columns, second) = _shapes(train.thumbnail), _shapes(test.thumbnail)
    closest: dict[int, tuple[float, int]] = {}
    for i, j in candidates(train.dhash[rows], test.dhash[columns]):
        likeness = np.einsum("ij,ij->i", first[i], second[j])
        for k in np.flatnonzero(likeness >= MIN_CORRELATION):
            row, found = int(rows[i[k]]), (-float(likeness[k]), int(columns[j[k]]))
            closest[row] = min(found, closest.get(row, found))
    return [(row, column) for row, (_, column) in sorted(closest.items())]


def _shapes(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows that are not flat, and their thumbnails less colour and contrast: unit vectors."""
    values = thumbnails.reshape(-1, 64, 3).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    rows = np.flatnonzero(values.std(axis=(1, 2)) > 1)
    vectors = values[rows].reshape(-1, 192)
    return rows, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def candidates(
    train: np.ndarray, test: np.ndarray, bits: int = MAX_BITS
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of hashes (uint64) that differ by at most so many bits, in blocks of pairs: all are compared."""
    step = max(1, BLOCK // max(1, len(test)))
    for start in range(0, len(train), step):
        distance = np.bitwise_count(train[start : start + step, None] ^ test[None])
        rows, columns = np.nonzero(distance <= bits)
        if len(rows):
            yield rows + start, columns


def _by_content(sha256: np.ndarray) -> dict[bytes, list[int]]:
    rows: dict[bytes, list[int]] = defaultdict(list)
    for row, digest in enumerate(sha256):
        rows[digest.tobytes()].append(row)
    return rows


def _under_two_styles(store: Store, rows: dict[str, dict[bytes, list[int]]]) -> int:
    styles: dict[bytes, set[int]] = defaultdict(set)
    for split in SPLITS:
        labels = getattr(store, split).labels
        for digest, found in rows[split].items():
            styles[digest].update(labels[found].tolist())
    return sum(len(found) > 1 for found in styles.values())


def _sizes(size: np.ndarray) -> dict[str, int]:
    return {
        f"{side}_{name}": int(value(size[:, column]))
        for column, side in enumerate(("width", "height"))
        for name, value in (("least", np.min), ("median", np.median), ("largest", np.max))
    }
