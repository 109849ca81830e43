"""Synthetic paintings as recipes."""

from typing import NamedTuple

import numpy as np


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
