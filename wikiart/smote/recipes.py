"""Synthetic paintings as recipes: SMOTE without a synthetic pixel in memory.

A SMOTE sample is ``x_i + weight * (x_j - x_i)`` (Chawla et al. 2002, section 4.2), so three
numbers are all there is to keep of it. Its pixels are blended where a batch needs them
(`wikiart.training.Mixtures`). What is drawn comes from imbalanced-learn's own SMOTE; only the
neighbours that it asks for are found elsewhere (`wikiart.neighbours`)::

    recipes(images, labels, level, seed, *, k=5, styles=(), cache=None, key="",
            memory=MEMORY, device="cpu", progress=...) -> Recipes
    plan(level, labels, styles=()) -> {class: images after resampling}

Which of imbalanced-learn's other samplers could become recipes the same way:

- `RandomOverSampler`: yes. On row numbers, its ``sample_indices_`` are recipes of weight 0.
- `BorderlineSMOTE`, kind borderline-1: yes, blending included. But it sorts out its starting points
  by their neighbours in all classes, a search over all images instead of one over each class. Kind
  borderline-2: no, it blends across classes, with weights scaled once more after the draw.
- `ADASYN`: not without a special case. It needs that same search, draws from one random state for
  all classes, and blends in code of its own, out of reach of `_Draws`.
- `SVMSMOTE`: no. It trains a support vector machine on the pixels of all images, and extrapolates
  (weights below 0). `KMeansSMOTE`: no, it clusters the pixels. `SMOTENC`, `SMOTEN`: not for pixels.
"""

import functools
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from imblearn.over_sampling import SMOTE

from wikiart.cache.atomic import atomic_file, locked
from wikiart.cache.folder import Cache
from wikiart.smote.neighbours import MEMORY, nearest

STUDY_SHARE = 200 / 2269  #: the study's final threshold over its largest class

log = logging.getLogger(__name__)


class Recipes(NamedTuple):
    """Synthetic images as pairs of training images: ``first + weight * (second - first)``."""

    first: np.ndarray  #: int64 (m,), row of the training images
    second: np.ndarray  #: int64 (m,), row of the training images
    weight: np.ndarray  #: float32 (m,), 0..1
    labels: np.ndarray  #: int64 (m,)


def no_recipes() -> Recipes:
    """The empty set of recipes: training on the real images alone."""
    empty = np.empty(0, np.int64)
    return Recipes(empty, empty, np.empty(0, np.float32), empty)


def recipes(
    images: np.ndarray,
    labels: np.ndarray,
    level: str | Mapping[str, int],
    seed: int,
    *,
    k: int = 5,
    styles: Sequence[str] = (),
    cache: Cache | None = None,
    key: str = "",
    memory: int = MEMORY,
    device: str = "cpu",
    progress: Callable[[int, float], None] = lambda label, share: None,
) -> Recipes:
    """What SMOTE adds to a training set, in imbalanced-learn's order (by class).

    Equal to ``SMOTE(sampling_strategy=plan(...), random_state=seed, k_neighbors=k)`` of
    imbalanced-learn on the flattened float pixels, to float32 rounding; how equally near neighbours
    are told apart stands at `wikiart.neighbours.nearest`. imbalanced-learn starts every class
    from the seed anew, so no class changes another's draws, and a class too small for ``k``,
    which it refuses, takes part as if SMOTE had run on it with its own, smaller k.

    A class of at most ``k`` images is blended among all of them (k = n - 1); the only image of
    its class is repeated (weight 0); a class without images stays empty; one that has as many
    images as are asked for, or more, keeps them. The log has a line for each class.

    Parameters
    ----------
    images : uint8 array (n, size, size, 3)
        May be a memory map; only classes that need synthetic images are read.
    labels : int array (n,)
        Class of each image, 0 or more.
    level : str or mapping
        See `plan`.
    seed : int
        Seed of the draws, 0 to 2³² - 1.
    k : int
        Neighbours to blend with. Default 5.
    styles : sequence of str
        Names of the classes, for a mapping of styles and for the log. Default none.
    cache : Cache, optional
        Keeps the neighbours, which depend on neither level nor seed. Several
        processes may share it: one searches, the others wait. Default: nothing is kept.
    key : str
        Stands for the content of ``images``; with ``cache`` only, and then required.
    memory : int
        Working memory of the search, in bytes. Default 512 MB.
    device : str
        A torch device for the search. Default ``"cpu"``.
    progress : callable
        Called during a search with the class and the share of it done (0..1).

    Raises
    ------
    ValueError
        The level is unknown or names an unknown style, ``cache`` comes without ``key``,
        or there is but one class to tell apart.
    """
    if cache is not None and not key:
        raise ValueError("a cache of neighbours needs a key for the content of the images")
    labels = np.asarray(labels, np.int64)
    counts, asked = _counts_and_asked(level, labels, styles)
    _say(counts, asked, k, styles)
    wanted = {label: asked[label] for label, count in enumerate(counts) if 0 < count < asked[label]}
    if not wanted:
        return no_recipes()

    def table(rows: np.ndarray) -> np.ndarray:
        label = int(labels[rows[0]])

        def search() -> np.ndarray:
            log.debug("%s: finding the neighbours of %d images", _name(label, styles), len(rows))
            report = functools.partial(progress, label)
            return nearest(images, rows, k, memory=memory, device=device, progress=report)

        return search() if cache is None else _kept(cache, (key, k, rows), search)

    draws = _Draws(sampling_strategy=wanted, random_state=seed, k_neighbors=_Neighbours(table))
    pairs, drawn = draws.fit_resample(_unmixed(len(labels)), labels)
    first, second, weight = pairs[len(labels) :].T
    weight = np.where(first == second, 0, weight)
    return Recipes(
        first.astype(np.int64), second.astype(np.int64), weight.astype(np.float32), drawn[len(labels) :]
    )


