"""Compiled loops of the first convolution, whose inputs are pixels: no patch and no map is stored.

Padded images
-------------
A map has ``size + 3`` rows and columns, and window ``w`` of its pool begins at row and column ``4 w - 2``.
The loops work on a *padded image*: zeros, with the image at row and column 4. A patch there that begins at
row and column ``j`` belongs to row and column ``j - 2`` of the map, so window ``w`` begins at ``4 w``, and
every window has four rows and four columns.

Some of them lie outside the map, where the pool has nothing. That changes no result: their patches are 0,
and so are those at the edge of the map, because the padding of the convolution is wider than a patch. Every
window that reaches beyond the map contains a position of its edge, hence the value of a patch of zeros
anyway; and wherever such a patch is the first with the largest value, it adds nothing to a gradient.

A winner is the position of a maximum's patch in the flat padded image.
"""

from typing import Any

import numpy as np

from wikiart.learning.fast.parallel import compiled

LANES = 16  #: maps that are computed together; constant, so that the compiler makes vectors of them


@compiled
def _padded_side(side: int) -> int:
    """Return the side of a padded image, whose maps are pooled to this side."""
    return 4 * side + 1


@compiled
def _pad(image: Any, padded: Any, width: int) -> None:
    """Copy an image (size, size * 3) into a flat padded image with ``width`` numbers in a row."""
    for row in range(len(image)):
        pixels, line = image[row], padded[(row + 4) * width + 12 :]
        for place in range(len(pixels)):
            line[place] = pixels[place]


@compiled
def convolve_and_pool(
    images: Any, weights: Any, bias: Any, lowest: Any, output: Any, winners: Any, first: int, last: int
) -> None:
    """Write the largest value of every window of a convolution's maps, and the place of its patch.

    Of equal values the first one counts, and NaN counts as larger than all, as for torch.

    Parameters
    ----------
    images : uint8 or float array (n, size, size * 3)
        To be convolved.
    weights : array (12 * LANES,)
        By row, column and channel of a patch, then by map; 0 for maps that do not exist.
    bias : array (maps,)
        Added to every value.
    lowest : float
        Smaller values become this one: 0 for a ReLU, minus infinity for none.
    output : array (n, side, side, maps)
        To be written; at most `LANES` maps.
    winners : int32 array (n, side, side, maps)
        To be written.
    first, last : int
        Range of the items.
    """
    side, maps = output.shape[2:]
    width = 3 * _padded_side(side)
    padded = np.zeros(width * _padded_side(side), output.dtype)
    best, where = np.empty(LANES, output.dtype), np.empty(LANES, np.int32)
    for item in range(first, last):
        _pad(images[item], padded, width)
        for line in range(side):
            for column in range(side):
                best[:] = -np.inf
                where[:] = 0
                for row in range(4):
                    start = (4 * line + row) * width + 12 * column
                    _four_patches(padded, start, width, weights, best, where)
                for n in range(maps):
                    output[item, line, column, n] = _at_least(lowest, best[n] + bias[n])
                    winners[item, line, column, n] = where[n]


@compiled
def _at_least(lowest: Any, value: Any) -> Any:
    """Return the larger of the two, or NaN for a value that is NaN."""
    return lowest if value < lowest else value


