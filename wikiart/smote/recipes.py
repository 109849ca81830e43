"""Synthetic images as recipes, drawn by imbalanced-learn's SMOTE or RandomOverSampler.

A SMOTE sample is ``x_i + weight * (x_j - x_i)`` (Chawla et al. 2002, section 4.2), so the three numbers
(i, j, weight) describe it completely: no synthetic pixel has to be kept. The pixels are blended
where a batch needs them (`wikiart.learning.batches`). The draws are imbalanced-learn's own; only the
neighbours that it asks for are found elsewhere (`wikiart.smote.neighbours`).

A copy of an image is a recipe of weight 0: those of the levels ``copy`` are drawn by imbalanced-learn's
RandomOverSampler.

Which of imbalanced-learn's other samplers could become recipes in the same way:

- `BorderlineSMOTE`, kind borderline-1: only with a special case. Its blending is SMOTE's, but it selects
  its starting points by their neighbours in all classes, which is a search over all images instead of one
  over each class, and draws from one random state for all classes.
  Kind borderline-2: no, it blends across classes, with weights scaled once more after the draw.
- `ADASYN`: not without a special case. It needs that same search, draws from one random state for
  all classes, and blends in code of its own, out of reach of `_RecipeSMOTE`.
- `SVMSMOTE`: no. It trains a support vector machine on the pixels of all images, and extrapolates
  (weights below 0). `KMeansSMOTE`: no, it clusters the pixels. `SMOTENC`, `SMOTEN`: not for pixels.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler

from wikiart.smote.levels import Level, class_counts, minimum_counts
from wikiart.smote.neighbours import nearest
from wikiart.smote.spelling import split_level

log = logging.getLogger(__name__)

Search = Callable[[np.ndarray, np.ndarray, int], np.ndarray]  #: (images, rows, k), see `nearest`


class Recipes(NamedTuple):
    """Synthetic images as pairs of training images: ``first + weight * (second - first)``."""

    first: np.ndarray  #: int64 (m,), row of the training images
    second: np.ndarray  #: int64 (m,), row of the training images
    weight: np.ndarray  #: float32 (m,), 0..1
    labels: np.ndarray  #: int64 (m,)


def no_recipes() -> Recipes:
    """Return the empty set of recipes: training on the real images alone."""
    empty = np.empty(0, np.int64)
    return Recipes(empty, empty, np.empty(0, np.float32), empty)


def draw_recipes(
    images: np.ndarray,
    labels: np.ndarray,
    level: Level,
    seed: int,
    *,
    k: int = 5,
    styles: Sequence[str] = (),
    search: Search = nearest,
) -> Recipes:
    """Draw what a level adds to a training set, in imbalanced-learn's order (by class).

    Equal to ``SMOTE(sampling_strategy=planned_counts(...), random_state=seed, k_neighbors=k)`` of
    imbalanced-learn on the flattened float pixels, to float32 rounding; `wikiart.smote.neighbours.nearest`
    says how equally near neighbours are ordered. imbalanced-learn starts every class from the seed
    anew, so no class changes another's draws, and a class too small for ``k``, which it refuses,
    takes part as if SMOTE had run on it with a smaller k of its own.

    A class of at most ``k`` images is blended among all of them (k = n - 1); the only image of
    its class is repeated (weight 0); a class without images stays empty; a class that has as many
    images as the level wants, or more, keeps them. The log has a line for each class.

    With a level ``copy`` the added images are those of ``RandomOverSampler(sampling_strategy=...,
    random_state=seed)``: drawn with replacement, from one random state for all classes. Nothing is
    searched, and ``images``, ``k`` and ``search`` are not used.

    Parameters
    ----------
    images : uint8 array (n, size, size, 3)
        May be a memory map; only classes that need synthetic images are read, by ``search``.
    labels : int array (n,)
        Class of each image, 0 or more.
    level : str or mapping
        See `wikiart.smote.levels.planned_counts`.
    seed : int
        Seed of the draws, 0 to 2³² - 1.
    k : int
        Neighbours to blend with. Default 5.
    styles : sequence of str
        Names of the classes, for a mapping of styles and for the log. Default none.
    search : callable
        Finds the neighbours within a class: ``search(images, rows, k)``. Default `nearest`.

    Raises
    ------
    ValueError
        The level is unknown or names an unknown style, or there is only one class.
    """
    labels = np.asarray(labels, np.int64)
    counts = class_counts(labels, styles)
    minimums = minimum_counts(level, counts, styles)
    copies = isinstance(level, str) and split_level(level)[0]
    _log_classes(counts, minimums, 0 if copies else k, styles)
    targets = {label: minimums[label] for label, count in enumerate(counts) if 0 < count < minimums[label]}
    if not targets:
        return no_recipes()
    if copies:
        return _draw_copies(labels, targets, seed)
    # imbalanced-learn resamples a table of recipes instead of one of pixels. Its first n rows are the
    # real images, each a recipe of itself; the rows that it appends are the synthetic ones.
    neighbours = _ClassNeighbours(lambda rows: search(images, rows, k))
    sampler = _RecipeSMOTE(sampling_strategy=targets, random_state=seed, k_neighbors=neighbours)
    n = len(labels)
    table, all_labels = sampler.fit_resample(_identity_recipes(n), labels)
    first, second, weight = table[n:].T
    weight = np.where(first == second, 0, weight)  # a copy, whatever weight was drawn for it
    return Recipes(first.astype(np.int64), second.astype(np.int64), weight.astype(np.float32), all_labels[n:])


def _draw_copies(labels: np.ndarray, targets: Mapping[int, int], seed: int) -> Recipes:
    """Draw copies until the classes in ``targets`` have that many images; see `draw_recipes`."""
    sampler = RandomOverSampler(sampling_strategy=targets, random_state=seed)
    sampler.fit_resample(np.arange(len(labels))[:, None], labels)
    rows = sampler.sample_indices_[len(labels) :]  # the first are the images themselves
    return Recipes(rows, rows, np.zeros(len(rows), np.float32), labels[rows])


def _log_classes(counts: Sequence[int], minimums: Sequence[int], k: int, styles: Sequence[str]) -> None:
    """Log one line for every class of which the level wants a number of images."""
    for label, (count, minimum) in enumerate(zip(counts, minimums, strict=True)):
        name = styles[label] if label < len(styles) else f"class {label}"
        if minimum == 0:
            continue
        if count == 0:
            log.warning("%s: no images to make any of the %d from", name, minimum)
        elif minimum <= count:
            log.info("%s: keeps its %d images, %d asked for", name, count, minimum)
        elif count == 1:
            log.warning("%s: 1 -> %d images, all of them repeats of the only one", name, minimum)
        elif count <= k:
            log.warning("%s: %d -> %d images, k = %d in place of %d", name, count, minimum, count - 1, k)
        else:
            log.info("%s: %d -> %d images", name, count, minimum)


def _identity_recipes(n: int) -> np.ndarray:
    """Return the real images as recipes of themselves, float64 (n, 3): first, second, weight 0.

    float64 holds every row number below 2⁵³ exactly.
    """
    rows = np.arange(n, dtype=np.float64)
    return np.column_stack([rows, rows, np.zeros(n)])


class _RecipeSMOTE(SMOTE):
    """imbalanced-learn's SMOTE on recipes instead of pixels: it draws, and records the draws.

    For each synthetic sample SMOTE draws a row ``i`` of a class, one of its neighbours ``j`` and a
    step ``w`` in [0, 1), all before it looks at a pixel, and then calls `_generate_samples` to compute
    ``x_i + w * (x_j - x_i)``. This class overrides that last step alone: it returns (i, j, w).

    The public interface would do as well: with an identity matrix for pixels, every row of the result
    holds the two weights 1 - w and w. But which of the two images came first is lost there, and w = 0,
    or a pair of one image with itself, leaves a single entry.
    """

    def _generate_samples(
        self,
        X: np.ndarray,  # recipes of the class (n, 3)
        nn_data: np.ndarray,  # recipes that ``nn_num`` refers to (n, 3); the same
        nn_num: np.ndarray,  # neighbours of each row, positions in ``nn_data`` (n, k)
        rows: np.ndarray,  # drawn rows of X (m,)
        cols: np.ndarray,  # drawn columns of ``nn_num`` (m,)
        steps: np.ndarray,  # drawn weights (m, 1)
        y_type: object = None,
        y: object = None,
    ) -> np.ndarray:
        # Column 0 of an identity recipe is the image's row in the training set.
        return np.column_stack([X[rows, 0], nn_data[nn_num[rows, cols], 0], steps])


class _ClassNeighbours:
    """A stand-in for scikit-learn's NearestNeighbors that imbalanced-learn calls with recipes.

    It reads the rows of the images from the recipes and leaves the search to ``find``, which takes
    rows (n,) and returns for each the positions of its neighbours in ``rows``, (n, k + 1).
    """

    def __init__(self, find: Callable[[np.ndarray], np.ndarray]):
        self._find = find

    def __sklearn_clone__(self) -> "_ClassNeighbours":
        return self  # imbalanced-learn works on a clone; nothing in here changes but the rows

    def fit(self, X: np.ndarray) -> "_ClassNeighbours":
        self._rows = X[:, 0].astype(np.int64)  # of one class
        return self

    def kneighbors(self, X: np.ndarray, return_distance: bool = False) -> np.ndarray:
        return self._find(self._rows)  # imbalanced-learn asks for the neighbours of all fitted rows

    def kneighbors_graph(self, X: np.ndarray) -> None:
        raise NotImplementedError("imbalanced-learn checks that this method exists and never calls it")
