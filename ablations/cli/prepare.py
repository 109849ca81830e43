"""Images into the store: every image decoded once, with an account of what was found."""

import os
from collections.abc import Iterable
from pathlib import Path

import click

from ablations.process import commands as console
from ablations.process.commands import YES_OR_NO
from ablations.process.progress import Bar, say
from wikiart import sample
from wikiart.cache import folder as disk
from wikiart.images import paintings, store
from wikiart.images.audit import Audit, audit
from wikiart.images.paintings import Paintings
from wikiart.images.store import Store

CACHE = "~/.cache/wikiart-ablations"
CACHE_OPTION = click.option(
    "--cache", default="", show_default=f"$WIKIART_CACHE, else {CACHE}", help="Folder of the decoded images."
)


def cache_folder(cache: str) -> Path:
    """Where stores are kept: the option, else $WIKIART_CACHE, else ~/.cache/wikiart-ablations."""
    chosen = cache or os.environ.get("WIKIART_CACHE") or CACHE
    return Path(chosen).expanduser().resolve()


def locate(data: str, cache: Path) -> Paintings:
    """The paintings of a folder, or the generated ones for ``"sample"``, painted first if need be."""
    if data != "sample":
        return paintings.find(Path(data))
    with Bar("painting the sample", "images") as bar, disk.writing(cache):
        return paintings.find(sample.make(cache, bar.update))


def decoded(
    found: Paintings, image_size: int, resize: str, cache: Path, allow_skipped: float = store.ALLOW_SKIPPED
) -> Store:
    """The store of these paintings at one image size."""
    with Bar(f"decoding at {image_size} px", "images") as bar:
        return store.build(
            found, image_size, cache, resize=resize, allow_skipped=allow_skipped, progress=bar.update
        )


def prepared(
    found: Paintings,
    image_sizes: Iterable[int],
    resize: str,
    cache: Path,
    *,
    allow_skipped: float,
    drop_leaks: bool,
) -> tuple[dict[int, Store], Audit]:
    """The stores at each image size, and the audit of the data before leaks were dropped; says what it found.

    Raises
    ------
    wikiart.errors.DataError
        See wikiart.images.store.build.
    """
    stores = {size: decoded(found, size, resize, cache, allow_skipped) for size in image_sizes}
    seen = audit(stores[min(stores)])
    say(str(seen), always=bool(seen.leaks))
    if seen.leaks and drop_leaks:
        leaks = {path for path, _, _ in seen.leaks}
        stores = {size: _dropped(made, leaks) for size, made in stores.items()}
        say(f"  {len(leaks):,} training images dropped", always=True)
    elif seen.leaks:
        remedy = "--drop-leaks yes trains without them"
        say(f"  they count as right answers learnt by heart: {remedy}", always=True)
    return stores, seen


def _dropped(made: Store, paths: set[str]) -> Store:
    return store.without(made, [row for row, path in enumerate(made.train.paths) if path in paths])


def left_out(made: Store, seen: Audit, most: int = 20) -> str:
    """The images that could not be read, as lines; empty if there are none."""
    if not made.skipped:
        return ""
    total = sum(seen.images.values()) + seen.unreadable
    return (
        f"{len(made.skipped)} of {total:,} images left out, since they cannot be read:\n"
        f"{store.listed(made.skipped, most)}"
    )


def account(found: Paintings) -> str:
    """Images per style and split, as text."""
    train, test = found.counts("train"), found.counts("test")
    width = max(map(len, found.classes))
    lines = [f"{style:{width}} {train[style]:>7,} {test[style]:>7,}" for style in found.classes]
    return "\n".join([f"{'style':{width}} {'train':>7} {'test':>7}", *lines])


#: what every command that takes images asks of them
DATA_OPTIONS = (
    click.option("--data", default="sample", help="Folder of images in one of the layouts, or: sample."),
    click.option("--image-size", default=64, type=click.IntRange(16, 2048), help="Side in pixels."),
    click.option(
        "--resize", default="stretch", type=click.Choice(list(store.RESIZE)), help="How images become square."
    ),
    click.option(
        "--allow-skipped",
        default=store.ALLOW_SKIPPED,
        type=click.FloatRange(0, 1),
        help="Share of unreadable images to go on without.",
    ),
    click.option("--drop-leaks", **YES_OR_NO, help="Train without images that are in the test split too."),
    CACHE_OPTION,
)


@console.command(
    __doc__,
    example="mlflow run . -e prepare -P data=paintings -P image_size=128",
    options={"Images": DATA_OPTIONS},
)
def command(
    data: str, image_size: int, resize: str, cache: str, allow_skipped: float, drop_leaks: bool
) -> None:
    """Decode the images and say what was found."""
    folder = cache_folder(cache)
    found = locate(data, folder)
    click.echo(f"{found}\n{account(found)}")
    stores, seen = prepared(
        found, [image_size], resize, folder, allow_skipped=allow_skipped, drop_leaks=drop_leaks
    )
    made = stores[image_size]
    if lines := left_out(made, seen, most=len(made.skipped)):
        click.echo(lines)
    click.echo(f"store: {made.folder} ({disk.size(made.folder) / 1e6:,.0f} MB)")


if __name__ == "__main__":
    command()
