"""The cache: what is kept of decoded images, how large it is, and how to be rid of it.

Clear it when no suite runs: trainings read from it. Images and runs are not touched.
"""

import click

from ablations.cli import commands
from ablations.cli.prepare import CACHE_OPTION
from ablations.process.commands import YES_OR_NO
from ablations.suite.prepare import cache_folder
from wikiart.cache import folder as disk

CLEAR = click.option("--clear", **YES_OR_NO, help="Remove what is kept.")


@commands.command(
    __doc__, example="mlflow run . -e cache -P clear=yes", options={"Cache": (CACHE_OPTION, CLEAR)}
)
def command(cache: str, clear: bool) -> None:
    """Show the sizes, and clear if asked to."""
    folder = cache_folder(cache)
    for kind, paths in disk.kept(folder).items():
        megabytes = sum(map(disk.size, paths)) / 1e6
        click.echo(f"{kind:10} {len(paths):>4} {megabytes:>12,.1f} MB")
    if clear:
        click.echo(f"cleared: {disk.clear(folder) / 1e6:,.1f} MB")
    click.echo(f"cache: {folder}")


if __name__ == "__main__":
    command()
