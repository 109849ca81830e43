"""The recipes of a store, with the neighbours that they need kept in the cache."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from io import BytesIO

import numpy as np

from wikiart.cache.atomic import locked
from wikiart.cache.checksums import read_file, write_file
from wikiart.cache.disk import cache_errors
from wikiart.cache.folder import Cache
from wikiart.images.store import Store
from wikiart.smote.levels import Level
from wikiart.smote.neighbours import nearest
from wikiart.smote.recipes import Recipes, draw_recipes


def recipes_of_store(
    store: Store,
    level: Level,
    seed: int,
    device: str = "cpu",
    progress: Callable[[float, float], None] = lambda done, total: None,
    rows: np.ndarray | None = None,
) -> Recipes:
    """Return the recipes of a SMOTE level for a store's training images.

    The neighbours depend on neither level nor seed: they are searched once for the images and read from
    the cache by every later call in any process.

    Parameters
    ----------
    store : Store
        The decoded images.
    level : str or mapping
        See `wikiart.smote.levels.planned_counts`.
    seed : int
        Seed of the draws.
    device : str
        A torch device for the search of neighbours. Default ``"cpu"``.
    progress : callable
        Called during a search with the number of classes searched (a fraction within a class) and
        the number of all classes.
    rows : int64 array (n,), optional
        The training images to draw from, ascending. Default: all.

    Raises
    ------
    wikiart.errors.CacheError
        The neighbours cannot be written to the cache.
    """
    cache = Cache.of_store(store.folder)
    rows = np.arange(len(store.train.labels)) if rows is None else rows
    labels = store.train.labels[rows]

    def search(images: np.ndarray, positions: np.ndarray, k: int) -> np.ndarray:
        def report(share: float) -> None:
            progress(int(labels[positions[0]]) + share, len(store.classes))

        of_class = rows[positions]
        compute = partial(nearest, images, of_class, k, device=device, progress=report)
        return cached_neighbours(cache, store.digest, of_class, k, compute)

    with cache_errors(cache.root):
        recipes = draw_recipes(store.train.images, labels, level, seed, styles=store.classes, search=search)
    return recipes._replace(first=rows[recipes.first], second=rows[recipes.second])


def cached_neighbours(
    cache: Cache, store_digest: str, rows: np.ndarray, k: int, compute: Callable[[], np.ndarray]
) -> np.ndarray:
    """Read a table of neighbours from the cache; compute and write it first if it is not there or damaged.

    If another process is computing the table, wait until it is done.

    Parameters
    ----------
    cache : Cache
        Where the table is kept.
    store_digest : str
        Stands for the content of all images.
    rows : int64 array (n,)
        The images of the class.
    k : int
        Neighbours per image.
    compute : callable
        Returns the table, see `wikiart.smote.neighbours.nearest`.
    """
    content = json.dumps([store_digest, k]).encode() + rows.astype("<i8").tobytes()
    path = cache.neighbours(hashlib.sha256(content).hexdigest()[:32])
    with locked(path.with_name(f"{path.name}.lock")):
        stored = read_file(path)
        if stored is None:
            buffer = BytesIO()
            np.save(buffer, compute())
            stored = buffer.getvalue()
            write_file(path, stored)
    return np.load(BytesIO(stored))
