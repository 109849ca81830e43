"""The images that a network is trained on, as one object."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from wikiart.images.store import Store
from wikiart.learning.config import TrainingConfig
from wikiart.learning.split import validation_rows
from wikiart.smote.cached import recipes_of_store
from wikiart.smote.recipes import Recipes


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Labelled images, the synthetic images that are added to them, and the images kept for validation.

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
    validation : int64 array (m,), optional
        Rows of ``images`` that are not trained on. Default: none.
    """

    images: np.ndarray
    labels: np.ndarray
    recipes: Recipes
    classes: int
    pixel_sums: np.ndarray | None = None
    validation: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def rows(self) -> np.ndarray:
        """Rows of ``images`` that are trained on, int64, ascending."""
        return np.delete(np.arange(len(self.labels)), self.validation)

    @property
    def class_counts(self) -> np.ndarray:
        """Number of items of each class in an epoch, int64 (classes,): real and synthetic images."""
        labels = np.concatenate([self.labels[self.rows], self.recipes.labels])
        return np.bincount(labels, minlength=self.classes)

    @classmethod
    def from_store(
        cls,
        store: Store,
        config: TrainingConfig,
        device: str = "cpu",
        progress: Callable[[float, float], None] = lambda done, total: None,
    ) -> "TrainingData":
        """Set the validation images of a store aside, and draw the synthetic images from the others.

        Parameters
        ----------
        store : Store
            The decoded images; those of the test split are not read.
        config : TrainingConfig
            ``validation``, ``smote`` and ``seed`` of it.
        device, progress
            See `wikiart.smote.cached.recipes_of_store`.

        Raises
        ------
        wikiart.errors.DataError
            No style has enough images for the share of ``validation``.
        wikiart.errors.CacheError
            The neighbours cannot be written to the cache.
        """
        labels = store.train.labels
        validation = validation_rows(labels, config.validation, config.seed)
        rows = np.delete(np.arange(len(labels)), validation)
        recipes = recipes_of_store(store, config.smote, config.seed, device, progress, rows=rows)
        return cls(store.train.images, labels, recipes, len(store.classes), store.pixel_sums(), validation)
