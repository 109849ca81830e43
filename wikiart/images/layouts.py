"""Where the images lie: the layouts in which WikiArt is passed around, told by looking at the folder."""

import csv
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from wikiart.errors import DataError
from wikiart.images import shards

SPLITS = ("train", "test")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
BEGINNINGS = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8|RIFF....WEBP|II\*\0|MM\0\*", re.DOTALL)


class Painting(NamedTuple):
    """One image: where it is, and its style."""

    path: str  #: below the root, with forward slashes: an image file, or a parquet shard
    style: str
    row: int | None = None  #: in the shard

    @property
    def name(self) -> str:
        """The path (and row) as text that can be printed, whatever bytes the file's name has."""
        path = self.path.encode("utf-8", "backslashreplace").decode()
        return path if self.row is None else f"{path}#{self.row}"


@dataclass(frozen=True)
class Found:
    """What a layout says of a folder."""

    layout: str  #: its name, for people
    root: Path  #: that the paths stand below
    classes: tuple[str, ...]  #: styles of the training split, sorted, also those without an image
    train: tuple[Painting, ...]
    test: tuple[Painting, ...] | None = None  #: None: there is no split yet
    notes: tuple[str, ...] = ()  #: what was decided on the way


def look(root: Path) -> Found:
    """What lies in a folder, by the first layout that fits.

    Raises
    ------
    DataError
        No layout fits, or its files contradict each other.
    """
    try:
        for layout in (split_folders, parquet_shards, artgan_lists, kaggle_table, style_folders):
            if found := layout(root):
                return found
    except OSError as error:
        raise DataError(f"{error.filename or root} cannot be read ({error.strerror})") from error
    what = "is not a folder of images" if root.exists() else "does not exist"
    raise DataError(
        f"{root} {what}: expected {root}/{{train,test}}/<Style>/<image>, <Style>/<image>, "
        f"the lists style_train.csv and style_val.csv, or parquet shards"
    )


def split_folders(root: Path) -> Found | None:
    """``{train,test}/<Style>/``: the study's."""
    if not any((root / split).is_dir() for split in SPLITS):
        return None
    for split in SPLITS:
        if not (root / split).is_dir():
            raise DataError(f"{root / split} is not a folder: expected {root}/{{train,test}}/<Style>/<image>")
    classes, train = _styles(root, root / "train")
    return Found("train and test folders", root, classes, train, _styles(root, root / "test")[1])


def style_folders(root: Path) -> Found | None:
    """``<Style>/`` alone."""
    if not root.is_dir() or not _folders(root):
        return None
    return Found("style folders", root, *_styles(root, root))


def artgan_lists(root: Path) -> Found | None:
    """ArtGAN's ``style_train.csv``, ``style_val.csv`` (``Style/image.jpg,class``), near the images.

    The style is the folder that holds most images of a class: ``style_class.txt`` calls some by
    other names. An image in both lists stays in training only.
    """
    beside = [root.parent, root.parent / "wikiart_csv", root.parent / "Style"]
    for lists in (root, *_folders(root), *beside):
        if (lists / "style_train.csv").is_file():
            break
    else:
        return None
    rows = {
        split: _rows(lists / f"style_{name}.csv") for split, name in (("train", "train"), ("test", "val"))
    }
    base = _holder(rows["train"][0][0].split("/")[0], root, lists)
    if base is None or not (lists.is_relative_to(root) or base.is_relative_to(root)):
        return None  # lists of other images
    styles = _named(rows["train"] + rows["test"], lists)
    listed = {name for name, _ in rows["train"]}
    both = sum(name in listed for name, _ in rows["test"])
    files = Files(base, dict.fromkeys(name.split("/")[0] for name, _ in rows["train"] + rows["test"]))
    train = tuple(Painting(files.find(name), styles[number]) for name, number in rows["train"])
    test = tuple(
        Painting(files.find(name), styles[number]) for name, number in rows["test"] if name not in listed
    )
    notes = (f"{both} images in both lists stay in training only",) if both else ()
    classes = tuple(sorted({painting.style for painting in train}))
    return Found(f"ArtGAN's lists in {lists}", base, classes, train, test, notes)


def kaggle_table(root: Path) -> Found | None:
    """Style folders with Kaggle's ``classes.csv``: its column ``subset`` is the split, if it has one."""
    path = root / "classes.csv"
    if not path.is_file():
        return None
    rows = list(csv.DictReader(_text(path).splitlines()))
    if not rows or "filename" not in rows[0]:
        raise DataError(f"{path} has no column filename: restore it, or remove it to take all style folders")
    files = Files(root, dict.fromkeys(row["filename"].split("/")[0] for row in rows))
    parts: dict[str, list[Painting]] = {}
    for row in rows:
        style = unicodedata.normalize("NFC", row["filename"].split("/")[0])
        parts.setdefault(row.get("subset") or "", []).append(Painting(files.find(row["filename"]), style))
    if "train" in parts and "test" in parts:
        left = {name or "none": len(rows) for name, rows in parts.items() if name not in SPLITS}
        notes = tuple(f"{count} of subset {name} left out" for name, count in left.items())
        train, test = (tuple(parts[split]) for split in SPLITS)
    else:
        train, test, notes = tuple(painting for part in parts.values() for painting in part), None, ()
    classes = tuple(sorted({painting.style for painting in train}))
    return Found("Kaggle's classes.csv", root, classes, train, test, notes)