@compiled
def _four_patches(padded: Any, start: int, width: int, w: Any, best: Any, where: Any) -> None:
    """Keep the larger of ``best`` and the values of four neighbouring patches.

    The first patch begins at ``start``, the next ones three numbers apart. Each value is written as one
    expression over the map n, whose number is constant: so the compiler makes vectors of n and holds in
    registers what the patches share. It does so only if all pixels are read before the first value is
    written, since for all that it knows both lie in the same memory.
    """
    u, v = padded[start : start + 15], padded[start + width : start + width + 15]
    u0, u1, u2, u3, u4, u5, u6, u7 = u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7]
    u8, u9, u10, u11, u12, u13, u14 = u[8], u[9], u[10], u[11], u[12], u[13], u[14]
    v0, v1, v2, v3, v4, v5, v6, v7 = v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
    v8, v9, v10, v11, v12, v13, v14 = v[8], v[9], v[10], v[11], v[12], v[13], v[14]
    place = np.int32(start)
    for n in range(LANES):
        # 1. The weights of map n, of the patch's upper and lower row; LANES numbers lie between them.
        w0, w1, w2, w3, w4, w5 = w[n], w[n + 16], w[n + 32], w[n + 48], w[n + 64], w[n + 80]
        w6, w7, w8, w9, w10, w11 = w[n + 96], w[n + 112], w[n + 128], w[n + 144], w[n + 160], w[n + 176]
        # 2. The sums of weight times pixel.
        a = u0 * w0 + u1 * w1 + u2 * w2 + u3 * w3 + u4 * w4 + u5 * w5
        b = u3 * w0 + u4 * w1 + u5 * w2 + u6 * w3 + u7 * w4 + u8 * w5
        c = u6 * w0 + u7 * w1 + u8 * w2 + u9 * w3 + u10 * w4 + u11 * w5
        d = u9 * w0 + u10 * w1 + u11 * w2 + u12 * w3 + u13 * w4 + u14 * w5
        a = a + v0 * w6 + v1 * w7 + v2 * w8 + v3 * w9 + v4 * w10 + v5 * w11
        b = b + v3 * w6 + v4 * w7 + v5 * w8 + v6 * w9 + v7 * w10 + v8 * w11
        c = c + v6 * w6 + v7 * w7 + v8 * w8 + v9 * w9 + v10 * w10 + v11 * w11
        d = d + v9 * w6 + v10 * w7 + v11 * w8 + v12 * w9 + v13 * w10 + v14 * w11
        # 3. The largest, in the order of the patches.
        largest, origin = _larger(best[n], where[n], a, place)
        largest, origin = _larger(largest, origin, b, place + np.int32(3))
        largest, origin = _larger(largest, origin, c, place + np.int32(6))
        best[n], where[n] = _larger(largest, origin, d, place + np.int32(9))


@compiled
def _larger(largest: Any, origin: Any, value: Any, place: Any) -> tuple[Any, Any]:
    """Return ``value`` and its place if it is larger than ``largest``, else the latter and its origin."""
    larger = (value > largest) | np.isnan(value)
    return value if larger else largest, place if larger else origin


@compiled
def convolve_and_pool_one(
    images: Any, w: Any, bias: Any, lowest: Any, output: Any, winners: Any, first: int, last: int
) -> None:
    """Write what `convolve_and_pool` writes, for a single map.

    With one map to compute, vectors of neighbouring columns are faster than vectors of maps.

    Parameters
    ----------
    images, bias, lowest, output, winners, first, last
        As for `convolve_and_pool`.
    w : array (12,)
        Weights by row, column and channel of a patch.
    """
    size, side = images.shape[1], output.shape[1]
    width = _padded_side(side)
    # Columns of the four rows of a window: a whole number of vectors.
    length = (width + 15) // 16 * 16
    planes = np.zeros((3, width, length + 1), output.dtype)
    best, row_of = np.empty(length, output.dtype), np.empty(length, np.int32)
    for item in range(first, last):
        # 1. A padded image for each channel: then neighbouring columns are neighbours in memory.
        for row in range(size):
            for column in range(size):
                for channel in range(3):
                    planes[channel, row + 4, column + 4] = images[item, row, 3 * column + channel]
        for line in range(side):
            # 2. The largest value of every column within the four rows of these windows.
            best[:] = -np.inf
            row_of[:] = 0
            for row in range(4 * line, 4 * line + 4):
                _convolve_row(planes, row, w, best, row_of)
            # 3. The largest of the four columns of every window.
            _pool_columns(best, row_of, width, bias[0], lowest, output[item, line], winners[item, line])


