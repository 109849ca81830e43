"""Compiled loops for patches, pooling and sums, for which torch has no operation.

A loop becomes vector instructions if it runs along memory and works on few arrays, hence many small ones.
Each kernel works on the items ``first`` to ``last`` of its arrays (`parallel`).

Layout of a map
---------------
A map is what a convolution with 2 x 2 weights and padding 2 makes of an image: ``size + 3`` rows and
columns, channels last. ``max_pool2d(4, padding=2)`` has windows of four rows and columns; window ``w``
begins at column ``4 w - 2``. So column ``c`` is at place ``(c + 2) % 4`` of window ``(c + 2) // 4``.

Rows are stored by place: first the columns at place 0 of every window, then those at place 1, and so on,
each place with `slots` columns. The maximum of all windows of a row is then the maximum of four long
vectors, at places 0 to 3. Columns that are stored and lie outside the map hold 0::

    size 16      columns -2 to 21, of which 0 to 18 lie in the map
    place 0      -2  2  6 10 14 18
    place 1      -1  3  7 11 15 19
    place 2       0  4  8 12 16 20
    place 3       1  5  9 13 17 21
"""

from typing import Any

import numpy as np

from wikiart.learning.fast.parallel import compiled


def slots(size: int) -> int:
    """Return the number of columns that are stored for each place, for images of this size.

    The last column, ``size + 2``, lies in window ``(size + 4) // 4``.
    """
    return (size + 4) // 4 + 1


@compiled
def _windows_in_map(place: int, size: int) -> tuple[int, int]:
    """Return the range of windows w whose column at this place, ``4 w - 2 + place``, is in the map."""
    return (1 if place < 2 else 0), (size + 4 - place) // 4 + 1


@compiled
def unfold(images: Any, channels: int, centre: Any, top: int, patches: Any, first: int, last: int) -> None:
    """Write the 2 x 2 patches of images, less ``centre``.

    Parameters
    ----------
    images : array (n, size, size * channels)
        To be unfolded.
    channels : int
        Of the images.
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
    pair = 2 * channels  # numbers in one row of a patch
    padded = np.empty((rows + 1, channels * (size + 4)), images.dtype)
    for item in range(first, last):
        # 1. The image rows that these patches need, with padding: row r of `padded` is row top + r - 2 of
        #    the image. The patch at column c of the map begins at column c of `padded`.
        padded[:] = -centre
        for row in range(max(top, 2), min(top + rows + 1, size + 2)):
            pixels, line = images[item, row - 2], padded[row - top, pair:]
            for place in range(len(pixels)):
                line[place] = pixels[place] - centre
        # 2. For each place, zeros outside the map, and inside it the patches of every fourth column.
        for row in range(rows):
            upper, lower, line = padded[row], padded[row + 1], patches[item, row].reshape(-1)
            for place in range(4):
                begin, end = _windows_in_map(place, size)
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
def _unfold_pixels(upper: Any, lower: Any, count: int, target: Any) -> None:
    """Copy ``count`` patches of three channels, four columns apart: 6 numbers of each of two rows."""
    for number in range(count):
        p = 12 * number
        # All is read before it is written: then the compiler makes vectors.
        a, b, c, d, e, f = upper[p], upper[p + 1], upper[p + 2], upper[p + 3], upper[p + 4], upper[p + 5]
        g, h, i, j, k, m = lower[p], lower[p + 1], lower[p + 2], lower[p + 3], lower[p + 4], lower[p + 5]
        one, two = target[p:], target[p + 6 :]
        one[0], one[1], one[2], one[3], one[4], one[5] = a, b, c, d, e, f
        two[0], two[1], two[2], two[3], two[4], two[5] = g, h, i, j, k, m


@compiled
def _unfold_maps(upper: Any, lower: Any, count: int, channels: int, target: Any) -> None:
    """Copy ``count`` patches of any number of channels, four columns apart."""
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
    """Write, for each pixel, the sum of its values in four patches: the gradient of `unfold`.

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
            # Pixel (row, column) is (row + 2, column + 2) with padding: it lies in the patches that begin
            # at rows row + 1 and row + 2, and at columns column + 1 and column + 2.
            upper, lower = patches[item, row + 1], patches[item, row + 2]
            for column in range(size):
                pixel = images[item, row, column * channels : (column + 1) * channels]
                # Column c of the map is stored at (c + 2) % 4 * columns + (c + 2) // 4.
                left = (column + 3) % 4 * columns + (column + 3) // 4
                right = column % 4 * columns + (column + 4) // 4
                # It is the first pixel (0) of the patch at the lower right, the second (one) of that at
                # the lower left, the third (two) at the upper right, the fourth (three) at the upper left.
                a, b, c, d = lower[right], lower[left], upper[right], upper[left]
                for place in range(channels):
                    pixel[place] = a[place] + b[one + place] + c[two + place] + d[three + place]


@compiled
def pool(
    maps: Any, height: int, top: int, start: int, stop: int, pooled: Any, winners: Any, first: int, last: int
) -> None:
    """Write the largest value of every window, and where it stands.

    Of equal values the first one counts, and NaN counts as larger than all, as for torch.

    Parameters
    ----------
    maps : array (n, rows, 4 * slots * channels)
        Rows of maps.
    height : int
        Rows of a whole map.
    top : int
        Row of the map that ``maps`` begins with.
    start, stop : int
        Range of the rows of ``pooled`` to write, whose windows lie in ``maps``.
    pooled : array (n, side, side, channels)
        To be written.
    winners : int32 array (n, side, side, channels)
        To be written: positions in the memory of a whole map.
    first, last : int
        Range of the items.
    """
    length, (_, side, _, channels) = maps.shape[2], pooled.shape
    step = length // 4  # numbers stored for one place
    for item in range(first, last):
        for line in range(start, stop):
            best, origin = pooled[item, line].reshape(-1), winners[item, line].reshape(-1)
            best[:] = -np.inf
            origin[:] = 0
            # Row by row and place by place, so that the first of equal values stays.
            for row in range(max(0, 4 * line - 2), min(height, 4 * line + 2)):
                for place in range(4):
                    begin, end = _windows_in_map(place, height - 3)
                    begin, end = begin * channels, min(end, side) * channels
                    values = maps[item, row - top, place * step + begin : place * step + end]
                    index = row * length + place * step + begin
                    _update_maximum(best[begin:end], origin[begin:end], values, index)


@compiled
def _update_maximum(best: Any, origin: Any, values: Any, start: int) -> None:
    """Keep the larger of ``best`` and ``values``, which begin at position ``start`` of the map."""
    index = np.int32(start)
    for place in range(len(best)):
        value, largest, where = values[place], best[place], origin[place]
        larger = (value > largest) | np.isnan(value)
        best[place] = value if larger else largest
        origin[place] = index + np.int32(place) if larger else where


@compiled
def sum_values(maps: Any, total: Any, squares: Any, first: int, last: int) -> None:
    """Add the values of maps, and their squares, to sums over all positions.

    Parameters
    ----------
    maps : array (n, rows, 4 * slots * channels)
        Rows of maps; 0 outside the map.
    total, squares : float64 arrays (n, channels)
        Are added to.
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
        for start in range(0, length, channels):
            for channel in range(channels):
                total[item, channel] += sums[start + channel]
                squares[item, channel] += sums_of_squares[start + channel]
