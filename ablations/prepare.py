"""Images into the store: every image decoded once, with an account of what was found."""

import os
from pathlib import Path

import click

from ablations.progress import Bar
from wikiart import paintings, sample, store
from wikiart.paintings import Paintings
from wikiart.store import Store


def cache_folder(cache: str) -> Path:
    """Where stores are kept: the option, else $WIKIART_CACHE, else ~/.cache/wikiart-ablations."""
    chosen = cache or os.environ.get("WIKIART_CACHE") or "~/.cache/wikiart-ablations"
    return Path(chosen).expanduser().resolve()


def locate(data: str, cache: Path) -> Paintings:
    """The paintings of a folder, or the generated ones for ``"sample"``, painted first if need be."""
    if data != "sample":
        return paintings.find(Path(data))
    with Bar("painting the sample", "images") as bar:
        return paintings.find(sample.make(cache, bar.update))


def decoded(found: Paintings, image_size: int, resize: str, cache: Path) -> Store:
    """The store of these paintings at one image size."""
    with Bar(f"decoding at {image_size} px", "images") as bar:
        return store.build(found, image_size, cache, resize=resize, progress=bar.update)


def account(found: Paintings) -> str:
    """Images per style and split, as text."""
    train, test = found.counts("train"), found.counts("test")
    width = max(map(len, found.classes))
    lines = [f"{style:{width}} {train[style]:>7,} {test[style]:>7,}" for style in found.classes]
    return "\n".join([f"{'style':{width}} {'train':>7} {'test':>7}", *lines])


@click.command(help=f"{__doc__}\n\nExample: mlflow run . -e prepare -P data=paintings -P image_size=128")
@click.option("--data", default="sample", show_default=True, help="Folder with train/ and test/, or: sample.")
@click.option("--image-size", default=64, show_default=True, type=click.IntRange(16, 2048), help="In pixels.")
@click.option(
    "--resize",
    default="stretch",
    show_default=True,
    type=click.Choice(list(store.RESIZE)),
    help="To a square.",
)
@click.option("--cache", default="", help="Folder of the stores.  [default: ~/.cache/wikiart-ablations]")
def command(data: str, image_size: int, resize: str, cache: str) -> None:
    folder = cache_folder(cache)
    try:
        found = locate(data, folder)
        click.echo(f"{found}\n{account(found)}")
        made = decoded(found, image_size, resize, folder)
    except paintings.DataError as error:
        raise click.ClickException(str(error)) from error
    size = sum(file.stat().st_size for file in made.folder.iterdir())
    click.echo(f"store: {made.folder} ({size / 1e6:,.0f} MB)")


if __name__ == "__main__":
    command()
