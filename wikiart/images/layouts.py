"""The layouts in which WikiArt is distributed, recognized by the files in a folder."""

import csv
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from wikiart.errors import DataError
from wikiart.images import shards
from wikiart.images.files import ListedFiles, image_paths, subfolders
from wikiart.images.names import printable

SPLITS = ("train", "test")


class Painting(NamedTuple):
    """An image of the data set: its place and its style."""

    path: str  #: relative to the root, with forward slashes: an image file or a parquet shard
    style: str
    row: int | None = None  #: row of the shard

    @property
    def name(self) -> str:
        """The path (and row) as text that can be printed, whatever bytes the file's name consists of."""
        path = printable(self.path)
        return path if self.row is None else f"{path}#{self.row}"


@dataclass(frozen=True)
class Listing:
    """The images of a folder, as its layout lists them."""

    layout: str  #: name of the layout, for messages
    root: Path  #: folder that the paths are relative to
    classes: tuple[str, ...]  #: styles of the training split, sorted, also those without an image
    train: tuple[Painting, ...]
    test: tuple[Painting, ...] | None = None  #: None if the layout has no split
    notes: tuple[str, ...] = ()  #: images left out and similar decisions, for messages


def recognize(root: Path) -> Listing:
    """List the images of a folder by the first layout that fits.

    Raises
    ------
    DataError
        No layout fits, or its files contradict each other.
    """
    try:
        for layout in (split_folders, parquet_shards, artgan_lists, kaggle_table, style_folders):
            if listing := layout(root):
                return listing
    except OSError as error:
        raise DataError(f"{error.filename or root} cannot be read ({error.strerror})") from error
    problem = "is not a folder of images" if root.exists() else "does not exist"
    raise DataError(
        f"{root} {problem}: expected {root}/{{train,test}}/<Style>/<image>, <Style>/<image>, "
        f"the lists style_train.csv and style_val.csv, or parquet shards"
    )


def split_folders(root: Path) -> Listing | None:
    """List the study's layout, ``{train,test}/<Style>/``; return None if there is neither folder."""
    if not any((root / split).is_dir() for split in SPLITS):
        return None
    for split in SPLITS:
        if not (root / split).is_dir():
            raise DataError(f"{root / split} is not a folder: expected {root}/{{train,test}}/<Style>/<image>")
    classes, train = _styles(root, root / "train")
    return Listing("train and test folders", root, classes, train, _styles(root, root / "test")[1])


def style_folders(root: Path) -> Listing | None:
    """List folders ``<Style>/`` without splits; return None if there are none."""
    if not root.is_dir() or not subfolders(root):
        return None
    return Listing("style folders", root, *_styles(root, root))


def artgan_lists(root: Path) -> Listing | None:
    """List ArtGAN's ``style_train.csv`` and ``style_val.csv`` (lines ``Style/image.jpg,class``).

    The lists may lie in the image folder, in a folder of it or beside it. A class is called like the
    folder with most of its images, since ``style_class.txt`` has other names for some. An image in both
    lists stays in training only. Returns None if there are no such lists of these images.
    """
    beside = [root.parent, root.parent / "wikiart_csv", root.parent / "Style"]
    for lists in (root, *subfolders(root), *beside):
        if (lists / "style_train.csv").is_file():
            break
    else:
        return None
    train_rows, test_rows = (_read_rows(lists / f"style_{name}.csv") for name in ("train", "val"))
    base = _folder_with(train_rows[0][0].split("/")[0], root, lists)
    if base is None or not (lists.is_relative_to(root) or base.is_relative_to(root)):
        return None  # lists of other images
    rows = train_rows + test_rows
    styles = _style_names(rows, lists)
    files = ListedFiles(base, (name.split("/")[0] for name, _ in rows))
    train_names = {name for name, _ in train_rows}
    train = tuple(Painting(files.find(name), styles[number]) for name, number in train_rows)
    test = tuple(
        Painting(files.find(name), styles[number]) for name, number in test_rows if name not in train_names
    )
    both = len(test_rows) - len(test)
    notes = (f"in both lists, so kept in training only: {both:,}",) if both else ()
    classes = tuple(sorted({painting.style for painting in train}))
    return Listing(f"ArtGAN's lists in {lists}", base, classes, train, test, notes)


def kaggle_table(root: Path) -> Listing | None:
    """List style folders by Kaggle's ``classes.csv``; return None if there is none.

    Its column ``subset`` is the split, if it has one.

    Raises
    ------
    DataError
        The table has no rows or no column ``filename``, or a name leads out of the folder.
    """
    path = root / "classes.csv"
    if not path.is_file():
        return None
    table = csv.DictReader(_read_text(path).splitlines())
    rows = []
    if "filename" in (table.fieldnames or ()):
        rows = [{**row, "filename": _check_name(path, table.line_num, row["filename"])} for row in table]
    if not rows:
        raise DataError(f"{path} has no column filename: restore it, or remove it to take all style folders")
    files = ListedFiles(root, (row["filename"].split("/")[0] for row in rows))
    subsets: dict[str, list[Painting]] = {}
    for row in rows:
        style = unicodedata.normalize("NFC", row["filename"].split("/")[0])
        subsets.setdefault(row.get("subset") or "", []).append(Painting(files.find(row["filename"]), style))
    if "train" in subsets and "test" in subsets:
        unused = {name or "none": len(items) for name, items in subsets.items() if name not in SPLITS}
        notes = tuple(f"{count} of subset {name} left out" for name, count in unused.items())
        train, test = (tuple(subsets[split]) for split in SPLITS)
    else:
        train, test, notes = tuple(painting for items in subsets.values() for painting in items), None, ()
    classes = tuple(sorted({painting.style for painting in train}))
    return Listing("Kaggle's classes.csv", root, classes, train, test, notes)