@compiled
def _pool_columns(
    best: Any, row_of: Any, width: int, bias: Any, lowest: Any, output: Any, winners: Any
) -> None:
    """Write the largest of four columns for every window of a line, without branches.

    Of equal values the first one counts, by row and then by column.
    """
    values, places, row_length = output.reshape(-1), winners.reshape(-1), np.int32(width)
    for window in range(len(values)):
        start = 4 * window
        largest, row, column = best[start], row_of[start], np.int32(start)
        for other in range(start + 1, start + 4):
            value, other_row = best[other], row_of[other]
            wins = (value > largest) | ((value == largest) & (other_row < row)) | np.isnan(value)
            largest = value if wins else largest
            row, column = other_row if wins else row, np.int32(other) if wins else column
        values[window] = _at_least(lowest, largest + bias)
        places[window] = np.int32(3) * (row * row_length + column)


@compiled
def _convolve_row(planes: Any, row: int, w: Any, best: Any, row_of: Any) -> None:
    """Convolve one row; keep what is larger than the best of its column yet, and its row.

    The value at column i is the sum of weight times pixel over the patch with rows ``row`` and ``row + 1``
    and columns i and i + 1, written out so that the compiler makes vectors of i.
    """
    a, b, c = planes[0, row], planes[1, row], planes[2, row]
    d, e, f = planes[0, row + 1], planes[1, row + 1], planes[2, row + 1]
    w0, w1, w2, w3, w4, w5 = w[0], w[1], w[2], w[3], w[4], w[5]
    w6, w7, w8, w9, w10, w11 = w[6], w[7], w[8], w[9], w[10], w[11]
    place = np.int32(row)
    for i in range(len(best)):
        value = w0 * a[i] + w1 * b[i] + w2 * c[i] + w3 * a[i + 1] + w4 * b[i + 1] + w5 * c[i + 1]
        value = value + w6 * d[i] + w7 * e[i] + w8 * f[i] + w9 * d[i + 1] + w10 * e[i + 1] + w11 * f[i + 1]
        best[i], row_of[i] = _larger(best[i], row_of[i], value, place)


@compiled
def sum_winning_patches(
    images: Any, winners: Any, gradient: Any, output: Any, lowest: Any, sums: Any, first: int, last: int
) -> None:
    """Sum the gradients of the maxima, and the patches of the maxima, weighted by them.

    These are the gradients of the bias and of the kernel of `convolve_and_pool`.

    Parameters
    ----------
    images : uint8 or float array (n, size, size * 3)
        What was convolved.
    winners, output : arrays (n, side, side, maps)
        From `convolve_and_pool`.
    gradient : array (n, side, side, maps)
        Of ``output``. It counts where ``output`` is larger than ``lowest``.
    lowest : float
        As for `convolve_and_pool`.
    sums : array (n, maps, 13)
        To be written: the sum of the patches (row, column, channel), then that of the gradients.
    first, last : int
        Range of the items.
    """
    side, maps = winners.shape[2:]
    width = 3 * _padded_side(side)
    padded = np.zeros(width * _padded_side(side), sums.dtype)
    for item in range(first, last):
        _pad(images[item], padded, width)
        sums[item] = 0
        for line in range(side):
            for column in range(side):
                for n in range(maps):
                    passes = output[item, line, column, n] > lowest
                    slope = gradient[item, line, column, n] if passes else sums.dtype.type(0)
                    # As above, everything is read before it is written. Unsigned, the position needs no
                    # check whether it is negative.
                    start, s = np.uint64(winners[item, line, column, n]), sums[item, n]
                    u, v = padded[start : start + np.uint64(6)], padded[start + np.uint64(width) :]
                    a, b, c = s[0] + slope * u[0], s[1] + slope * u[1], s[2] + slope * u[2]
                    d, e, f = s[3] + slope * u[3], s[4] + slope * u[4], s[5] + slope * u[5]
                    g, h, i = s[6] + slope * v[0], s[7] + slope * v[1], s[8] + slope * v[2]
                    j, k, m = s[9] + slope * v[3], s[10] + slope * v[4], s[11] + slope * v[5]
                    s[0], s[1], s[2], s[3], s[4], s[5] = a, b, c, d, e, f
                    s[6], s[7], s[8], s[9], s[10], s[11] = g, h, i, j, k, m
                    s[12] += slope
