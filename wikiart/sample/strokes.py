"""The strokes of the sample's pictures: brush, dots, facets, outlines, light.

A stroke is a function that takes a :class:`~wikiart.sample.canvas.Canvas` with a scene on it and paints
the scene again in its own manner. Lengths are in drawn pixels, of which two make one pixel of the file.
"""

import numpy as np
from PIL import Image, ImageFilter

from wikiart.sample.canvas import GRID, SIDE, Canvas, noise


def brush(
    c: Canvas, length: float, width: float, flow: str = "loose", wild: float = 16, cover: float = 1.0
) -> None:
    """Paint separate brush strokes, each in the colour under it.

    Parameters
    ----------
    c : Canvas
        The picture to paint again.
    length, width : float
        Of a stroke, in drawn pixels.
    flow : {"loose", "swirl", "slash"}
        Directions: around a single one, along a winding field, or two that cross. Default ``"loose"``.
    wild : float
        Standard deviation of a stroke's colour, 0..255. Default 16.
    cover : float
        Area of all strokes over the area of the picture. Default 1.
    """
    count = int(cover * SIDE**2 / (length * width))
    x, y = c.rng.integers(0, SIDE, (2, count))
    colours = c.pixels()[y, x] + c.rng.normal(0, wild, (count, 1)) + c.rng.normal(0, wild / 2, (count, 3))
    angle = _FLOWS[flow](c, x, y)
    reach = length * c.rng.uniform(0.3, 0.7, count)
    dx, dy = reach * np.cos(angle), reach * np.sin(angle)
    ends = np.stack([x - dx, y - dy, x + dx, y + dy], axis=1).tolist()
    wide = max(1, round(width))
    for end, colour in zip(ends, colours.clip(0, 255).astype(int).tolist(), strict=True):
        c.draw.line(end, tuple(colour), wide)


