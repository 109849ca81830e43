"""Image files below a folder, and their names in lists that went through other encodings."""

import errno
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
#: first bytes of JPEG, PNG, GIF, WebP and TIFF files
SIGNATURES = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8|RIFF....WEBP|II\*\0|MM\0\*", re.DOTALL)

# The characters that a byte from 80 to BF becomes in Latin-1 or in Windows-1252.
_CONTINUATION = (
    f"[{''.join({*map(chr, range(0x80, 0xC0)), *bytes(range(0x80, 0xC0)).decode('cp1252', 'ignore')})}]"
)
# A letter of UTF-8 read as Latin-1: a lead byte C2 to C5, which a lower-cased name shows as â to å, and
# one further byte.
_MOJIBAKE = re.compile(f"[Â-Åâ-å]{_CONTINUATION}")


def image_paths(root: Path, folder: Path) -> list[str]:
    """List the images below a folder at any depth, sorted, as paths relative to ``root``.

    A file counts as an image by its suffix, or else by its first bytes. Hidden files and folders
    are ignored; links are followed, except for those that lead back to a folder above.
    """
    ancestors = tuple(map(str, folder.resolve().parents))
    return sorted(Path(path).relative_to(root).as_posix() for path in _walk(folder, ancestors))


def subfolders(root: Path) -> list[Path]:
    """List the folders in a folder that are not hidden, sorted; none if it is no folder."""
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and not _is_hidden(path.name))


class ListedFiles:
    """The image files of some folders, found by names in either spelling.

    The names in a list may have gone through other encodings than those on the disk: the list says
    ``grã©goire`` where the disk has ``grégoire``, or the reverse, composed or decomposed.

    Parameters
    ----------
    root : Path
        Folder that the names are relative to.
    folders : iterable of str
        Folders below it that hold the images.
    """

    def __init__(self, root: Path, folders: Iterable[str]):
        existing = dict.fromkeys(folder for folder in folders if (root / folder).is_dir())
        self._paths = dict.fromkeys(path for folder in existing for path in image_paths(root, root / folder))
        self._by_normal_form: dict[str, str] = {}

    def find(self, name: str) -> str:
        """Return the path of a listed image, or the name itself if there is no such file.

        A missing file is reported when it is read.
        """
        if name in self._paths:
            return name
        if not self._by_normal_form:  # reversed: of several files of one form the first one stays
            self._by_normal_form = {normal_form(path): path for path in reversed(self._paths)}
        return self._by_normal_form.get(normal_form(name), name)


def normal_form(name: str) -> str:
    """Return one spelling for names that differ in case, in Unicode form, or by UTF-8 read as Latin-1."""

    def repair(match: re.Match) -> str:
        lead, rest = match[0]
        try:
            byte = rest.encode("cp1252")
        except UnicodeEncodeError:
            byte = rest.encode("latin-1")
        return (lead.upper().encode("latin-1") + byte).decode("utf-8", "replace")

    composed = unicodedata.normalize("NFC", name)
    return unicodedata.normalize("NFC", _MOJIBAKE.sub(repair, composed)).casefold()


def _walk(folder: str | Path, ancestors: tuple[str, ...]) -> Iterator[str]:
    """Yield the images below a folder; ``ancestors`` are the real paths of the folders above."""
    real = os.path.realpath(folder)
    if real in ancestors:  # a link that leads in a circle
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_hidden(entry.name):
                continue
            if _is_folder(entry):
                yield from _walk(entry.path, (*ancestors, real))
            elif Path(entry.name).suffix.lower() in SUFFIXES or _has_signature(entry):
                yield entry.path


def _is_folder(entry: os.DirEntry) -> bool:
    """Return False for a link that leads back to itself as well: an image by its suffix, or nothing."""
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return False


def _has_signature(entry: os.DirEntry) -> bool:
    try:
        if not entry.is_file():
            return False
        with Path(entry.path).open("rb") as file:
            return bool(SIGNATURES.match(file.read(12)))
    except OSError:
        return False


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
