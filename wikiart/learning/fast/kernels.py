"""Loops over pixels and maps that torch has no operation for, compiled by Numba.

A loop becomes vector instructions if it runs along memory and few arrays are about, which is why
there are many small ones. The machine code is kept beside this file, or in the user's cache folder,
for the next process. Kernels work on items ``first`` to ``last`` of their arrays: :func:`share`.

A map here is what a convolution with 2 x 2 weights and padding 2 makes of an image, ``size + 3``
wide and high; its channels come last. ``max_pool2d(4, padding=2)`` has a window every four columns, from
-2 on. The columns of a row are not in their order, but by their place in a window (first all that are
the first of one, and so on), so that pooling compares long vectors. A place has :func:`slots` columns; those
that lie outside the map hold 0.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})


def slots(size: int) -> int:
    """Columns of each place in a window, for maps of images of this size."""
    return (size + 4) // 4 + 1


def share(kernel: Any, count: int, *arguments: Any) -> None:
    """Call a kernel on ``count`` items, as many at a time as torch has threads."""
    threads = min(torch.get_num_threads(), count)
    if threads == 1:
        kernel(*arguments, 0, count)
        return
    edges = [count * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(kernel, *arguments, *part) for part in pairwise(edges)]:
            done.result()


@compiled
def unfold(images: Any, channels: int, centre: Any, top: int, patches: Any, first: int, last: int) -> None:
    """Write the 2 x 2 patches of images, less ``centre``.

    Parameters
    ----------
    images : array (n, size, size * channels)
        With any number of channels.
    channels : int
        That number.
    centre : number
        Is subtracted from the images and the zeros around them; of the images' type.
    top : int
        Row of the map that the patches begin with.
    patches : array (n, rows, 4 * slots, 4 * channels)
        To be written; a patch is (row, column, channel).
    first, last : int
        Range of the items.
    """
    size, rows, columns = images.shape[1], patches.shape[1], patches.shape[2] // 4
    pair = 2 * channels
    padded = np.empty((rows + 1, channels * (size + 4)), images.dtype)
    for item in range(first, last):
        padded[:] = -centre
        for row in range(max(top, 2), min(top + rows + 1, size + 2)):
            pixels, line = images[item, row - 2], padded[row - top, pair:]
            for place in range(len(pixels)):
                line[place] = pixels[place] - centre
        for row in range(rows):
            upper, lower, line = padded[row], padded[row + 1], patches[item, row].reshape(-1)
            for place in range(4):
                begin, end = _columns(place, size)
                start = place * columns
                line[2 * start * pair : 2 * (start + begin) * pair] = 0
                line[2 * (start + end) * pair : 2 * (start + columns) * pair] = 0
                left = (4 * begin + place - 2) * channels
                target = line[2 * (start + begin) * pair :]
                if channels == 3:
                    _unfold_pixels(upper[left:], lower[left:], end - begin, target)
                else:
                    _unfold_maps(upper[left:], lower[left:], end - begin, channels, target)


@compiled
def _columns(place: int, size: int) -> tuple[int, int]:
    """Range of the columns at this place of a window that lie in the map."""
    return (1 if place < 2 else 0), (size + 4 - place) // 4 + 1


@compiled
def _unfold_pixels(upper: Any, lower: Any, count: int, target: Any) -> None:
    for number in range(count):
        p = 12 * number
        # All is read before it is written: then the compiler sees vectors.
        a, b, c, d, e, f = upper[p], upper[p + 1], upper[p + 2], upper[p + 3], upper[p + 4], upper[p + 5]
        g, h, i, j, k, m = lower[p], lower[p + 1], lower[p + 2], lower[p + 3], lower[p + 4], lower[p + 5]
        one, two = target[p:], target[p + 6 :]
        one[0], one[1], one[2], one[3], one[4], one[5] = a, b, c, d, e, f
        two[0], two[1], two[2], two[3], two[4], two[5] = g, h, i, j, k, m


@compiled
def _unfold_maps(upper: Any, lower: Any, count: int, channels: int, target: Any) -> None:
    pair, window = 2 * channels, 4 * channels
    for number in range(count):
        above, below = upper[number * window :], lower[number * window :]
        patch = target[number * window :]
        for place in range(pair):
            patch[place] = above[place]
        patch = patch[pair:]
        for place in range(pair):
            patch[place] = below[place]


@compiled
def fold(patches: Any, channels: int, images: Any, first: int, last: int) -> None:
    """Add patches up to images: the gradient of `unfold`.

    Parameters
    ----------
    patches : array (n, size + 3, 4 * slots, 4 * channels)
        As `unfold` writes them.
    channels : int
        Of the images.
    images : array (n, size, size * channels)
        To be written.
    first, last : int
        Range of the items.
    """
    size, columns = images.shape[1], patches.shape[2] // 4
    one, two, three = channels, 2 * channels, 3 * channels
    for item in range(first, last):
        for row in range(size):
            upper, lower = patches[item, row + 1], patches[item, row + 2]
            for column in range(size):
                pixel = images[item, row, column * channels : (column + 1) * channels]
                left = (column + 3) % 4 * columns + (column + 3) // 4
                right = column % 4 * columns + (column + 4) // 4
                a, b, c, d = lower[right], lower[left], upper[right], upper[left]
                for place in range(channels):
                    pixel[place] = a[place] + b[one + place] + c[two + place] + d[three + place]


@compiled
def pool(
    maps: Any, height: int, top: int, start: int, stop: int, pooled: Any, winners: Any, first: int, last: int
) -> None:
    """Write the largest value of every window, and where it stands.

    Of equal values the first one counts, and NaN above all, as for torch.

    Parameters
    ----------
    maps : array (n, rows, 4 * slots * channels)
        Rows of maps.
    height, top : int
        Of the maps, and the row that these begin with.
    start, stop : int
        Range of the rows of ``pooled`` to write, whose windows lie in ``maps``.
    pooled, winners : array and int32 array (n, side, side, channels)
        Winners count the numbers of a whole map.
    first, last : int
        Range of the items.
    """
    length, (_, side, _, channels) = maps.shape[2], pooled.shape
    step = length // 4  # from one place in the windows to the next
    for item in range(first, last):
        for line in range(start, stop):
            best, origin = pooled[item, line].reshape(-1), winners[item, line].reshape(-1)
            best[:] = -np.inf
            origin[:] = 0
            for row in range(max(0, 4 * line - 2), min(height, 4 * line + 2)):
                for place in range(4):
                    begin, end = _columns(place, height - 3)
                    begin, end = begin * channels, min(end, side) * channels
                    values = maps[item, row - top, place * step + begin : place * step + end]
                    index = row * length + place * step + begin
                    _keep_larger(best[begin:end], origin[begin:end], values, index)


@compiled
def _keep_larger(best: Any, origin: Any, values: Any, start: int) -> None:
    """Compare with values that begin at this place of the map."""
    index = np.int32(start)
    for place in range(len(best)):
        value, largest, where = values[place], best[place], origin[place]
        larger = (value > largest) | np.isnan(value)
        best[place] = value if larger else largest
        origin[place] = index + np.int32(place) if larger else where


@compiled
def convolve_and_pool(images: Any, weights: Any, pooled: Any, winners: Any, first: int, last: int) -> None:
    """Write what `pool` does for a map of one channel, without unfolding: nothing is shared by channels.

    Parameters
    ----------
    images : array (n, size, size * 3)
        Of three channels.
    weights : array (12,)
        By row, column, channel of a patch.
    pooled, winners : array and int32 array (n, side, side, 1)
        To be written.
    first, last : int
        Range of the items.
    """
    size, side = images.shape[1], pooled.shape[1]
    columns, length = (size + 4) // 4 + 1, (size + 18) // 16 * 16  # a whole number of vectors
    planes = np.zeros((3, size + 4, length + 1), images.dtype)
    best, row_of = np.empty(length, images.dtype), np.empty(length, np.int32)
    for item in range(first, last):
        for row in range(size):
            for column in range(size):
                for channel in range(3):
                    planes[channel, row + 2, column + 2] = images[item, row, 3 * column + channel]
        for line in range(side):
            best[:] = -np.inf
            for row in range(max(0, 4 * line - 2), min(size + 3, 4 * line + 2)):
                _convolve_row(planes, row, weights, best, row_of)
            for window in range(side):
                left, right = max(0, 4 * window - 2), min(size + 3, 4 * window + 2)
                winner = left
                for column in range(left + 1, right):
                    upper = best[column] == best[winner] and row_of[column] < row_of[winner]
                    if best[column] > best[winner] or upper or np.isnan(best[column]):
                        winner = column
                pooled[item, line, window, 0] = best[winner]
                place = (winner + 2) % 4 * columns + (winner + 2) // 4
                winners[item, line, window, 0] = row_of[winner] * 4 * columns + place


@compiled
def _convolve_row(planes: Any, row: int, weights: Any, best: Any, row_of: Any) -> None:
    """A row of the map, and where it is larger than what is the best in its columns yet."""
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


@compiled
def add(maps: Any, total: Any, squares: Any, first: int, last: int) -> None:
    """Add the values of maps, and their squares, up over the positions of each.

    Parameters
    ----------
    maps : array (n, rows, 4 * slots * channels)
        Rows of maps.
    total, squares : float64 arrays (n, channels)
        What is added to.
    first, last : int
        Range of the items.
    """
    (_, rows, length), channels = maps.shape, total.shape[1]
    sums, sums_of_squares = np.empty(length, maps.dtype), np.empty(length, maps.dtype)
    for item in range(first, last):
        sums[:] = 0
        sums_of_squares[:] = 0
        for row in range(rows):
            values = maps[item, row]
            for place in range(length):
                sums[place] += values[place]
            for place in range(length):
                sums_of_squares[place] += values[place] * values[place]
        for start in range(0, length, channels):
            for channel in range(channels):
                total[item, channel] += sums[start + channel]
                squares[item, channel] += sums_of_squares[start + channel]
