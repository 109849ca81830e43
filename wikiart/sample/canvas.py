"""The canvas of the sample's pictures: a palette, a few shapes, and random numbers."""

import colorsys
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw

SIDE = 128  #: pixels drawn a side; twice the size of the file, so that edges come out smooth
TONES = np.arange(4.0)  #: places of a palette's four tones
GRID = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1) / SIDE  #: x, y of every pixel

Colour = tuple[int, int, int]
Points = Iterable[tuple[float, float]]  # 0..1 from the upper left corner


class Canvas:
    """A square picture; coordinates are shares of its side, from the top left.

    Parameters
    ----------
    palette : sequence of str
        Six hexadecimal colours: four tones from dark to light, then two accents.
    rng : numpy.random.Generator
        Source of all random choices, beginning with this picture's hue and light.
    """

    def __init__(self, palette: Sequence[str], rng: np.random.Generator):
        self.rng = rng
        hue, depth, light = rng.normal(0, 0.035), rng.uniform(0.65, 1.15), rng.uniform(0.8, 1.15)
        self.colours = np.array([_shift_colour(code, hue, depth, light) for code in palette])
        self.paint(Image.new("RGB", (SIDE, SIDE), self.tone(0.7)))

    def paint(self, image: Image.Image) -> None:
        """Continue with this picture."""
        self.image, self.draw = image, ImageDraw.Draw(image)

    def pixels(self) -> np.ndarray:
        """Return the picture as float array (SIDE, SIDE, 3), 0..255."""
        return np.asarray(self.image, float)

    def paint_pixels(self, pixels: np.ndarray) -> None:
        """Continue with these pixels, clipped to 0..255."""
        self.paint(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))

    def u(self, low: float, high: float) -> float:
        """Draw a number between ``low`` and ``high``, uniformly."""
        return self.rng.uniform(low, high)

    def repeat(self, low: int, high: int) -> range:
        """Return a range of ``low`` to ``high`` items, for a loop."""
        return range(self.rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        """Return True with a probability of ``share``, 0..1."""
        return self.rng.random() < share

    def tone(self, value: float) -> Colour:
        """Return a colour of the palette's scale, 0 dark to 1 light."""
        place = min(max(value + self.rng.normal(0, 0.04), 0), 1) * 3
        return rgb([np.interp(place, TONES, band) for band in self.colours[:4].T])

    def accent(self) -> Colour:
        """Return one of the palette's two accents."""
        return rgb(self.colours[self.rng.integers(4, 6)])

    def colour(self) -> Colour:
        """Return any of the palette's six colours."""
        return rgb(self.colours[self.rng.integers(6)])

    def skin(self) -> Colour:
        """Return the colour of skin in the light of the palette."""
        return rgb(0.6 * np.array([226, 182, 150]) * self.u(0.8, 1.1) + 0.4 * np.array(self.tone(0.9)))

    def fill(self, colour: Colour) -> None:
        """Paint the whole canvas."""
        self.draw.rectangle((0, 0, SIDE, SIDE), colour)

    def polygon(self, points: Points, colour: Colour) -> None:
        """Draw a filled polygon by its corners."""
        self.draw.polygon([(x * SIDE, y * SIDE) for x, y in points], colour)

    def line(self, points: Points, colour: Colour, width: float = 0.015) -> None:
        """Draw a line through points; ``width`` is a share of the side."""
        places = [(x * SIDE, y * SIDE) for x, y in points]
        self.draw.line(places, colour, max(1, round(width * SIDE)), "curve")

    def box(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        """Draw a rectangle by its upper left corner."""
        self.polygon([(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)], colour)

    def wedge(self, x: float, top: float, foot: float, above: float, below: float, colour: Colour) -> None:
        """Draw a trapezium, such as a roof, by its half widths ``above`` and ``below``."""
        self.polygon([(x - above, top), (x + above, top), (x + below, foot), (x - below, foot)], colour)

    def oval(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        """Draw an ellipse by its centre and half axes."""
        corners = np.array([x - wide, y - high, x + wide, y + high]) * SIDE
        self.draw.ellipse(corners.tolist(), colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Draw a circle by its centre and radius."""
        self.oval(x, y, radius, radius, colour)

    def star(self, x: float, y: float, turns: np.ndarray, reach: np.ndarray, colour: Colour) -> None:
        """Draw a polygon by the angles and distances of its corners from a centre."""
        self.polygon(zip(x + reach * np.cos(turns), y + reach * np.sin(turns), strict=True), colour)

    def fade(self, top: float, bottom: float, first: Colour, last: Colour) -> None:
        """Fill the rows from ``top`` to ``bottom``, blending from the first colour to the last."""
        upper, lower = int(top * SIDE), int(bottom * SIDE)
        shares = np.linspace(0, 1, lower + 1 - upper)[:, None]
        colours = np.array(first) + shares * np.subtract(last, first)
        column = Image.fromarray(colours[:, None].astype(np.uint8))  # one pixel wide
        self.image.paste(column.resize((SIDE, len(colours))), (0, upper))

    def hills(self, level: float, height: float, colour: Colour) -> None:
        """Draw a wavy outline at ``level``, filled down to the lower edge."""
        x = np.linspace(0, 1, 17)
        waves = sum((np.sin(x * self.u(2, 5) * k + self.u(0, 6)) / k for k in (1, 2, 3)), np.zeros(17))
        self.polygon([*zip(x, level - height * waves / 2, strict=True), (1, 1), (0, 1)], colour)


def noise(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Return a smooth random field (SIDE, SIDE) around 0, with about ``cells`` bumps a side."""
    coarse = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def rgb(values: Iterable[float]) -> Colour:
    """Return the nearest colour that a pixel can have."""
    red, green, blue = (int(min(max(v, 0), 255)) for v in values)
    return red, green, blue


def _shift_colour(code: str, hue: float, depth: float, light: float) -> list[float]:
    """Turn a hexadecimal colour's hue, and scale its saturation (depth) and value (light)."""
    h, s, v = colorsys.rgb_to_hsv(*(band / 255 for band in bytes.fromhex(code)))
    return [255 * band for band in colorsys.hsv_to_rgb((h + hue) % 1, min(s * depth, 1), min(v * light, 1))]
