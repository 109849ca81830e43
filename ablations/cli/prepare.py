"""Decode the images once, for all trainings, and report what was found.

A suite does the same first. The store of decoded images is kept in the cache.
"""

from typing import Any

from ablations.cli import commands
from ablations.cli.options import option_groups
from ablations.process.progress import say_warnings
from ablations.process.terminal import echo
from ablations.suite import findings, prepare
from ablations.suite.options import ImageOptions
from wikiart.cache import disk


@commands.command(
    __doc__,
    example="mlflow run . -e prepare -P data=paintings -P image_size=128",
    options=option_groups([ImageOptions]),
)
def command(**values: Any) -> None:
    """Decode the images and print what was found."""
    options = ImageOptions(**values)
    say_warnings("wikiart.cache")
    dataset = prepare.locate(options)
    echo(f"{dataset}\n{prepare.count_styles(dataset)}")
    images = prepare.prepare(dataset, [options.image_size], options)
    echo("\n".join([findings.sizes(images.audit), *findings.thin_styles(images.store, smote=True)]))
    if lines := images.list_skipped(limit=None):
        echo(lines)
    echo(f"store: {images.store.folder} ({disk.size(images.store.folder) / 1e6:,.0f} MB)")


if __name__ == "__main__":
    command()
