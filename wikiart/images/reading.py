"""One image file into pixels: whatever stands in a folder of images, or a reason why not."""

import errno
import hashlib
import logging
import stat
import threading
import warnings
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, JpegImagePlugin

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # told by the content, never by the suffix
JPEG = b"\xff\xd8\xff"
MAX_BYTES = 1 << 30  #: of a file; a larger one is not read
MAX_PIXELS = 178_956_970  #: that may be decoded of one image; Pillow's own limit, 0.7 GB as RGB
LARGE = 16_000_000  #: images with more decoded pixels than this are decoded one at a time

OF_THE_FILE = (errno.ENOENT, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENAMETOOLONG)

BILINEAR = Image.Resampling.BILINEAR
RESIZE: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "stretch": lambda image, side: image.resize((side, side), BILINEAR),
    "crop": lambda image, side: ImageOps.fit(image, (side, side), BILINEAR),
    "pad": lambda image, side: ImageOps.pad(image, (side, side), BILINEAR),
}

# Oddities that Pillow remarks on (sizes, EXIF, palettes) are dealt with here.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)

_one_large_at_a_time = threading.Lock()


class Unreadable(ValueError):
    """No picture can be had of a file; the message is the reason."""


@dataclass(frozen=True)
class Picture:
    """An image as the networks see it, and what was seen on the way."""

    pixels: np.ndarray  #: uint8 (size, size, 3), RGB, upright
    width: int  #: of the file, in pixels
    height: int
    sha256: bytes  #: of the file's bytes
    dhash: int  #: 64 bits: is a pixel of the 9 x 8 grey image brighter than its right neighbour?
    thumbnail: np.ndarray  #: uint8 (192,): 8 x 8 RGB


def read(source: Path | bytes, size: int, resize: str = "stretch") -> Picture:
    """Read an image, turned upright, its first frame if it has several, on white where it is transparent.

    Parameters
    ----------
    source : Path or bytes
        A file in one of ``FORMATS``, or what such a file holds.
    size : int
        Side of the result in pixels.
    resize : {"stretch", "crop", "pad"}
        How an image that is not square becomes so. Default ``"stretch"``.

    Raises
    ------
    Unreadable
        No other exception comes of what a file holds.
    OSError
        The disk or the network failed, which says nothing about the file.
    """
    data = source if isinstance(source, bytes) else _content(source)
    try:
        with _open(data) as image:
            width, height = image.size
            image.draft("RGB", (2 * size, 2 * size))  # a large JPEG is decoded at a fraction of its size
            decoded = _decoded_pixels(image, width * height)
            with _one_large_at_a_time if decoded > LARGE else nullcontext():
                picture = _rgb(_upright(image))
                pixels = np.asarray(RESIZE[resize](picture, size))
                sha256 = hashlib.sha256(data).digest()
                return Picture(pixels, width, height, sha256, _dhash(picture), _thumbnail(picture))
    except Unreadable:
        raise
    except Exception as error:  # what Pillow's parsers stumble over in damaged files is of every type
        raise Unreadable(_reason(error)) from error


def _content(path: Path) -> bytes:
    try:
        if path.is_symlink() and not path.exists():
            raise Unreadable("a link that leads nowhere")
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # opening a pipe would wait for ever
            raise Unreadable("not a file")
        if about.st_size > MAX_BYTES:
            raise Unreadable(f"{about.st_size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:,.0f} MB are read")
        return path.read_bytes()
    except OSError as error:
        if error.errno in OF_THE_FILE:
            raise Unreadable(error.strerror) from error
        raise


def _open(data: bytes) -> Image.Image:
    """Parse the header alone."""
    if not data:
        raise Unreadable("empty")
    if data.startswith(JPEG):
        # Not by Image.open: it refuses by the full size, of which a draft decodes a fraction.
        return JpegImagePlugin.JpegImageFile(BytesIO(data))
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        raise Unreadable(f"not an image ({', '.join(FORMATS)})") from error


def _decoded_pixels(image: Image.Image, full: int) -> int:
    """How many pixels are held while decoding, by the header; refused if too many."""
    pixels = image.width * image.height  # after draft
    if "progressive" in image.info:  # the decoder keeps every coefficient of the full image
        pixels = full
    if pixels > MAX_PIXELS:
        raise Unreadable(f"{pixels / 1e6:,.0f} megapixels to decode; at most {MAX_PIXELS / 1e6:,.0f}")
    return pixels


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    with suppress(Exception):  # EXIF that cannot be read says nothing about the picture
        ImageOps.exif_transpose(image, in_place=True)  # no copy of what may be large
    return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    if image.has_transparency_data:
        ink = image if image.mode == "RGBA" else image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(ink, mask=ink)
        return paper
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits by the upper eight; of 32 bits or floats, whose range none agrees on, min to max."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((values >> 8).astype(np.uint8))
    values = np.nan_to_num(values.astype(np.float32), copy=False, posinf=0, neginf=0)
    values.clip(-1e37, 1e37, out=values)  # so that their range is a float as well
    values -= values.min()
    values *= 255 / max(float(values.max()), 1e-30)
    return Image.fromarray(values.clip(0, 255, out=values).astype(np.uint8))


def _dhash(picture: Image.Image) -> int:
    grey = np.asarray(picture.resize((9, 8), BILINEAR, reducing_gap=2).convert("L"))
    return int.from_bytes(np.packbits(grey[:, :-1] > grey[:, 1:]).tobytes())


def _thumbnail(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((8, 8), BILINEAR, reducing_gap=2)).ravel()


def _reason(error: Exception) -> str:
    told = isinstance(error, (OSError, ValueError, SyntaxError, Image.DecompressionBombError))
    text = str(error)
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    return first if told else f"{type(error).__name__}: {first}"
