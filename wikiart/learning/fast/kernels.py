"""Compiled loops of the later convolutions: patches, pool and sums, and their gradients.

A loop becomes vector instructions if it runs along memory and works on few arrays, hence many small ones.
Each kernel works on the items ``first`` to ``last`` of its arrays (`parallel`). All arrays have their
channels last.

Maps
----
A map of images of ``size`` rows has ``size + 3`` rows and columns. At its edge it is 0, because the padding
of the convolution (2) is wider than a patch. Only its inner ``size + 1`` rows and columns are computed and
stored; they are those of a padding of 1. In their numbering, window ``w`` of the pool begins at row and
column ``4 w - 3``, and the edge is at -1 and ``size + 1``.
"""

from typing import Any

import numpy as np

from wikiart.learning.fast.parallel import compiled

EDGE = -1  #: winner of a window whose maximum is at the edge of the map


@compiled
def unfold(images: Any, patches: Any, first: int, last: int) -> None:
    """Write the 2 x 2 patches of images with a padding of 1.

    Parameters
    ----------
    images : array (n, size, size, channels)
        To be unfolded.
    patches : array (n, size + 1, size + 1, 4 * channels)
        To be written; a patch is (row, column, channel).
    first, last : int
        Range of the items.
    """
    size, channels = images.shape[2:]
    pair = 2 * channels  # numbers in one row of a patch
    padded = np.zeros((size + 2, channels * (size + 2)), images.dtype)
    for item in range(first, last):
        for row in range(size):
            _copy(images[item, row].reshape(-1), padded[row + 1, channels:])
        for row in range(size + 1):
            for column in range(size + 1):
                patch, start = patches[item, row, column], column * channels
                _copy(padded[row, start : start + pair], patch)
                _copy(padded[row + 1, start : start + pair], patch[pair:])


@compiled
def _copy(source: Any, target: Any) -> None:
    """Copy all numbers of ``source`` to the begin of ``target``."""
    for place in range(len(source)):
        target[place] = source[place]


@compiled
def fold(patches: Any, images: Any, first: int, last: int) -> None:
    """Write, for each pixel, the sum of its values in four patches: the gradient of `unfold`.

    Parameters
    ----------
    patches : array (n, size + 1, size + 1, 4 * channels)
        As `unfold` writes them.
    images : array (n, size, size, channels)
        To be written.
    first, last : int
        Range of the items.
    """
    size, channels = images.shape[2:]
    one, two, three = channels, 2 * channels, 3 * channels
    for item in range(first, last):
        for row in range(size):
            # With the padding, pixel (row, column) is (row + 1, column + 1): it lies in the patches that
            # begin in rows row and row + 1, and in columns column and column + 1.
            upper, lower = patches[item, row], patches[item, row + 1]
            for column in range(size):
                pixel = images[item, row, column]
                # It is the first pixel (0) of the patch at the lower right, the second (one) of that at
                # the lower left, the third (two) at the upper right, the fourth (three) at the upper left.
                a, b, c, d = lower[column + 1], lower[column], upper[column + 1], upper[column]
                for n in range(channels):
                    pixel[n] = a[n] + b[one + n] + c[two + n] + d[three + n]


@compiled
def pool(maps: Any, pooled: Any, winners: Any, first: int, last: int) -> None:
    """Write the largest value of every window, and where it stands.

    Of equal values the first one counts, and NaN counts as larger than all, as for torch.

    Parameters
    ----------
    maps : array (n, size + 1, size + 1, channels)
        The inner values.
    pooled : array (n, side, side, channels)
        To be written.
    winners : int32 array (n, side, side, channels)
        To be written: positions in the memory of an image's map, or `EDGE`.
    first, last : int
        Range of the items.
    """
    edge, channels = maps.shape[2:]
    side, zeros = pooled.shape[1], np.zeros(channels, maps.dtype)
    for item in range(first, last):
        for line in range(side):
            for column in range(side):
                best, origin = pooled[item, line, column], winners[item, line, column]
                best[:] = -np.inf
                origin[:] = EDGE
                for row in range(max(-1, 4 * line - 3), min(edge + 1, 4 * line + 1)):
                    for place in range(max(-1, 4 * column - 3), min(edge + 1, 4 * column + 1)):
                        if 0 <= row < edge and 0 <= place < edge:
                            start = (row * edge + place) * channels
                            _update_maximum(best, origin, maps[item, row, place], start, 1)
                        else:
                            _update_maximum(best, origin, zeros, EDGE, 0)


@compiled
def _update_maximum(best: Any, origin: Any, values: Any, start: int, step: int) -> None:
    """Keep the larger of ``best`` and ``values``, whose positions are ``start + step * place``."""
    for place in range(len(best)):
        value, largest, where = values[place], best[place], origin[place]
        larger = (value > largest) | np.isnan(value)
        best[place] = value if larger else largest
        origin[place] = np.int32(start + step * place) if larger else where


@compiled
def sum_values(maps: Any, total: Any, squares: Any, first: int, last: int) -> None:
    """Write the sums of maps, and of their squares, over all positions.

    Parameters
    ----------
    maps : array (n, size + 1, (size + 1) * channels)
        The inner values; those at the edge add nothing.
    total, squares : float64 arrays (n, channels)
        To be written.
    first, last : int
        Range of the items.
    """
    (_, rows, length), channels = maps.shape, total.shape[1]
    sums, sums_of_squares = np.empty(length, maps.dtype), np.empty(length, maps.dtype)
    for item in range(first, last):
        # 1. Over the rows, column by column, in the maps' own type.
        sums[:] = 0
        sums_of_squares[:] = 0
        for row in range(rows):
            values = maps[item, row]
            for place in range(length):
                sums[place] += values[place]
            for place in range(length):
                sums_of_squares[place] += values[place] * values[place]
        # 2. Over the columns, in float64.
        total[item] = 0
        squares[item] = 0
        for start in range(0, length, channels):
            for channel in range(channels):
                total[item, channel] += sums[start + channel]
                squares[item, channel] += sums_of_squares[start + channel]


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
def maps_gradient(
    maps: Any, winners: Any, slopes: Any, lines: Any, gradient: Any, first: int, last: int
) -> None:
    """Write ``constant + factor * maps``, and add ``gain * slopes`` at the maxima.

    Nothing is written for the edge of the map: its patches are 0, so no gradient depends on it.

    Parameters
    ----------
    maps : array (n, size + 1, size + 1, channels)
        The inner values.
    winners : int32 array (n, side, side, channels)
        From `pool`.
    slopes : array (n, side, side, channels)
        Gradients of the normalised maxima.
    lines : array (3, channels)
        ``gain``, ``constant`` and ``factor`` of each channel.
    gradient : array (n, size + 1, size + 1, channels)
        To be written.
    first, last : int
        Range of the items.
    """
    gain, constant, factor = lines[0], lines[1], lines[2]
    channels = len(gain)
    for item in range(first, last):
        values, result = maps[item].reshape(-1, channels), gradient[item].reshape(-1, channels)
        for position in range(len(values)):
            for n in range(channels):
                result[position, n] = constant[n] + factor[n] * values[position, n]
        # A value may be the maximum of one window only, since windows do not overlap.
        flat = gradient[item].reshape(-1)
        where, what = winners[item].reshape(-1, channels), slopes[item].reshape(-1, channels)
        for window in range(len(where)):
            for n in range(channels):
                if where[window, n] != EDGE:
                    flat[where[window, n]] += gain[n] * what[window, n]
