"""Images into the store: every image decoded once, with an account of what was found."""

import click

from ablations.cli import commands
from ablations.process.commands import YES_OR_NO
from ablations.suite import prepare
from wikiart.cache.disk import size
from wikiart.images import store

CACHE_OPTION = click.option(
    "--cache",
    default="",
    show_default="$WIKIART_CACHE, else ~/.cache/wikiart-ablations",
    help="Folder of the decoded images.",
)


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


@commands.command(
    __doc__,
    example="mlflow run . -e prepare -P data=paintings -P image_size=128",
    options={"Images": DATA_OPTIONS},
)
def command(
    data: str, image_size: int, resize: str, cache: str, allow_skipped: float, drop_leaks: bool
) -> None:
    """Decode the images and say what was found."""
    folder = prepare.cache_folder(cache)
    dataset = prepare.locate(data, folder)
    click.echo(f"{dataset}\n{prepare.count_styles(dataset)}")
    images = prepare.prepare(
        dataset, [image_size], resize, folder, allow_skipped=allow_skipped, drop_leaks=drop_leaks
    )
    if lines := images.list_skipped(limit=None):
        click.echo(lines)
    click.echo(f"store: {images.store.folder} ({size(images.store.folder) / 1e6:,.0f} MB)")


if __name__ == "__main__":
    command()
