"""Damaged and unusual image files, each with the expected result."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

RED = (200, 30, 40)
WHITE = (255, 255, 255)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def red(mode: str = "RGB", width: int = 40, height: int = 30) -> Image.Image:
    return Image.new("RGB", (width, height), RED).convert(mode)


def photograph(width: int = 48, height: int = 36) -> Image.Image:
    """An image with structure, so that its file has many bytes."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels).resize((4 * width, 4 * height))


def half(mode: str, left: object, right: object) -> Image.Image:
    """Two colours side by side, 40 x 30."""
    image = Image.new(mode, (40, 30), right)
    image.paste(left, (0, 0, 20, 30))
    return image


def turned(orientation: int) -> bytes:
    """An image that is red above and white below after it has been turned upright by its EXIF data."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = Image.new("RGB", (32, 32), WHITE)
    upright.paste(RED, (0, 0, 32, 16))
    undo = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    return saved(upright.transpose(undo[orientation]), "PNG", exif=exif)


def jpeg(width: int, height: int, progressive: bool = False) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(saved(photograph(), "JPEG", progressive=progressive))
    frame = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def png(width: int, height: int) -> bytes:
    """A PNG of zeros of a large size, in few bytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(10_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiff(values: np.ndarray) -> bytes:
    return saved(Image.fromarray(values), "TIFF")


def with_broken_exif() -> bytes:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x03\x01\x12\0\x03\0\0\xff\xff\xff\xff"
    return saved(red(), "JPEG", exif=exif)


def coloured_in() -> Image.Image:
    """A palette of black, which stands left, and green."""
    image = half("P", 0, 1)
    image.putpalette([0, 0, 0, 0, 255, 0])
    return image


def animated(kind: str) -> bytes:
    frames = [red(), Image.new("RGB", (40, 30), "blue")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


RAMP = np.repeat(np.linspace(0, 65535, 40, dtype=np.uint16)[None], 30, 0)

#: name -> (file, colour at the left edge and at the right edge once read, within 12)
ODD: dict[str, tuple[Callable[[], bytes], tuple, tuple]] = {
    "grey.jpg": (lambda: saved(half("L", 10, 240), "JPEG"), (10,) * 3, (240,) * 3),
    "black-and-white.png": (lambda: saved(half("1", 0, 1), "PNG"), (0, 0, 0), WHITE),
    "cmyk.jpg": (lambda: saved(red("CMYK"), "JPEG"), RED, RED),
    "cmyk.tif": (lambda: saved(red("CMYK"), "TIFF"), RED, RED),
    "ycbcr.tif": (lambda: saved(red("YCbCr"), "TIFF"), RED, RED),
    "palette.png": (lambda: saved(red("P"), "PNG"), RED, RED),
    "palette.gif": (lambda: saved(red("P"), "GIF"), RED, RED),
    "palette-transparent.png": (
        lambda: saved(coloured_in(), "PNG", transparency=1),
        (0, 0, 0),
        WHITE,
    ),
    "sixteen.png": (lambda: saved(Image.fromarray(RAMP), "PNG"), (3,) * 3, (252,) * 3),
    "sixteen.tif": (lambda: tiff(RAMP), (3,) * 3, (252,) * 3),
    "sixteen-big-endian.tif": (lambda: tiff(RAMP.astype(">u2")), (3,) * 3, (252,) * 3),
    "thirty-two.tif": (lambda: tiff(RAMP.astype(np.int32) - 9), (3,) * 3, (252,) * 3),
    "float.tif": (lambda: tiff(RAMP.astype(np.float32) / 65535), (3,) * 3, (252,) * 3),
    "not-a-number.tif": (lambda: tiff(np.full((30, 40), np.nan, np.float32)), (0, 0, 0), (0, 0, 0)),
    "float-extremes.tif": (
        lambda: tiff(np.where(RAMP < 30000, -3e38, 3e38).astype(np.float32)),
        (0, 0, 0),
        WHITE,
    ),
    "alpha.png": (lambda: saved(half("RGBA", (*RED, 255), (0, 0, 0, 0)), "PNG"), RED, WHITE),
    "grey-alpha.png": (lambda: saved(half("LA", (9, 255), (9, 0)), "PNG"), (9,) * 3, WHITE),
    "alpha.webp": (
        lambda: saved(half("RGBA", (*RED, 255), (0, 0, 0, 0)), "WEBP", lossless=True),
        RED,
        WHITE,
    ),
    "transparent-colour.png": (
        lambda: saved(half("RGB", RED, (1, 2, 3)), "PNG", transparency=(1, 2, 3)),
        RED,
        WHITE,
    ),
    "exif-broken.jpg": (with_broken_exif, RED, RED),
    "animated.gif": (lambda: animated("GIF"), RED, RED),
    "animated.webp": (lambda: animated("WEBP"), RED, RED),
    "animated.png": (lambda: animated("PNG"), RED, RED),
    "pages.tif": (lambda: animated("TIFF"), RED, RED),
    "two-pictures.jpg": (
        lambda: saved(red(), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 30), "blue")]),
        RED,
        RED,
    ),
    "progressive.jpg": (lambda: saved(red(), "JPEG", progressive=True), RED, RED),
    "bitmap.bmp": (lambda: saved(red(), "BMP"), RED, RED),
    "one-pixel.png": (lambda: saved(red(width=1, height=1), "PNG"), RED, RED),
    "one-pixel.jpg": (lambda: saved(red(width=1, height=1), "JPEG"), RED, RED),
    "wide.jpg": (lambda: saved(red(width=15_530, height=50), "JPEG"), RED, RED),
    "wide-line.png": (lambda: saved(red(width=15_530, height=1), "PNG"), RED, RED),
    "high-line.png": (lambda: saved(red(width=1, height=15_530), "PNG"), RED, RED),
    "png-inside.jpg": (lambda: saved(red(), "PNG"), RED, RED),
    "jpeg-inside.png": (lambda: saved(red(), "JPEG"), RED, RED),
    "UPPER.JPG": (lambda: saved(red(), "JPEG"), RED, RED),
    "no-suffix": (lambda: saved(red(), "JPEG"), RED, RED),
    "strange.suffix": (lambda: saved(red(), "WEBP"), RED, RED),
    "bytes-after-the-end.jpg": (lambda: saved(red(), "JPEG") + b"trailing" * 99, RED, RED),
    "cafe\u0301.jpg": (lambda: saved(red(), "JPEG"), RED, RED),
    "grÃ©goire.jpg": (lambda: saved(red(), "JPEG"), RED, RED),
    "white space, 'quotes' #1 100%.jpg": (lambda: saved(red(), "JPEG"), RED, RED),
    "画家.jpg": (lambda: saved(red(), "JPEG"), RED, RED),
    "latin-\udce9.jpg": (lambda: saved(red(), "JPEG"), RED, RED),  # a byte that is no UTF-8
}

