"""Compiled loops for the maps of the later convolutions: pool and sums, and their gradients.

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
def pool(maps: Any, signs: Any, pooled: Any, winners: Any, sums: Any, first: int, last: int) -> None:
    """Write the extreme value of every window, where it stands, and the sums over whole maps.

    Of equal values the first one counts, and NaN counts as the extreme of all, as for torch.

    Parameters
    ----------
    maps : array (n, size + 1, size + 1, channels)
        The inner values.
    signs : array (channels,)
        1 where the largest value of a window is wanted, -1 where the smallest.
    pooled : array (n, side, side, channels)
        To be written.
    winners : int32 array (n, side, side, channels)
        To be written: positions in the memory of an image's map, or `EDGE`.
    sums : float64 array (n, 2, channels)
        To be written: sums of the values and of their squares; those at the edge add nothing.
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
                edge_counts = True  # only once: a second 0 is not larger than the first
                for row in range(max(-1, 4 * line - 3), min(edge + 1, 4 * line + 1)):
                    for place in range(max(-1, 4 * column - 3), min(edge + 1, 4 * column + 1)):
                        if 0 <= row < edge and 0 <= place < edge:
                            start = (row * edge + place) * channels
                            _update_extreme(best, origin, maps[item, row, place], signs, start, 1)
                        elif edge_counts:
                            _update_extreme(best, origin, zeros, signs, EDGE, 0)
                            edge_counts = False
                for n in range(channels):
                    best[n] *= signs[n]
        _sum_values(maps[item].reshape(edge, -1), sums[item])


@compiled
def _update_extreme(best: Any, origin: Any, values: Any, signs: Any, start: int, step: int) -> None:
    """Keep the larger of ``best`` and ``signs * values``, whose positions are ``start + step * place``."""
    for place in range(len(best)):
        value, largest, where = signs[place] * values[place], best[place], origin[place]
        larger = (value > largest) | np.isnan(value)
        best[place] = value if larger else largest
        origin[place] = np.int32(start + step * place) if larger else where


@compiled
def _sum_values(rows: Any, sums: Any) -> None:
    """Write the sums (2, channels) of the values (rows, width * channels) of a map, and of their squares."""
    length, channels = rows.shape[1], sums.shape[1]
    total, squares = np.zeros(length, rows.dtype), np.zeros(length, rows.dtype)
    # 1. Over the rows, column by column, in the maps' own type.
    for row in range(len(rows)):
        values = rows[row]
        for place in range(length):
            total[place] += values[place]
        for place in range(length):
            squares[place] += values[place] * values[place]
    # 2. Over the columns, in float64.
    sums[:] = 0
    for start in range(0, length, channels):
        for n in range(channels):
            sums[0, n] += total[start + n]
            sums[1, n] += squares[start + n]


@compiled
def sum_gradients(gradient: Any, output: Any, pooled: Any, sums: Any, first: int, last: int) -> None:
    """Write the sums that the gradient of a normalisation needs, for maxima that went through a ReLU.

    Parameters
    ----------
    gradient, output, pooled : arrays (n, side, side, channels)
        Gradient of the ReLU's output, this output, and the maxima before their normalisation.
    sums : float64 array (n, 2, channels)
        To be written: sums of ``d`` and of ``d * pooled``, where d is ``gradient`` where ``output > 0``,
        else 0.
    first, last : int
        Range of the items.
    """
    channels = output.shape[3]
    for item in range(first, last):
        sums[item] = 0
        total, products = sums[item]
        slopes, active = gradient[item].reshape(-1, channels), output[item].reshape(-1, channels)
        values = pooled[item].reshape(-1, channels)
        for window in range(len(values)):
            for n in range(channels):
                slope = slopes[window, n] if active[window, n] > 0 else 0
                total[n] += slope
                products[n] += slope * values[window, n]


@compiled
def maps_gradient(
    maps: Any, winners: Any, slopes: Any, output: Any, lines: Any, result: Any, first: int, last: int
) -> None:
    """Write ``constant + factor * maps``, and add ``gain * d`` at the maxima.

    Here d is the gradient after the ReLU, as in `sum_gradients`. Nothing is written for the edge of the map:
    its patches are 0, so no gradient depends on it.

    Parameters
    ----------
    maps : array (n, size + 1, size + 1, channels)
        The inner values.
    winners : int32 array (n, side, side, channels)
        From `pool`.
    slopes, output : arrays (n, side, side, channels)
        Gradient of the ReLU's output, and this output.
    lines : array (3, channels)
        ``gain``, ``constant`` and ``factor`` of each channel.
    result : array (n, size + 1, size + 1, channels)
        To be written.
    first, last : int
        Range of the items.
    """
    gain, constant, factor = lines[0], lines[1], lines[2]
    channels = len(gain)
    for item in range(first, last):
        values, target = maps[item].reshape(-1, channels), result[item].reshape(-1, channels)
        for position in range(len(values)):
            for n in range(channels):
                target[position, n] = constant[n] + factor[n] * values[position, n]
        # A value may be the maximum of one window only, since windows do not overlap.
        flat, places = result[item].reshape(-1), winners[item].reshape(-1)
        slope, active = slopes[item].reshape(-1), output[item].reshape(-1)
        for place in range(len(places)):
            if places[place] != EDGE and active[place] > 0:
                flat[places[place]] += gain[place % channels] * slope[place]
