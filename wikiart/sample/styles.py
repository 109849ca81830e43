"""The 27 styles of the sample, from the tables ``styles.csv`` and ``palettes.csv`` beside this file."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import yaml

from wikiart.sample import scenes, strokes
from wikiart.sample.canvas import Canvas


class Style(NamedTuple):
    """How the pictures of a style are painted, and how many images of it the study had."""

    train: int  #: training images of the study; the sample has a tenth, rounded up
    test: int  #: test images of the study, and of the sample
    palettes: list[str]  #: names of PALETTES; one is drawn for each picture, a repeated one more often
    scenes: list[Callable[[Canvas], None]]  #: one is drawn for each picture, a repeated one more often
    strokes: list[Callable[[Canvas], None]]  #: applied one after the other
    neighbours: list[str]  #: the styles it borrows from


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()))


def _style(row: dict[str, str]) -> Style:
    return Style(
        train=int(row["train"]),
        test=int(row["test"]),
        palettes=row["palettes"].split(),
        scenes=[getattr(scenes, name) for name in row["scenes"].split()],
        strokes=[_stroke(text) for text in row["strokes"].split(";") if text],
        neighbours=row["neighbours"].split(),
    )


def _stroke(text: str) -> Callable[[Canvas], None]:
    """Return the stroke that a text such as ``brush length=26 width=4`` describes."""
    name, *options = text.split()
    pairs = (option.split("=") for option in options)
    return partial(getattr(strokes, name), **{key: yaml.safe_load(value) for key, value in pairs})


#: name -> six hexadecimal colours: four tones from dark to light, then two accents
PALETTES = {row.pop("palette"): list(row.values()) for row in _rows("palettes.csv")}
STYLES = {row["style"]: _style(row) for row in _rows("styles.csv")}
