"""Pixel sums: sums of an image's pixels, and of the products of neighbouring ones.

Mean and variance of what a small convolution makes of an image follow from them, and they never change.

In rows of ``3 * size`` numbers, x[row, i] is a value of channel ``i % 3``; outside the image it is 0. The
pixel sums are float64 (18, 3); exact for whole numbers; those of several images add up. In channel ``i % 3``:

- ``sums[d]``, d = 0 to 5: sum of ``x[row, i] * x[row, i + d]``
- ``sums[11 + d]``, d = -5 to 5: sum of ``x[row, i] * x[row + 1, i + d]``
- ``sums[17]``: sum of ``x[row, i]``
"""

from typing import Any

import numpy as np
from numba import njit


def pixel_sums(images: np.ndarray) -> np.ndarray:
    """Compute the pixel sums of images (n, size, size, 3), uint8 or float: float64 (n, 18, 3)."""
    sums = np.empty((len(images), 18, 3))
    _sum_products(images.reshape(*images.shape[:2], -1), sums)
    return sums


# cache: the machine code is kept for the next process. nogil: threads run it at the same time. contract:
# a * b + c may be one instruction.
_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})


@_compiled
def _sum_products(images: Any, sums: Any) -> None:
    """Write the pixel sums (n, 18, 3) of images (n, size, size * 3)."""
    count, size, length = images.shape
    # Zeros around each image: five numbers or more on both sides of a row, and one row below.
    padded = np.zeros((size + 1, length + 12))
    totals = np.empty((18, length))
    for item in range(count):
        for row in range(size):
            pixels, line = images[item, row], padded[row, 6:]
            for place in range(length):
                line[place] = pixels[place]
        # 1. Over the rows, place by place.
        totals[:] = 0
        for row in range(size):
            numbers, below, total = padded[row, 6:], padded[row + 1], totals[17]
            for shift in range(6):
                _add_products(totals[shift], numbers, numbers[shift:])
            for shift in range(-5, 6):
                _add_products(totals[11 + shift], numbers, below[6 + shift :])
            for place in range(length):
                total[place] += numbers[place]
        # 2. Over the places, channel by channel.
        sums[item] = 0
        for number in range(18):
            for place in range(length):
                sums[item, number, place % 3] += totals[number, place]


@_compiled
def _add_products(total: Any, one: Any, other: Any) -> None:
    """Add ``one`` times ``other`` to ``total``, whose length decides."""
    for place in range(len(total)):
        total[place] += one[place] * other[place]
