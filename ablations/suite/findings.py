"""What is worth knowing about the images before they are used, in words."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ablations.process.wording import count
from wikiart.images.store import Store

if TYPE_CHECKING:
    from wikiart.images.audit import Audit

FEW_TEST = 5  #: with fewer test images, one answer moves a style's accuracy by 25 points or more
SMOTE_NEIGHBOURS = 5  #: SMOTE's k: an image is blended with one of its k nearest images of the same style
WORDS = {"train": "training", "test": "test"}
NAMED = 8  #: styles that a sentence names


def sizes(audit: "Audit") -> str:
    """Describe the sizes of the image files."""
    splits = [
        f"{split} {size['width_median']:,} x {size['height_median']:,} (width {_span(size, 'width')}, "
        f"height {_span(size, 'height')})"
        for split, size in audit.sizes.items()
    ]
    return f"median size of the files in pixels: {'; '.join(splits)}"


def _span(size: Mapping[str, int], side: str) -> str:
    least, largest = size[f"{side}_least"], size[f"{side}_largest"]
    return f"{least:,} to {largest:,}" if least < largest else f"always {least:,}"


def repeats(audit: "Audit") -> Iterator[str]:
    """Describe images that occur more than once within a split; nothing if there are none."""
    for split, copies in audit.copies.items():
        if copies:
            yield f"repeated within the {WORDS[split]} split, byte for byte: {count(copies, 'image')}"
    if audit.two_styles:
        yield f"{count(audit.two_styles, 'picture')} under two styles or more: one answer at most is right"


def leaks(audit: "Audit") -> str:
    """Describe training images that are in the test split too; "" if there are none."""
    if not audit.leaks:
        return ""
    kinds = f"{audit.exact_leaks:,} byte for byte, {audit.near_leaks:,} look alike"
    number = f"{len(audit.leaks):,} of {count(audit.images['train'], 'training image')}"
    return f"LEAK: {number} in the test split too ({kinds})"


def thin_styles(store: Store, *, smote: bool) -> Iterator[str]:
    """Describe styles with too few images, and what that does to the answers; nothing if all have enough.

    Parameters
    ----------
    store : Store
        The images.
    smote : bool
        Whether SMOTE is going to blend training images.
    """
    train, test = (
        dict(zip(store.classes, np.bincount(labels, minlength=len(store.classes)).tolist(), strict=True))
        for labels in (store.train.labels, store.test.labels)
    )
    if untested := {style: number for style, number in test.items() if number == 0}:
        yield (
            f"THIN: {_styles(untested, len(test))} without a test image: nothing is said about them, and "
            "balanced accuracy and macro-F1 leave them out"
        )
    if few := {style: number for style, number in test.items() if 0 < number < FEW_TEST}:
        yield (
            f"THIN: {_styles(few, len(test))} with fewer than {FEW_TEST} test images: one answer moves the "
            f"accuracy of such a style by {100 / max(few.values()):.0f} points or more, so balanced accuracy "
            "and macro-F1 lean on chance"
        )
    if smote and (small := {style: number for style, number in train.items() if number <= SMOTE_NEIGHBOURS}):
        yield (
            f"THIN: {_styles(small, len(train))} with fewer than {SMOTE_NEIGHBOURS + 1} training images: "
            f"SMOTE has fewer than {SMOTE_NEIGHBOURS} neighbours to blend each of theirs with"
            f"{', and repeats a single image' if 1 in small.values() else ''}"
        )


def _styles(numbers: Mapping[str, int], total: int) -> str:
    """Return how many of all styles these are, and the names and numbers of those with the fewest images."""
    names = sorted(numbers, key=lambda style: (numbers[style], style))
    listed = [f"{style} ({numbers[style]})" if numbers[style] else style for style in names[:NAMED]]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} of {count(total, 'style')} ({', '.join(listed)}{more})"
