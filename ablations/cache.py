"""The cache: what is kept of decoded images, how large it is, and how to be rid of it."""

import click

from ablations.prepare import cache_folder
from wikiart import cache as disk


@click.command(
    help=f"{__doc__}\n\nClear it when no suite runs: trainings read from it. Images and runs are not touched."
    "\n\nExample: mlflow run . -e cache -P clear=yes"
)
@click.option("--cache", default="", help="Its folder.  [default: ~/.cache/wikiart-ablations]")
@click.option("--clear", default=False, type=bool, show_default=True, help="Remove what is kept: yes or no.")
def command(cache: str, clear: bool) -> None:
    folder = cache_folder(cache)
    for kind, paths in disk.kept(folder).items():
        megabytes = sum(map(disk.size, paths)) / 1e6
        click.echo(f"{kind:10} {len(paths):>4} {megabytes:>12,.1f} MB")
    if clear:
        click.echo(f"cleared: {disk.clear(folder) / 1e6:,.1f} MB")
    click.echo(f"cache: {folder}")


if __name__ == "__main__":
    command()