def parquet_shards(root: Path) -> Listing | None:
    """List ``*.parquet`` files as of huggan/wikiart, with columns ``image`` and ``style``.

    They lie in the folder or in its ``data/``. Returns None if there are none.

    Raises
    ------
    DataError
        A file is no such table.
    """
    files = sorted(path for folder in (root, root / "data") for path in folder.glob("*.parquet"))
    if not files:
        return None
    splits: dict[str, list[Painting]] = {"train": [], "test": []}
    unknown = 0
    for file in files:
        split = "test" if file.name.startswith(("test", "validation")) else "train"
        path = file.relative_to(root).as_posix()
        try:
            styles = shards.styles(file)
        except ValueError as error:
            raise DataError(f"{file} cannot be used ({error}): fetch it again, or remove it") from error
        splits[split] += [Painting(path, style, row) for row, style in enumerate(styles) if style]
        unknown += sum(not style for style in styles)
    notes = (f"left out, for want of a style: {unknown:,}",) if unknown else ()
    classes = tuple(sorted({painting.style for painting in splits["train"]}))
    train, test = (tuple(splits[split]) for split in SPLITS)
    return Listing(f"parquet shards ({len(files)})", root, classes, train, test or None, notes)


def _styles(root: Path, folder: Path) -> tuple[tuple[str, ...], tuple[Painting, ...]]:
    """Return the style names, sorted, and the paintings of one style folder after the other."""
    folders = [(unicodedata.normalize("NFC", style.name), style) for style in subfolders(folder)]
    paintings = [Painting(path, name) for name, style in folders for path in image_paths(root, style)]
    return tuple(sorted({name for name, _ in folders})), tuple(paintings)


def _read_text(path: Path) -> str:
    """Read a text file in UTF-8 or, failing that, in Latin-1."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _read_rows(path: Path) -> list[tuple[str, str]]:
    """Read the lines ``name,class`` of a list without a header."""
    if not path.is_file():
        raise DataError(f"{path} is missing beside its companion list: fetch ArtGAN's wikiart_csv again")
    lines = _read_text(path).splitlines()
    parts = [(line, *text.rpartition(",")) for line, text in enumerate(lines, 1) if text.strip()]
    rows = [(line, name.strip().strip('"'), number.strip()) for line, name, _, number in parts]
    if bad := [number for _, name, number in rows if not number.isdigit() or "/" not in name]:
        raise DataError(
            f"{path}: expected lines such as Impressionism/claude-monet_x.jpg,12, found {bad[0]!r}"
        )
    if not rows:
        raise DataError(f"{path} is empty: fetch ArtGAN's wikiart_csv again")
    return [(_check_name(path, line, name), number) for line, name, number in rows]


def _check_name(path: Path, line: int, name: str | None) -> str:
    """Return a name that a list has in this line, unless it leads out of the image folder.

    A name that stays inside may still be a link to elsewhere, which only the folder's owner can set.

    Raises
    ------
    DataError
        It leads out of the folder, or is no path.
    """
    if not name or "\0" in name or name.startswith("/") or ".." in name.split("/"):
        raise DataError(
            f"{path}, line {line}: {name!r} is no path inside the image folder: correct or remove the line"
        )
    return name


def _folder_with(style: str, root: Path, lists: Path) -> Path | None:
    """Return the folder that has this style folder; None if there is none near the lists."""
    near = (root, lists, *subfolders(root), *subfolders(lists))
    return next((folder for folder in near if (folder / style).is_dir()), None)


def _style_names(rows: list[tuple[str, str]], lists: Path) -> dict[str, str]:
    """Return for each class number the folder with most of its images.

    Raises
    ------
    DataError
        ``style_class.txt`` gives a class the name of another one's folder.
    """
    counts = Counter((number, name.split("/")[0]) for name, number in rows)
    styles: dict[str, str] = {}
    for (number, style), _ in counts.most_common():
        styles.setdefault(number, style)
    path = lists / "style_class.txt"
    for line in _read_text(path).splitlines() if path.is_file() else ():
        number, _, name = line.strip().partition(" ")
        if name.strip() != styles.get(number, name.strip()) and name.strip() in styles.values():
            raise DataError(
                f"{path} calls class {number} {name.strip()}, but its images lie in {styles[number]}: "
                f"the lists are of different versions; fetch ArtGAN's wikiart_csv again"
            )
    return {number: unicodedata.normalize("NFC", style) for number, style in styles.items()}
