"""The first two moments of patches of pixels, from which the statistics of a convolution's maps follow.

With p the patches (12 numbers by row, column, channel) at all positions, and k a kernel, the values of a map
``y = k . p`` have

    sum(y) = k . s,    sum(y * y) = k . (M k),    s = sum(p),    M = sum(p p').

The padding of the convolution is wider than a patch, so each number of a patch runs over the whole image, and
a sum of products depends only on how far the two pixels lie apart: s and M consist of the pixel sums of
`wikiart.images.sums`.
"""

import numpy as np


def patch_moments(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return s (12,) and M (12, 12) for the pixel sums (18, 3) of images."""
    return sums[17].take(_CHANNELS), sums.take(_PLACES)


def _place(one: int, other: int) -> int:
    """Return the position among the pixel sums of the product of two numbers of a patch.

    Number k stands in row ``k // 6`` of its patch, at place ``k % 6`` of this row.
    """
    (row, place), (other_row, other_place) = sorted([divmod(one, 6), divmod(other, 6)])
    number = other_place - place + (11 if other_row > row else 0)
    return 3 * number + place % 3


_PLACES = np.array([[_place(one, other) for other in range(12)] for one in range(12)])
_CHANNELS = np.arange(12) % 3
