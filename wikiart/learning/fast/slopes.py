"""Loops that carry a gradient back through activation, pool and convolution: as wikiart/kernels.py."""

from typing import Any

import numpy as np

from wikiart.learning.fast.kernels import compiled


@compiled
def through_activation(
    gradient: Any, maps: Any, pooled: Any, slopes: Any, total: Any, products: Any, first: int, last: int
) -> None:
    """Write the gradient where the maps are above 0, and 0 elsewhere; add it up.

    Parameters
    ----------
    gradient, maps, pooled : arrays (n, rows, width * channels)
        Gradient of the activated maps, those maps, and what they were made of.
    slopes : array (n, rows, width * channels)
        To be written.
    total, products : arrays (n, width * channels)
        To be written: sums over the rows, of the slopes and of their products with ``pooled``.
    first, last : int
        Range of the items.
    """
    for item in range(first, last):
        total[item] = 0
        products[item] = 0
        for row in range(maps.shape[1]):
            values, active, slope = gradient[item, row], maps[item, row], slopes[item, row]
            for place in range(len(slope)):
                slope[place] = values[place] if active[place] > 0 else 0
            sums, before = total[item], pooled[item, row]
            for place in range(len(slope)):
                sums[place] += slope[place]
            sums = products[item]
            for place in range(len(slope)):
                sums[place] += slope[place] * before[place]


@compiled
def sum_patches(
    images: Any, centre: Any, winners: Any, slopes: Any, gradients: Any, first: int, last: int
) -> None:
    """Sum the patches (less ``centre``) that won, weighted: what a pooled convolution's weights get.

    Parameters
    ----------
    images : array (n, size, size * 3)
        The convolution's.
    centre : number
        As for `unfold`.
    winners, slopes : int32 array and array (n, side, side, channels)
        As from `pool`, and their weights.
    gradients : array (n, channels, 12)
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
            _of_channel(padded, winners[item], slopes[item], channel, gradients[item, channel])


@compiled
def _of_channel(padded: Any, winners: Any, slopes: Any, channel: int, result: Any) -> None:
    side, channels = winners.shape[1:]
    step = len(padded) // 4 * channels + channels
    length = 4 * step
    a0 = a1 = a2 = a3 = a4 = a5 = b0 = b1 = b2 = b3 = b4 = b5 = padded.dtype.type(0)
    for line in range(side):
        for column in range(side):
            # Comparing finds the place in the window; dividing is slow.
            beyond = winners[line, column, channel] - (4 * line - 2) * length - column * channels - channel
            row = (beyond >= length) + (beyond >= 2 * length) + (beyond >= 3 * length)
            beyond -= row * length
            place = (beyond >= step) + (beyond >= 2 * step) + (beyond >= 3 * step)
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
def spread(
    maps: Any, winners: Any, slopes: Any, constant: Any, factor: Any, gradient: Any, first: int, last: int
) -> None:
    """Write ``constant + factor * maps``, and add slopes where the winners stand.

    Parameters
    ----------
    maps : array (n, rows, 4 * slots * channels)
        Whole maps.
    winners, slopes : int32 array and array (n, side, side, channels)
        As from `pool`, and what is added.
    constant, factor : arrays (4 * slots * channels,)
        For a row of a map.
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
        flat, where, what = gradient[item].reshape(-1), winners[item].reshape(-1), slopes[item].reshape(-1)
        for number in range(len(where)):
            flat[where[number]] += what[number]
