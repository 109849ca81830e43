"""The images that a network is trained on, as one object."""

from dataclasses import dataclass

import numpy as np

from wikiart.images.store import Store
from wikiart.smote.recipes import Recipes


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Labelled images and the synthetic images that are added to them.

    Parameters
    ----------
    images : uint8 array (n, size, size, 3)
        RGB. May be a memory map; on the CPU only the rows of a batch are read.
    labels : int array (n,)
        Class of each image, 0 to ``classes - 1``.
    recipes : Recipes
        Synthetic images, each blended from two of ``images`` when a batch is read. May be empty.
    classes : int
        Number of classes, which is the number of outputs of a network.
    pixel_sums : float64 array (n, 18, 3), optional
        Of ``images``, see `wikiart.images.sums`. Default: each is computed when its image is first read.
    """

    images: np.ndarray
    labels: np.ndarray
    recipes: Recipes
    classes: int
    pixel_sums: np.ndarray | None = None

    @property
    def class_counts(self) -> np.ndarray:
        """Number of items of each class in an epoch, int64 (classes,): real and synthetic images."""
        return np.bincount(np.concatenate([self.labels, self.recipes.labels]), minlength=self.classes)

    @classmethod
    def from_store(cls, store: Store, recipes: Recipes) -> "TrainingData":
        """Combine the training images of a store with synthetic ones."""
        return cls(store.train.images, store.train.labels, recipes, len(store.classes), store.pixel_sums())