def plan(level: str | Mapping[str, int], labels: np.ndarray, styles: Sequence[str] = ()) -> dict[int, int]:
    """Number of images of every class after resampling.

    Parameters
    ----------
    level : str or mapping
        ``off``: as they are. ``on``: the study's final rule, every class to 200/2269 of the
        largest at least (200 on the study's data). An integer, as text: to that many at least.
        ``auto``: every class to the largest. A mapping of style to number of images, or the path
        of a ``.json`` or ``.yaml`` file with one: those styles to that many at least.
    labels : int array (n,)
        Class of each image, 0 or more.
    styles : sequence of str
        Names of the classes in their order; needed for a mapping. Default none.

    Returns
    -------
    dict of int to int
        For every class from 0 to the last of ``labels`` or ``styles``. Nothing can be made of a
        class without images: it stays at 0.

    Raises
    ------
    ValueError
        The level is none of these, or a mapping names a style that is not in ``styles``.
    OSError
        The file cannot be read.
    """
    counts, asked = _counts_and_asked(level, labels, styles)
    return {
        label: max(count, want) if count else 0
        for label, (count, want) in enumerate(zip(counts, asked, strict=True))
    }


def style_counts(targets: Mapping[str, int], styles: Sequence[str]) -> dict[int, int]:
    """A mapping of style to number of images, checked, as class to number of images.

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


def _counts_and_asked(level, labels, styles) -> tuple[list[int], list[int]]:
    """Images that every class has, and that the level asks for."""
    counts = np.bincount(labels, minlength=len(styles)).tolist()
    largest = max(counts, default=0)
    if isinstance(level, str) and level.endswith((".json", ".yaml", ".yml")):
        level = yaml.safe_load(Path(level).read_text(encoding="utf-8"))  # JSON is YAML as well
    if not isinstance(level, str):
        targets = style_counts(level, styles)
        return counts, [targets.get(label, 0) for label in range(len(counts))]
    floors = {"off": 0, "on": round(STUDY_SHARE * largest), "auto": largest}
    if level not in floors and not level.isdecimal():
        raise ValueError(f"smote={level!r}: must be off, on, auto, an integer, or a .json or .yaml file")
    floor = floors[level] if level in floors else int(level)
    return counts, [floor] * len(counts)


def _say(counts, asked, k, styles) -> None:
    """One line for every class that the level asks anything of."""
    for label, (count, want) in enumerate(zip(counts, asked, strict=True)):
        name = _name(label, styles)
        if want == 0:
            continue
        if count == 0:
            log.warning("%s: no images to make any of the %d from", name, want)
        elif want <= count:
            log.info("%s: keeps its %d images, %d asked for", name, count, want)
        elif count == 1:
            log.warning("%s: 1 -> %d images, all of them repeats of the only one", name, want)
        elif count <= k:
            log.warning("%s: %d -> %d images, k = %d in place of %d", name, count, want, count - 1, k)
        else:
            log.info("%s: %d -> %d images", name, count, want)


def _name(label: int, styles: Sequence[str]) -> str:
    return styles[label] if label < len(styles) else f"class {label}"


def _unmixed(n: int) -> np.ndarray:
    """Real images as recipes of themselves, float64 (n, 3): first, second, weight."""
    rows = np.arange(n, dtype=np.float64)
    return np.column_stack([rows, rows, np.zeros(n)])


class _Draws(SMOTE):
    """imbalanced-learn's SMOTE on recipes in place of pixels: it draws, and writes down what.

    Its public interface alone would do: on an identity matrix for pixels, every row of the result
    holds the two weights of a mixture. But which of the two came first is lost there, and a weight
    of 0, or a pair of one image with itself, leaves one entry. Here nothing needs to be recovered.
    """

    def _generate_samples(self, X, nn_data, nn_num, rows, cols, steps, y_type=None, y=None):
        return np.column_stack([X[rows, 0], nn_data[nn_num[rows, cols], 0], steps])


class _Neighbours:
    """Answers imbalanced-learn's question for neighbours with tables found in pixel space."""

    def __init__(self, table: Callable[[np.ndarray], np.ndarray]):
        self._table = table

    def __sklearn_clone__(self) -> "_Neighbours":
        return self  # imbalanced-learn works on a clone; there is nothing in here to protect

    def fit(self, X: np.ndarray) -> "_Neighbours":
        self._rows = X[:, 0].astype(np.int64)  # of one class
        return self

    def kneighbors(self, X: np.ndarray, return_distance: bool = False) -> np.ndarray:
        return self._table(self._rows)

    def kneighbors_graph(self, X: np.ndarray):
        raise NotImplementedError("imbalanced-learn checks that it is there, and does not call it")


def _kept(
    cache: Cache, content: tuple[str, int, np.ndarray], compute: Callable[[], np.ndarray]
) -> np.ndarray:
    """The neighbours of ``content`` (key, k, rows): from the folder, or computed and left there.

    Whoever comes while another computes waits for it. The file appears whole or not at all.
    """
    key, k, rows = content
    digest = hashlib.sha256(json.dumps([key, k]).encode() + rows.astype("<i8").tobytes()).hexdigest()
    path = cache.neighbours(digest[:32])
    with locked(path.with_name(f"{path.name}.lock")):
        if not path.exists():
            with atomic_file(path) as scratch, scratch.open("wb") as file:
                np.save(file, compute())
    return np.load(path)
