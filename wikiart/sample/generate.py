"""Generating the sample: a folder of pictures painted by rules and chance, the same on every machine."""

import math
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from wikiart.cache.atomic import atomic_folder
from wikiart.cache.checksums import is_intact, seal
from wikiart.cache.folder import Cache
from wikiart.sample.painting import Picture
from wikiart.sample.parallel import paint_files
from wikiart.sample.styles import STYLES

VERSION = 1  #: raise with every change that alters a pixel: users then get a new folder


def image_counts(split: str) -> dict[str, int]:
    """Return the number of images of each style in ``train`` or ``test``."""
    if split == "test":
        return {name: style.test for name, style in STYLES.items()}
    return {name: math.ceil(style.train / 10) for name, style in STYLES.items()}


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
    wikiart.errors.DataError
        A process that painted was killed.
    """
    folder = Cache(root).sample(VERSION)
    if not is_intact(folder):
        with atomic_folder(folder) as scratch:
            _paint_all(scratch, progress)
            seal(scratch, folder.name)
    return folder


def _paint_all(folder: Path, progress: Callable[[int, int], None]) -> None:
    """Write ``{train,test}/<Style>/<number>.jpg`` below a folder."""
    pictures = [
        Picture(split, style, number)
        for split in ("train", "test")
        for style, count in image_counts(split).items()
        for number in range(count)
    ]
    with closing(paint_files(pictures)) as files:
        for done, (picture, content) in enumerate(zip(pictures, files, strict=True), 1):
            path = folder / picture.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            progress(done, len(pictures))