#: name -> (file, what its reason says)
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.jpg": (lambda: b"", "empty"),
    "text.jpg": (lambda: b"<html>404 Not Found</html>", "not an image"),
    "zeros.png": (lambda: bytes(1000), "not an image"),
    "drawing.jpg": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not an image"),
    "icon.png": (lambda: saved(red(), "ICO"), "not an image"),
    "truncated.jpg": (lambda: saved(photograph(), "JPEG")[:-2000], "truncated"),
    "header-alone.jpg": (lambda: saved(photograph(), "JPEG")[:200], "."),
    "three-bytes.jpg": (lambda: b"\xff\xd8\xff", "."),
    "truncated.png": (lambda: saved(photograph(), "PNG")[:-3000], "."),
    "truncated.gif": (lambda: saved(photograph().convert("P"), "GIF")[:900], "."),
    "truncated.webp": (lambda: saved(photograph(), "WEBP")[:500], "."),
    "truncated.tif": (lambda: saved(photograph(), "TIFF")[:5000], "."),
    "truncated.bmp": (lambda: saved(photograph(), "BMP")[:5000], "."),
    "checksum.png": (lambda: saved(red(), "PNG").replace(b"IHDR\0\0\0\x28", b"IHDR\0\0\0\x29"), "."),
    "no-width.jpg": (lambda: jpeg(0, 36), "."),
    "bomb.png": (lambda: png(60_000, 60_000), "exceeds limit"),
    "bomb.jpg": (lambda: jpeg(65_500, 65_500, progressive=True), "megapixels"),
}
