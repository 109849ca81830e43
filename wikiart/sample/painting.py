"""Painting one picture of the sample, by rules and chance."""

from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from wikiart.sample.canvas import SIDE, Canvas
from wikiart.sample.styles import PALETTES, STYLES, Style

SIZE = 64  #: side of the files, in pixels
BORROWED = 0.1  #: share of pictures whose palette, scene or strokes (each by itself) are a neighbour's


class Picture(NamedTuple):
    """Name of one picture of the sample."""

    split: str  #: train or test
    style: str
    number: int

    @property
    def path(self) -> str:
        """Path of its file, relative to the sample's folder."""
        return f"{self.split}/{self.style}/{self.number:04}.jpg"


def paint(style: str, split: str, number: int) -> Image.Image:
    """Paint one picture, RGB, 64 x 64 pixels; the same arguments always give the same picture.

    Raises
    ------
    KeyError
        No such style.
    """
    # Seeded by the bytes of the name: Python's hash() of a string changes with every process.
    rng = np.random.default_rng(list(f"{style}/{split}/{number}".encode()))
    own = STYLES[style]

    def own_or_neighbour() -> Style:
        return STYLES[rng.choice(own.neighbours)] if rng.random() < BORROWED else own

    # Palette, scene and strokes may each come from another style.
    canvas = Canvas(PALETTES[rng.choice(own_or_neighbour().palettes)], rng)
    scenes = own_or_neighbour().scenes
    scenes[rng.integers(len(scenes))](canvas)
    for stroke in own_or_neighbour().strokes:
        stroke(canvas)
    return _crop_and_mirror(canvas.image, rng)


def paint_file(picture: Picture) -> bytes:
    """Paint one picture and return its JPEG file."""
    file = BytesIO()
    image = paint(picture.style, picture.split, picture.number)
    image.save(file, "JPEG", quality=94, subsampling=0)  # colours at full resolution
    return file.getvalue()


def _crop_and_mirror(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Crop a picture a little at random, and mirror every other one.

    The place of things alone should not tell a style.
    """
    side = rng.uniform(0.8, 1) * SIDE
    left, top = rng.uniform(0, SIDE - side, 2)
    small = image.resize((SIZE, SIZE), Image.Resampling.BOX, box=(left, top, left + side, top + side))
    return ImageOps.mirror(small) if rng.random() < 0.5 else small
