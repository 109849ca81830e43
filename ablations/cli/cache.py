"""The cache: what it holds, how large that is, and how to remove it.

Clear it when no suite runs: trainings read the decoded images from it. Your images and the runs are
not touched.
"""

import click

from ablations.cli import commands
from ablations.cli.options import option
from ablations.process.commands import YES_OR_NO
from ablations.process.terminal import echo
from ablations.suite.options import ImageOptions
from ablations.suite.prepare import cache_folder
from wikiart.cache.disk import size
from wikiart.cache.folder import Cache

CLEAR = click.option("--clear", **YES_OR_NO, help="Remove everything listed.")


@commands.command(
    __doc__,
    example="mlflow run . -e cache -P clear=yes",
    options={"Cache": (option(ImageOptions, "cache"), CLEAR)},
)
def command(cache: str, clear: bool) -> None:
    """Print what the cache holds, by kind; clear it if asked to."""
    folder = Cache(cache_folder(cache))
    total = _total_size(folder)
    for kind, paths in folder.contents().items():
        echo(f"{kind:11} {len(paths):>4} {sum(map(size, paths)) / 1e6:>12,.1f} MB")
    if clear:
        remaining = folder.clear()
        echo(f"cleared: {(total - _total_size(folder)) / 1e6:,.1f} MB")
        for reason, number in remaining.items():
            if number:
                echo(f"left alone: {number} {reason}")
    echo(f"cache: {folder.root}")


def _total_size(folder: Cache) -> int:
    return sum(size(path) for paths in folder.contents().values() for path in paths)


if __name__ == "__main__":
    command()
