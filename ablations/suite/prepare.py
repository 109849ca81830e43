"""Images into stores: locate the data set, decode it once per image size, audit it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from ablations.process.progress import progress_bar, say
from ablations.process.wording import count
from ablations.suite import findings
from ablations.suite.options import ImageOptions
from wikiart.cache.disk import cache_errors
from wikiart.cache.folder import Cache
from wikiart.images import paintings
from wikiart.images.building import build_store, without_images
from wikiart.images.paintings import Paintings
from wikiart.images.store import Store, list_skipped
from wikiart.sample.generate import VERSION, generate

if TYPE_CHECKING:
    from wikiart.images.audit import Audit

SHOWN = 20  #: unreadable images that a suite lists at its end


@dataclass(frozen=True)
class PreparedImages:
    """Decoded images, ready for training."""

    stores: dict[int, Store]  #: by image size
    audit: "Audit"  #: of all images that could be read, before leaks were dropped

    @property
    def store(self) -> Store:
        """The store of the smallest images."""
        return self.stores[min(self.stores)]

    def list_skipped(self, limit: int | None = SHOWN) -> str:
        """List the images that could not be read, one per line; return "" if there are none.

        ``limit`` is the largest number of images listed; None: all.
        """
        skipped = self.store.skipped
        if not skipped:
            return ""
        total = sum(self.audit.images.values()) + self.audit.unreadable
        lines = list_skipped(skipped, len(skipped) if limit is None else limit)
        return f"images that cannot be read and are left out: {len(skipped):,} of {total:,}\n{lines}"


def cache_folder(cache: str) -> Path:
    """Return the cache folder: ``cache``, else $WIKIART_CACHE, else the platform's (~/.cache on Linux)."""
    chosen = cache or os.environ.get("WIKIART_CACHE") or user_cache_path("wikiart-ablations")
    return Path(chosen).expanduser().resolve()


def find(options: ImageOptions) -> Paintings | None:
    """Find the paintings as `locate` does, but paint nothing: return None for a sample that is missing."""
    if options.data == "sample" and not Cache(cache_folder(options.cache)).sample(VERSION).exists():
        return None
    return locate(options)


def locate(options: ImageOptions) -> Paintings:
    """Find the paintings in a folder; for ``data="sample"``, generate them in the cache if necessary.

    Raises
    ------
    wikiart.errors.DataError
        The folder has none of the known layouts.
    """
    if options.data != "sample":
        return paintings.find(Path(options.data))
    cache = cache_folder(options.cache)
    with progress_bar("painting the sample", "images") as progress, cache_errors(cache):
        return paintings.find(generate(cache, progress))


def prepare(dataset: Paintings, image_sizes: Iterable[int], options: ImageOptions) -> PreparedImages:
    """Decode the paintings at each image size, audit them, and print images that occur more than once.

    A leak is an image of the test split that is in the training split as well. The options decide whether
    leaks are removed from the training split, and ``options.image_size`` is not used.

    Raises
    ------
    wikiart.errors.DataError
        See wikiart.images.building.build_store.
    """
    from wikiart.images.audit import audit  # here: pandas takes a while, and a missing folder is said at once

    stores = {size: _decode(dataset, size, options) for size in image_sizes}
    report = audit(stores[min(stores)])
    for line in findings.repeats(report):
        say(line)
    if report.leaks:
        say(findings.leaks(report), always=True)
        if options.drop_leaks:
            leaks = {path for path, _, _ in report.leaks}
            stores = {size: _without(decoded, leaks) for size, decoded in stores.items()}
            say(f"  dropped: {count(len(leaks), 'training image')}", always=True)
        else:
            remedy = "--drop-leaks yes trains without them"
            say(f"  they count as right answers learnt by heart: {remedy}", always=True)
    return PreparedImages(stores, report)


def _decode(dataset: Paintings, image_size: int, options: ImageOptions) -> Store:
    """Decode all paintings at one image size, or open the store if that has been done before."""
    with progress_bar(f"decoding at {image_size} px", "images") as progress:
        return build_store(
            dataset,
            image_size,
            cache_folder(options.cache),
            resize=options.resize,
            allow_skipped=options.allow_skipped,
            progress=progress,
        )


def _without(decoded: Store, paths: set[str]) -> Store:
    rows = [row for row, path in enumerate(decoded.train.paths) if path in paths]
    return without_images(decoded, rows)


def count_styles(dataset: Paintings) -> str:
    """Return a table of the number of images per style and split, as text."""
    train, test = dataset.counts("train"), dataset.counts("test")
    width = max(map(len, dataset.classes))
    lines = [f"{style:{width}} {train[style]:>7,} {test[style]:>7,}" for style in dataset.classes]
    return "\n".join([f"{'style':{width}} {'train':>7} {'test':>7}", *lines])
