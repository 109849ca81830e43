"""Compiled loops that carry a gradient back through ReLU, normalisation, pool and convolution.

Maps are stored as `kernels` describes; kernels run as described there.
"""

from typing import Any

import numpy as np

from wikiart.learning.fast.parallel import compiled


@compiled
def activation_gradient(
    gradient: Any, output: Any, pooled: Any, slopes: Any, total: Any, products: Any, first: int, last: int
) -> None:
    """Write the gradient of a ReLU's input, and the sums over it that normalisation needs.

    Parameters
    ----------
    gradient, output, pooled : arrays (n, rows, width * channels)
        Gradient of the ReLU's output, this output, and the maxima before their normalisation.
    slopes : array (n, rows, width * channels)
        To be written: ``gradient`` where ``output > 0``, else 0.
    total, products : arrays (n, width * channels)
        To be written: sums over the rows of ``slopes`` and of ``slopes * pooled``.
    first, last : int
        Range of the items.
    """
    for item in range(first, last):
        total[item] = 0
        products[item] = 0
        for row in range(output.shape[1]):
            values, active, slope = gradient[item, row], output[item, row], slopes[item, row]
            for place in range(len(slope)):
                slope[place] = values[place] if active[place] > 0 else 0
            sums, before = total[item], pooled[item, row]
            for place in range(len(slope)):
                sums[place] += slope[place]
            sums = products[item]
            for place in range(len(slope)):
                sums[place] += slope[place] * before[place]


@compiled
def sum_winning_patches(
    images: Any, centre: Any, winners: Any, slopes: Any, sums: Any, first: int, last: int
) -> None:
    """Sum the patches of the maxima, weighted: the gradient of a pooled convolution's kernel.

    Parameters
    ----------
    images : array (n, size, size * 3)
        What was convolved.
    centre : number
        Is subtracted from the images and the zeros around them, as by `kernels.unfold`.
    winners : int32 array (n, side, side, channels)
        From `kernels.pool`.
    slopes : array (n, side, side, channels)
        The weights.
    sums : array (n, channels, 12)
        To be written; a patch is (row, column, channel).
    first, last : int
        Range of the items.
    """
    size, channels = images.shape[1], winners.shape[3]
    padded = np.full((size + 4, 3 * (size + 4)), -centre, images.dtype)
    for item in range(first, last):
        for row in range(size):
            pixels, line = images[item, row], padded[row + 2, 6:]
            for place in range(len(pixels)):
                line[place] = pixels[place] - centre
        for channel in range(channels):
            _sum_patches_of_channel(padded, winners[item], slopes[item], channel, sums[item, channel])


@compiled
def _sum_patches_of_channel(padded: Any, winners: Any, slopes: Any, channel: int, result: Any) -> None:
    """Sum the winning patches of one image and one channel: 12 numbers, kept in registers."""
    side, channels = winners.shape[1:]
    step = len(padded) // 4 * channels + channels  # numbers stored for one place: slots * channels
    length = 4 * step  # numbers of one row of the map
    a0 = a1 = a2 = a3 = a4 = a5 = b0 = b1 = b2 = b3 = b4 = b5 = padded.dtype.type(0)
    for line in range(side):
        for column in range(side):
            # 1. The maximum stands at row 4 line - 2 + row and at place `place` of its window, so that its
            #    position is (4 line - 2 + row) * length + place * step + column * channels + channel.
            #    Solved for row and place by comparing, since dividing is slow.
            beyond = winners[line, column, channel] - (4 * line - 2) * length - column * channels - channel
            row = (beyond >= length) + (beyond >= 2 * length) + (beyond >= 3 * length)
            beyond -= row * length
            place = (beyond >= step) + (beyond >= 2 * step) + (beyond >= 3 * step)
            # 2. Its patch begins at the same row and column of the padded image.
            begin = 3 * (4 * column - 2 + place)
            upper, lower = padded[4 * line - 2 + row, begin:], padded[4 * line - 1 + row, begin:]
            slope = slopes[line, column, channel]
            a0 += slope * upper[0]
            a1 += slope * upper[1]
            a2 += slope * upper[2]
            a3 += slope * upper[3]
            a4 += slope * upper[4]
            a5 += slope * upper[5]
            b0 += slope * lower[0]
            b1 += slope * lower[1]
            b2 += slope * lower[2]
            b3 += slope * lower[3]
            b4 += slope * lower[4]
            b5 += slope * lower[5]
    result[0], result[1], result[2], result[3], result[4], result[5] = a0, a1, a2, a3, a4, a5
    result[6], result[7], result[8], result[9], result[10], result[11] = b0, b1, b2, b3, b4, b5


@compiled
def maps_gradient(
    maps: Any, winners: Any, slopes: Any, constant: Any, factor: Any, gradient: Any, first: int, last: int
) -> None:
    """Write ``constant + factor * maps``, and add slopes at the maxima.

    Parameters
    ----------
    maps : array (n, rows, 4 * slots * channels)
        Whole maps.
    winners : int32 array (n, side, side, channels)
        From `kernels.pool`.
    slopes : array (n, side, side, channels)
        Are added.
    constant, factor : arrays (4 * slots * channels,)
        For each number of a map's row.
    gradient : array (n, rows, 4 * slots * channels)
        To be written.
    first, last : int
        Range of the items.
    """
    rows, length = maps.shape[1:]
    for item in range(first, last):
        for row in range(rows):
            values, result = maps[item, row], gradient[item, row]
            for place in range(length):
                result[place] = constant[place] + factor[place] * values[place]
        # A value may be the maximum of one window only, since windows do not overlap.
        flat, where, what = gradient[item].reshape(-1), winners[item].reshape(-1), slopes[item].reshape(-1)
        for number in range(len(where)):
            flat[where[number]] += what[number]
