"""Generating the sample: pictures painted by rules and chance, the same on every machine."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from wikiart.cache.atomic import atomic_folder
from wikiart.cache.checksums import is_intact, seal
from wikiart.cache.folder import Cache
from wikiart.sample.canvas import SIDE, Canvas
from wikiart.sample.styles import PALETTES, STYLES, Style

VERSION = 1  #: raise with every change that alters a pixel: users then get a new folder
SIZE = 64  #: side of the files, in pixels
BORROWED = 0.1  #: share of pictures whose palette, scene or strokes (each by itself) are a neighbour's


def image_counts(split: str) -> dict[str, int]:
    """Return the number of images of each style in ``train`` or ``test``."""
    if split == "test":
        return {name: style.test for name, style in STYLES.items()}
    return {name: math.ceil(style.train / 10) for name, style in STYLES.items()}


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


def _crop_and_mirror(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Crop a picture a little at random, and mirror every other one.

    The place of things alone should not tell a style.
    """
    side = rng.uniform(0.8, 1) * SIDE
    left, top = rng.uniform(0, SIDE - side, 2)
    small = image.resize((SIZE, SIZE), Image.Resampling.BOX, box=(left, top, left + side, top + side))
    return ImageOps.mirror(small) if rng.random() < 0.5 else small


def generate(root: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> Path:
    """Paint the sample and return its folder; if it exists and is intact, only return it.

    Parameters
    ----------
    root : Path
        The cache folder; created if missing.
    progress : callable
        Called after each image with the number of images done and of all images.

    Returns
    -------
    Path
        ``root/sample-v<VERSION>``, with ``{train,test}/<Style>/<number>.jpg``. The same versions of
        numpy and Pillow write the same bytes. It appears whole or not at all.

    Raises
    ------
    OSError
        ``root`` cannot be written.
    """
    folder = Cache(root).sample(VERSION)
    if not is_intact(folder):
        with atomic_folder(folder) as scratch:
            _paint_all(scratch, progress)
            seal(scratch, folder.name)
    return folder


def _paint_all(folder: Path, progress: Callable[[int, int], None]) -> None:
    """Write ``{train,test}/<Style>/<number>.jpg`` below a folder."""
    pieces = [
        (split, style, number)
        for split in ("train", "test")
        for style, count in image_counts(split).items()
        for number in range(count)
    ]
    for done, (split, style, number) in enumerate(pieces, 1):
        path = folder / split / style / f"{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        paint(style, split, number).save(path, quality=94, subsampling=0)  # colours at full resolution
        progress(done, len(pieces))
