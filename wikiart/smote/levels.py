"""The levels of SMOTE: how many images each class has after resampling."""

from collections.abc import Mapping, Sequence

import numpy as np
import psutil
import yaml

from wikiart.smote.spelling import level_file, split_level

STUDY_SHARE = 200 / 2269  #: the study's final threshold over its largest class
RECIPE_BYTES = 64  #: of memory for each synthetic image while recipes are drawn; 60 were measured

Level = str | Mapping[str, int]  #: see `planned_counts`


def planned_counts(level: Level, labels: np.ndarray, styles: Sequence[str] = ()) -> dict[int, int]:
    """Return the number of images of every class after resampling.

    Parameters
    ----------
    level : str or mapping
        ``off``: as they are. ``on``: the study's final rule, every class to at least 200/2269 of the
        largest (200 images on the study's data). An integer, as text: every class to at least that
        many. ``auto``: every class to the largest. A mapping of style to number of images, or the
        path of a ``.json`` or ``.yaml`` file with one: those styles to at least that many. With
        ``copy:`` before it, the same; ``copy`` is ``copy:on``.
    labels : int array (n,)
        Class of each image, 0 or more.
    styles : sequence of str
        Names of the classes in their order; needed for a mapping. Default none.

    Returns
    -------
    dict of int to int
        For every class from 0 to the last of ``labels`` or ``styles``. A class without images stays
        at 0: there is nothing to blend.

    Raises
    ------
    ValueError
        The level is none of these, a mapping names a style that is not in ``styles``, or the synthetic
        images are too many for the free memory.
    OSError
        The file cannot be read.
    """
    counts = class_counts(labels, styles)
    minimums = minimum_counts(level, counts, styles)
    planned = {
        label: max(count, minimum) if count else 0
        for label, (count, minimum) in enumerate(zip(counts, minimums, strict=True))
    }
    _check_memory(sum(planned.values()) - sum(counts))
    return planned


def _check_memory(synthetic: int) -> None:
    """Refuse more synthetic images than the free memory can hold the recipes of."""
    most = psutil.virtual_memory().available // RECIPE_BYTES
    if synthetic > most:
        raise ValueError(f"{synthetic:,} synthetic images are too many: the free memory allows {most:,}")


def class_counts(labels: np.ndarray, styles: Sequence[str] = ()) -> list[int]:
    """Return the number of images of every class, also of ``styles`` without any."""
    return np.bincount(labels, minlength=len(styles)).tolist()


def minimum_counts(level: Level, counts: Sequence[int], styles: Sequence[str] = ()) -> list[int]:
    """Return the number of images that a level wants every class to have at least.

    Parameters
    ----------
    level, styles
        See `planned_counts`.
    counts : sequence of int
        Images that every class has.

    Raises
    ------
    ValueError
        The level is unknown, or a mapping names a style that is not in ``styles``.
    OSError
        The file cannot be read.
    """
    if not isinstance(level, str):
        return _style_minimums(level, len(counts), styles)
    if path := level_file(level):
        targets = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML as well
        return _style_minimums(targets, len(counts), styles)
    largest = max(counts, default=0)
    minimums = {"off": 0, "on": round(STUDY_SHARE * largest), "auto": largest}
    _, threshold = split_level(level)
    if threshold not in minimums and not threshold.isdecimal():
        raise ValueError(f"smote={level!r}: must be off, on, auto, an integer, or a .json or .yaml file")
    minimum = minimums[threshold] if threshold in minimums else int(threshold)
    return [minimum] * len(counts)


def _style_minimums(targets: object, classes: int, styles: Sequence[str]) -> list[int]:
    """Return the number of images that a mapping wants every class to have at least."""
    minimums = parse_style_counts(targets, styles)
    return [minimums.get(label, 0) for label in range(classes)]


def parse_style_counts(targets: object, styles: Sequence[str]) -> dict[int, int]:
    """Check a mapping of style to number of images; return it as class to number of images.

    Parameters
    ----------
    targets : object
        What a file or a caller gives as the mapping.
    styles : sequence of str
        Names of the classes in their order.

    Raises
    ------
    ValueError
        It is not a mapping, a style is not in ``styles``, or its number is not an integer >= 0.
    """
    if not isinstance(targets, Mapping):
        raise ValueError("smote: expected a mapping of styles to numbers of images")
    classes = {style: label for label, style in enumerate(styles)}
    for style, number in targets.items():
        if style not in classes:
            raise ValueError(f"smote: {style!r} is not a style of the training images")
        if type(number) is not int or number < 0:
            raise ValueError(f"smote: {style}: {number!r} is not a number of images")
    return {classes[style]: number for style, number in targets.items()}