def _loose(c: Canvas, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return c.u(0, np.pi) + c.rng.normal(0, 0.5, len(x))


def _slash(c: Canvas, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return c.u(0, np.pi) + np.pi / 2 * (c.rng.random(len(x)) < 0.4) + c.rng.normal(0, 0.15, len(x))


def _swirl(c: Canvas, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return c.u(0, np.pi) + 1.6 * noise(c.rng, 4)[y, x]


_FLOWS = {"loose": _loose, "slash": _slash, "swirl": _swirl}


def dots(c: Canvas, size: float, wild: float = 26) -> None:
    """Paint round dots of radius ``size``, side by side over a paler ground."""
    pixels, step = c.pixels(), size * 1.7
    c.paint_pixels(pixels * 0.5 + 120)
    places = np.arange(0, SIDE, step)
    x, y = (axis.ravel() for axis in np.meshgrid(places, places))
    x, y = (np.clip(axis + c.rng.normal(0, size / 3, len(x)), 0, SIDE - 1) for axis in (x, y))
    colours = pixels[y.astype(int), x.astype(int)] + c.rng.normal(0, wild, (len(x), 3))
    corners = np.stack([x - size, y - size, x + size, y + size], axis=1).tolist()
    for corner, colour in zip(corners, colours.clip(0, 255).astype(int).tolist(), strict=True):
        c.draw.ellipse(corner, tuple(colour))


def facets(c: Canvas, cuts: int, shade: float, shift: float = 0.05, edge: float = 0.0) -> None:
    """Cut the picture by straight lines, move each piece and shade it.

    Parameters
    ----------
    c : Canvas
        The picture to paint again.
    cuts : int
        Number of lines.
    shade : float
        Range of a piece's light, 0..1.
    shift : float
        Standard deviation of a move, as a share of the side. Default 0.05.
    edge : float
        Darkness of the cuts, 0..1. Default 0.
    """
    angles = c.rng.uniform(0, np.pi, cuts)
    normals = np.stack([np.cos(angles), np.sin(angles)])
    far = (GRID - 0.5) @ normals - c.rng.uniform(-0.45, 0.45, cuts)
    piece = (far > 0) @ (1 << np.arange(cuts))
    moves = c.rng.normal(0, shift, (1 << cuts, 2))
    x, y = ((GRID + moves[piece]) * SIDE).astype(int).clip(0, SIDE - 1).transpose(2, 0, 1)
    # Each piece is dark along one of the cuts, drawn at random, and lighter away from it.
    side = c.rng.integers(0, cuts, 1 << cuts)[piece]
    away = np.abs(np.take_along_axis(far, side[..., None], axis=-1)[..., 0])
    light = 1 + shade * (np.minimum(away * 3.5, 1) - 0.6 + c.rng.normal(0, 0.12, 1 << cuts)[piece])
    light = light * (1 - edge * (np.abs(far).min(axis=-1) < 0.008))
    c.paint_pixels(c.pixels()[y, x] * light[..., None])


def smooth(c: Canvas, radius: float) -> None:
    """Blur the edges, by about ``radius`` pixels."""
    c.paint(c.image.filter(ImageFilter.GaussianBlur(radius * c.u(0.6, 1.4))))


def outline(c: Canvas, strength: float = 1.0) -> None:
    """Draw dark contours around flat areas; ``strength`` 0..1."""
    edges = np.asarray(c.image.convert("L").filter(ImageFilter.FIND_EDGES))
    ink = strength * (edges > 40)
    c.paint_pixels(c.pixels() * (1 - ink[..., None]) + np.array(c.tone(0)) * ink[..., None])


def flat(c: Canvas, levels: int) -> None:
    """Reduce the picture to ``levels`` colours, as a print has."""
    inks = c.image.quantize(levels, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    c.paint(inks.convert("RGB"))


def halftone(c: Canvas, step: float) -> None:
    """Print a halftone screen: dots every ``step`` pixels, larger where the picture is dark."""
    x, y = (GRID * SIDE / step).transpose(2, 0, 1)
    screen = np.cos(np.pi * (x + y)) * np.cos(np.pi * (x - y))
    dark = 1 - np.asarray(c.image.convert("L"), float) / 255
    dot = (screen > 1.1 - 1.5 * dark)[..., None] & (noise(c.rng, 3) > -0.3)[..., None]
    c.paint_pixels(np.where(dot, np.array(c.accent()), c.pixels()))


def tenebrism(c: Canvas, depth: float, spread: float = 0.35) -> None:
    """Light one place, of radius ``spread`` (share of the side), and darken the rest by ``depth``, 0..1."""
    x, y = (GRID - c.rng.uniform(0.3, 0.65, 2)).transpose(2, 0, 1)
    light = np.exp(-((x**2 + y**2) / (2 * (spread * c.u(0.7, 1.3)) ** 2)))
    c.paint_pixels(c.pixels() * (1 - depth + depth * 1.25 * light[..., None]))


def grain(c: Canvas, strength: float) -> None:
    """Add the grain of a canvas; ``strength`` is its standard deviation in grey levels."""
    speckle = noise(c.rng, SIDE // 3) + c.rng.normal(0, 1, (SIDE, SIDE))
    c.paint_pixels(c.pixels() + strength * speckle[..., None])


def craquelure(c: Canvas, count: int) -> None:
    """Draw ``count`` fine cracks of an old varnish."""
    for _ in range(count):
        steps = c.rng.normal(0, 5, 2) + c.rng.normal(0, 2.5, (6, 2))
        walk = c.rng.uniform(0, SIDE, 2) + np.cumsum(steps, axis=0)
        c.draw.line(walk.ravel().tolist(), c.tone(0.35), 1)


def clouded(c: Canvas, depth: float, cells: int = 4) -> None:
    """Vary the light by about ``depth`` grey levels, in ``cells`` clouds a side."""
    c.paint_pixels(c.pixels() + depth * noise(c.rng, cells)[..., None])


def splash(c: Canvas, count: int) -> None:
    """Scatter about ``count`` drops of paint that run down."""
    for _ in c.repeat(count // 2, count):
        x, y, size = c.u(0, 1), c.u(0, 1), c.u(0.004, 0.02)
        colour = c.colour()
        c.oval(x, y, size, size, colour)
        c.line([(x, y), (x, y + c.u(0, 0.2))], colour, 0.008)
