"""Decoding one image file, of whatever a folder of images may hold, into pixels."""

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

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  #: recognized by the content, never by the suffix
JPEG = b"\xff\xd8\xff"
MAX_BYTES = 1 << 30  #: size of a file; a larger one is not read
MAX_PIXELS = 178_956_970  #: pixels decoded of one image; Pillow's own limit, 0.7 GB as RGB
LARGE = 16_000_000  #: images with more decoded pixels than this are decoded one at a time

#: ``errno`` of a path that nobody can open at any time. Others say something about this moment (the disk or
#: the network failed, the folder is away) or about this user (permission denied), not about the image.
PATH_ERRORS = (errno.ELOOP, errno.ENAMETOOLONG)

BILINEAR = Image.Resampling.BILINEAR
RESIZE: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "stretch": lambda image, side: image.resize((side, side), BILINEAR),
    "crop": lambda image, side: ImageOps.fit(image, (side, side), BILINEAR),
    "pad": lambda image, side: ImageOps.pad(image, (side, side), BILINEAR),
}

# Pillow warns of oddities (sizes, EXIF, palettes) that this module handles.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)

_large_image_lock = threading.Lock()  # bounds the memory: see LARGE


class Unreadable(ValueError):
    """A file that cannot be decoded; the message is the reason."""


@dataclass(frozen=True)
class Picture:
    """A decoded image, and properties of its file."""

    pixels: np.ndarray  #: uint8 (size, size, 3), RGB, upright
    width: int  #: of the file, in pixels
    height: int
    sha256: bytes  #: of the file's bytes
    dhash: int  #: 64 bits, 1 where a pixel of the 9 x 8 grey image is brighter than the one right of it
    thumbnail: np.ndarray  #: uint8 (192,): 8 x 8 RGB


def decode(source: Path | bytes, size: int, resize: str = "stretch") -> Picture:
    """Decode an image file.

    The image is turned upright; of several frames the first is taken; transparent parts become white.

    Parameters
    ----------
    source : Path or bytes
        A file in one of ``FORMATS``, or its bytes.
    size : int
        Side of the result in pixels.
    resize : {"stretch", "crop", "pad"}
        How an image that is not square becomes so. Default ``"stretch"``.

    Raises
    ------
    Unreadable
        The file is damaged, too large or not an image. No content of a file raises another exception.
    OSError
        The file is missing or may not be read, or the disk or the network failed: all of which says nothing
        about its content.
    """
    data = source if isinstance(source, bytes) else _read_file(source)
    try:
        with _open(data) as image:
            width, height = image.size
            image.draft("RGB", (2 * size, 2 * size))  # a large JPEG is decoded at a fraction of its size
            decoded = _check_pixels(image, width * height)
            with _large_image_lock if decoded > LARGE else nullcontext():
                picture = _to_rgb(_turn_upright(image))
                pixels = np.asarray(RESIZE[resize](picture, size))
                sha256 = hashlib.sha256(data).digest()
                return Picture(pixels, width, height, sha256, _dhash(picture), _thumbnail(picture))
    except Unreadable:
        raise
    except Exception as error:  # on damaged files Pillow's parsers raise exceptions of every type
        raise Unreadable(_reason(error)) from error


def _read_file(path: Path) -> bytes:
    """Read a file; raise Unreadable where the path, not the disk, is at fault."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # opening a pipe would block
            raise Unreadable("not a file")
        if about.st_size > MAX_BYTES:
            raise Unreadable(f"{about.st_size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:,.0f} MB are read")
        return path.read_bytes()
    except OSError as error:
        if error.errno in PATH_ERRORS:
            raise Unreadable(error.strerror) from error
        raise


def _open(data: bytes) -> Image.Image:
    """Parse the header; the pixels are decoded later."""
    if not data:
        raise Unreadable("empty")
    if data.startswith(JPEG):
        # Image.open would refuse a large image by its full size, but a draft decodes only a fraction.
        return JpegImagePlugin.JpegImageFile(BytesIO(data))
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        raise Unreadable(f"not an image ({', '.join(FORMATS)})") from error


def _check_pixels(image: Image.Image, full_pixels: int) -> int:
    """Return the number of pixels that decoding holds in memory; raise Unreadable if they are too many."""
    pixels = image.width * image.height  # after draft
    if "progressive" in image.info:  # the decoder keeps every coefficient of the full image
        pixels = full_pixels
    if pixels > MAX_PIXELS:
        raise Unreadable(f"{pixels / 1e6:,.0f} megapixels to decode; at most {MAX_PIXELS / 1e6:,.0f}")
    return pixels


def _turn_upright(image: Image.Image) -> Image.Image:
    image.load()
    with suppress(Exception):  # damaged EXIF data says nothing about the pixels
        ImageOps.exif_transpose(image, in_place=True)  # saves a copy of a large image
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert to 8-bit RGB, on white where the image is transparent."""
    if image.mode.startswith(("I", "F")):
        image = _to_eight_bits(image)
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        background = Image.new("RGB", image.size, "white")
        background.paste(rgba, mask=rgba)
        return background
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Convert a grey image of 16 bits, 32 bits or floats to 8 bits.

    Of 16 bits the upper eight are taken. The others have no agreed range: their minimum becomes 0, their
    maximum 255.
    """
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((values >> 8).astype(np.uint8))
    values = np.nan_to_num(values.astype(np.float32), copy=False, posinf=0, neginf=0)
    values.clip(-1e37, 1e37, out=values)  # so that max - min is finite in float32
    values -= values.min()
    values *= 255 / max(float(values.max()), 1e-30)
    return Image.fromarray(values.clip(0, 255, out=values).astype(np.uint8))


def _dhash(picture: Image.Image) -> int:
    """Return the difference hash: a bit for each two horizontal neighbours of a 9 x 8 grey image."""
    grey = np.asarray(picture.resize((9, 8), BILINEAR, reducing_gap=2).convert("L"))
    return int.from_bytes(np.packbits(grey[:, :-1] > grey[:, 1:]).tobytes())


def _thumbnail(picture: Image.Image) -> np.ndarray:
    """Return the picture at 8 x 8 pixels, uint8 (192,)."""
    return np.asarray(picture.resize((8, 8), BILINEAR, reducing_gap=2)).ravel()


def _reason(error: Exception) -> str:
    """Return the first line of an error's message, with the type where the message alone says little."""
    text = str(error).strip()
    if not text:
        return type(error).__name__
    first_line = text.splitlines()[0]
    if isinstance(error, (OSError, ValueError, SyntaxError, Image.DecompressionBombError)):
        return first_line
    return f"{type(error).__name__}: {first_line}"
