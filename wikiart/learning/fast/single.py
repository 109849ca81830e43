"""A convolution to one channel and its pool, in one compiled loop.

With several channels, a patch is written once and multiplied by all kernels (`kernels.unfold`). With a
single one, computing the map directly from the pixels is faster.
"""

from typing import Any

import numpy as np

from wikiart.learning.fast.parallel import compiled


@compiled
def convolve_and_pool(images: Any, weights: Any, pooled: Any, winners: Any, first: int, last: int) -> None:
    """Write what `kernels.pool` writes for the map of one channel.

    Parameters
    ----------
    images : array (n, size, size * 3)
        To be convolved.
    weights : array (12,)
        By row, column, channel of a patch.
    pooled : array (n, side, side, 1)
        To be written.
    winners : int32 array (n, side, side, 1)
        To be written; positions in a map stored as `kernels` describes.
    first, last : int
        Range of the items.
    """
    size, side = images.shape[1], pooled.shape[1]
    slots = (size + 4) // 4 + 1  # as `kernels.slots`
    length = (size + 18) // 16 * 16  # size + 3 columns, rounded up to a whole number of vectors
    planes = np.zeros((3, size + 4, length + 1), images.dtype)
    best, row_of = np.empty(length, images.dtype), np.empty(length, np.int32)
    for item in range(first, last):
        # 1. One plane for each channel, with two zeros around it: then neighbouring columns are neighbours
        #    in memory.
        for row in range(size):
            for column in range(size):
                for channel in range(3):
                    planes[channel, row + 2, column + 2] = images[item, row, 3 * column + channel]
        for line in range(side):
            # 2. The largest value of every column within the four rows of these windows.
            best[:] = -np.inf
            for row in range(max(0, 4 * line - 2), min(size + 3, 4 * line + 2)):
                _convolve_row(planes, row, weights, best, row_of)
            # 3. The largest of the four columns of every window. Of equal values the first one counts, by
            #    row and then by column; NaN counts as larger than all.
            for window in range(side):
                start, stop = max(0, 4 * window - 2), min(size + 3, 4 * window + 2)
                winner = start
                for column in range(start + 1, stop):
                    upper = best[column] == best[winner] and row_of[column] < row_of[winner]
                    if best[column] > best[winner] or upper or np.isnan(best[column]):
                        winner = column
                pooled[item, line, window, 0] = best[winner]
                place = (winner + 2) % 4 * slots + (winner + 2) // 4
                winners[item, line, window, 0] = row_of[winner] * 4 * slots + place


@compiled
def _convolve_row(planes: Any, row: int, weights: Any, best: Any, row_of: Any) -> None:
    """Convolve one row of the map; keep what is larger than the best of its column yet, and its row.

    The value at column i is the sum of weight times pixel over the patch with rows ``row`` and
    ``row + 1`` and columns i and i + 1, written out so that the compiler makes vectors of i.
    """
    a, b, c = planes[0, row], planes[1, row], planes[2, row]
    d, e, f = planes[0, row + 1], planes[1, row + 1], planes[2, row + 1]
    u, v, w, x, y, z = weights[0], weights[1], weights[2], weights[3], weights[4], weights[5]
    m, n, o, p, q, r = weights[6], weights[7], weights[8], weights[9], weights[10], weights[11]
    here = np.int32(row)
    for i in range(len(best)):
        above = u * a[i] + v * b[i] + w * c[i] + x * a[i + 1] + y * b[i + 1] + z * c[i + 1]
        below = m * d[i] + n * e[i] + o * f[i] + p * d[i + 1] + q * e[i + 1] + r * f[i + 1]
        value, largest, where = above + below, best[i], row_of[i]
        larger = (value > largest) | np.isnan(value)
        best[i] = value if larger else largest
        row_of[i] = here if larger else where
