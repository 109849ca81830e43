"""The recipes of a store, with the neighbours that they need kept in the cache."""

from collections.abc import Callable

from wikiart.cache.disk import cache_errors
from wikiart.cache.folder import Cache
from wikiart.images.store import Store
from wikiart.smote.recipes import Recipes, recipes


def recipes_of_store(
    store: Store,
    level: str,
    seed: int,
    device: str = "cpu",
    progress: Callable[[float, float], None] = lambda done, total: None,
) -> Recipes:
    """Return the recipes of a SMOTE level for a store's training images.

    The neighbours are searched once per store and read from the cache by every later call in any
    process.

    Parameters
    ----------
    store : Store
        The decoded images.
    level : str
        See `wikiart.smote.recipes.plan`.
    seed : int
        Seed of the draws.
    device : str
        A torch device for the search of neighbours. Default ``"cpu"``.
    progress : callable
        Called during a search with the number of classes searched (a fraction within a class) and
        the number of all classes.

    Raises
    ------
    wikiart.errors.CacheError
        The neighbours cannot be written to the cache.
    """
    cache = Cache.of_store(store.folder)
    with cache_errors(cache.root):
        return recipes(
            store.train.images,
            store.train.labels,
            level,
            seed,
            styles=store.classes,
            cache=cache,
            key=store.digest,
            device=device,
            progress=lambda label, share: progress(label + share, len(store.classes)),
        )