def parquet_shards(root: Path) -> Found | None:
    """huggan/wikiart's ``*.parquet`` with ``image`` and ``style``, also in ``data/``."""
    files = sorted(path for folder in (root, root / "data") for path in folder.glob("*.parquet"))
    if not files:
        return None
    parts: dict[str, list[Painting]] = {"train": [], "test": []}
    unknown = 0
    for file in files:
        split = "test" if file.name.startswith(("test", "validation")) else "train"
        path = file.relative_to(root).as_posix()
        try:
            styles = shards.styles(file)
        except ValueError as error:
            raise DataError(f"{file} cannot be used ({error}): fetch it again, or remove it") from error
        parts[split] += [Painting(path, style, row) for row, style in enumerate(styles) if style]
        unknown += sum(not style for style in styles)
    notes = (f"{unknown} rows without a style left out",) if unknown else ()
    classes = tuple(sorted({painting.style for painting in parts["train"]}))
    train, test = (tuple(parts[split]) for split in SPLITS)
    return Found(f"{len(files)} parquet shards", root, classes, train, test or None, notes)


class Files:
    """The image files of some folders, found by name in either spelling.

    Names went through more than one encoding on their way: the list says ``grã©goire`` where the
    disk has ``grégoire``, or the other way round, composed or decomposed.
    """

    def __init__(self, root: Path, folders: dict[str, None]):
        found = (
            path for folder in folders if (root / folder).is_dir() for path in images(root, root / folder)
        )
        self._exact = dict.fromkeys(found)
        self._plain: dict[str, str] = {}

    def find(self, name: str) -> str:
        """The path of a listed image; the name itself if there is none, which reading it will say."""
        if name in self._exact:
            return name
        if not self._plain:
            self._plain = {plain(path): path for path in reversed(self._exact)}
        return self._plain.get(plain(name), name)


def plain(name: str) -> str:
    """A spelling that names share which differ in case, Unicode form, or by UTF-8 read as Latin-1."""

    def undone(match: re.Match) -> str:
        lead, rest = match[0]
        try:
            byte = rest.encode("cp1252")
        except UnicodeEncodeError:
            byte = rest.encode("latin-1")
        return (lead.upper().encode("latin-1") + byte).decode("utf-8", "replace")

    composed = unicodedata.normalize("NFC", name)
    # Lead bytes C2 to C5, which a lower-cased name shows as â to å; then any byte from 80 to BF.
    return unicodedata.normalize("NFC", re.sub(f"[Â-Åâ-å]{_CONTINUED}", undone, composed)).casefold()


_CONTINUED = (
    f"[{''.join({*map(chr, range(0x80, 0xC0)), *bytes(range(0x80, 0xC0)).decode('cp1252', 'ignore')})}]"
)


def images(root: Path, folder: Path) -> list[str]:
    """The images below a folder at any depth, sorted, as paths below the root.

    A file is taken for one by its suffix, or else by its first bytes. Hidden files and folders
    are left alone; links are followed, but not round in circles.
    """
    above = tuple(map(str, folder.resolve().parents))
    return sorted(Path(path).relative_to(root).as_posix() for path in _walk(folder, above))


def _walk(folder: str | Path, above: tuple[str, ...]) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in above:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if _hidden(entry.name):
                continue
            if entry.is_dir():
                yield from _walk(entry.path, (*above, real))
            elif Path(entry.name).suffix.lower() in SUFFIXES or _begins_as_image(entry):
                yield entry.path


def _begins_as_image(entry: os.DirEntry) -> bool:
    try:
        if not entry.is_file():
            return False
        with Path(entry.path).open("rb") as file:
            return bool(BEGINNINGS.match(file.read(12)))
    except OSError:
        return False


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not _hidden(p.name)) if root.is_dir() else []


def _styles(root: Path, folder: Path) -> tuple[tuple[str, ...], tuple[Painting, ...]]:
    """Style names, and the images of each in turn."""
    named = [(unicodedata.normalize("NFC", style.name), style) for style in _folders(folder)]
    found = [Painting(path, name) for name, style in named for path in images(root, style)]
    return tuple(sorted({name for name, _ in named})), tuple(found)


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _rows(path: Path) -> list[tuple[str, str]]:
    """``name,class`` lines of a list without a header."""
    if not path.is_file():
        raise DataError(f"{path} is missing beside its companion list: fetch ArtGAN's wikiart_csv again")
    cut = [line.rpartition(",") for line in _text(path).splitlines() if line.strip()]
    rows = [(name.strip().strip('"'), number.strip()) for name, _, number in cut]
    if bad := [number for name, number in rows if not number.isdigit() or "/" not in name]:
        raise DataError(
            f"{path}: expected lines such as Impressionism/claude-monet_x.jpg,12, found {bad[0]!r}"
        )
    if not rows:
        raise DataError(f"{path} is empty: fetch ArtGAN's wikiart_csv again")
    return rows


def _holder(style: str, root: Path, lists: Path) -> Path | None:
    """The folder that the listed names stand below."""
    near = (root, lists, *_folders(root), *_folders(lists))
    return next((folder for folder in near if (folder / style).is_dir()), None)


def _named(rows: list[tuple[str, str]], lists: Path) -> dict[str, str]:
    """Class number -> the folder with most of its images; checked against ``style_class.txt``."""
    count = Counter((number, name.split("/")[0]) for name, number in rows)
    styles: dict[str, str] = {}
    for (number, style), _ in count.most_common():
        styles.setdefault(number, style)
    path = lists / "style_class.txt"
    for line in _text(path).splitlines() if path.is_file() else ():
        number, _, name = line.strip().partition(" ")
        if name.strip() != styles.get(number, name.strip()) and name.strip() in styles.values():
            raise DataError(
                f"{path} calls class {number} {name.strip()}, but its images lie in {styles[number]}: "
                f"the lists are of different versions; fetch ArtGAN's wikiart_csv again"
            )
    return {number: unicodedata.normalize("NFC", style) for number, style in styles.items()}
