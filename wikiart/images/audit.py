"""Audit of a data set: sizes, duplicates, and training images that are in the test split too."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from wikiart.images.paintings import SPLITS
from wikiart.images.store import FileFacts, Store

# On real paintings these thresholds find 95 to 99 % of re-encoded, halved, doubled and brightened copies, few
# crops, and nothing but copies among four million pairs.
MAX_BITS = 6  #: bits (of 64) in which the difference hashes of near duplicates may differ
MIN_CORRELATION = 0.997  #: least correlation of the 8 x 8 thumbnails of near duplicates
BLOCK = 1 << 18  #: pairs of hashes compared at a time: 2 MB, which stay in the processor's cache


@dataclass(frozen=True)
class Audit:
    """Counts over a store's images. Duplicates are images whose files hold the same bytes."""

    images: dict[str, int]  #: by split
    unreadable: int
    sizes: dict[str, dict[str, int]]  #: by split: smallest, median and largest width and height of the files
    copies: dict[str, int]  #: by split: images that repeat an earlier one of the same split
    two_styles: int  #: distinct images that are listed under more than one style, in either split
    exact_leaks: int  #: training images that are also test images, byte for byte
    near_leaks: int  #: further training images that look like a test image
    leaks: tuple[tuple[str, str, str], ...]  #: training image, test image, "exact" or "near"

    def as_dict(self) -> dict:
        """Return the counts and the thresholds, for a JSON file."""
        thresholds = {"dhash_bits": MAX_BITS, "thumbnail_correlation": MIN_CORRELATION}
        return {**asdict(self), "near_means": thresholds}


def audit(store: Store) -> Audit:
    """Audit a store, by the properties of the files that were recorded when they were decoded."""
    facts = {split: store.facts(split) for split in SPLITS}
    files = {split: _files(store, split, facts[split]) for split in SPLITS}
    distinct = pd.concat(files.values()).drop_duplicates()  # content and label
    test_rows = files["test"].drop_duplicates("content").reset_index().set_index("content")["row"]
    exact = files["train"]["content"].map(test_rows).dropna().astype(int).to_dict()
    near = {row: test for row, test in near_pairs(facts["train"], facts["test"]) if row not in exact}
    leaks = [
        *((row, test, "exact") for row, test in exact.items()),
        *((row, test, "near") for row, test in near.items()),
    ]
    return Audit(
        images={split: len(getattr(store, split).labels) for split in SPLITS},
        unreadable=len(store.skipped),
        sizes={split: _sizes(facts[split].size) for split in SPLITS if len(facts[split].size)},
        copies={split: int(table["content"].duplicated().sum()) for split, table in files.items()},
        two_styles=distinct["content"][distinct["content"].duplicated()].nunique(),
        exact_leaks=len(exact),
        near_leaks=len(near),
        leaks=tuple(
            (store.train.paths[row], store.test.paths[test], kind) for row, test, kind in sorted(leaks)
        ),
    )


def near_pairs(train: FileFacts, test: FileFacts) -> list[tuple[int, int]]:
    """Find training images that look like a test image.

    Pairs whose hashes differ in at most ``MAX_BITS`` bits are candidates; their thumbnails must correlate
    as well, since a hash says little about an image that is nearly flat. Images without any
    structure are not compared.

    Returns
    -------
    list of (int, int)
        Pairs (training row, test row), ordered; for each training row the test image most like it.
    """
    train_rows, train_vectors = _unit_vectors(train.thumbnail)
    test_rows, test_vectors = _unit_vectors(test.thumbnail)
    closest: dict[int, tuple[float, int]] = {}
    for i, j in candidates(train.dhash[train_rows], test.dhash[test_rows]):
        correlations = np.einsum("ij,ij->i", train_vectors[i], test_vectors[j])
        for k in np.flatnonzero(correlations >= MIN_CORRELATION):
            # The largest correlation is the smallest pair; of equal ones the first test row.
            row, pair = int(train_rows[i[k]]), (-float(correlations[k]), int(test_rows[j[k]]))
            closest[row] = min(pair, closest.get(row, pair))
    return [(row, test_row) for row, (_, test_row) in sorted(closest.items())]


def _unit_vectors(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that are not flat, and their thumbnails as vectors of mean 0 and length 1.

    The mean is taken off for each colour channel. The product of two such vectors is their correlation.
    """
    values = thumbnails.reshape(-1, 64, 3).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    rows = np.flatnonzero(values.std(axis=(1, 2)) > 1)
    vectors = values[rows].reshape(-1, 192)
    return rows, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def candidates(
    train: np.ndarray, test: np.ndarray, bits: int = MAX_BITS
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows of all pairs of hashes (uint64) that differ in at most ``bits`` bits, in blocks."""
    step = max(1, BLOCK // max(1, len(test)))
    for start in range(0, len(train), step):
        distance = np.bitwise_count(train[start : start + step, None] ^ test[None])
        rows, columns = np.nonzero(distance <= bits)
        if len(rows):
            yield rows + start, columns


def _files(store: Store, split: str, facts: FileFacts) -> pd.DataFrame:
    """Return the content (SHA-256) and label of each image of a split, by its row."""
    content = [digest.tobytes() for digest in facts.sha256]
    labels = getattr(store, split).labels
    return pd.DataFrame({"content": content, "label": labels}).rename_axis("row")


def _sizes(size: np.ndarray) -> dict[str, int]:
    return {
        f"{side}_{name}": int(value(size[:, column]))
        for column, side in enumerate(("width", "height"))
        for name, value in (("least", np.min), ("median", np.median), ("largest", np.max))
    }
