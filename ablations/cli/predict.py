"""The styles of pictures, by a network that a suite trained.

IMAGE is a file, or a folder of which every image is taken. Pictures are read as the network's own
training images were, so that a test image gets the answer that stands in its run's items.json.
"""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from ablations.cli import commands
from ablations.process.commands import Failure
from ablations.process.environment import quiet_libraries
from wikiart.images.layouts import images as images_below

BATCH = 64  # pictures between two pieces of output

Answer = tuple[str, list[tuple[str, float]]]  # an image; its most probable styles, best first


@commands.command(
    __doc__,
    example="python -m ablations.cli.predict --model runs:/0123456789abcdef/model painting.jpg folder/",
    options={
        "What is asked": (
            click.option(
                "--model", required=True, help="runs:/<run id>/model of a cell's run, or a model's folder."
            ),
        ),
        "Output": (
            click.option("--top", default=3, type=click.IntRange(1), help="Styles for each image."),
            click.option("--format", "form", default="text", type=click.Choice(["text", "csv", "json"])),
        ),
    },
)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
def command(images: tuple[str, ...], model: str, top: int, form: str) -> None:
    """Write the most probable styles of every image.

    Raises
    ------
    commands.Failure
        Some images cannot be read; the others have their answers.
    """
    paths = list(_files(images))
    network = _load(model)
    unreadable: list[str] = []
    WRITERS[form](_answers(network, paths, top, unreadable))
    if unreadable:
        raise Failure(f"{len(unreadable)} of {len(paths)} images cannot be read")


def _files(images: Sequence[str]) -> Iterator[str]:
    for image in images:
        folder = Path(image)
        if not folder.is_dir():
            yield image
            continue
        below = images_below(folder, folder)
        if not below:
            raise Failure(f"no image in {folder}: name images, or a folder that holds some")
        yield from (str(folder / path) for path in below)


def _load(uri: str) -> Any:
    quiet_libraries()
    from ablations.tracking import models  # here, so that --help need not load MLflow

    return models.load(uri)


def _answers(network: Any, paths: Sequence[str], top: int, unreadable: list[str]) -> Iterator[Answer]:
    """The styles of what can be read; the rest is named at once, and added to ``unreadable``."""
    import pandas as pd

    for start in range(0, len(paths), BATCH):
        some = paths[start : start + BATCH]
        table = network.predict(pd.DataFrame({"path": some}))
        styles = [column.removeprefix("p_") for column in table.columns[2:]]
        for path, (_, error, *probabilities) in zip(some, table.itertuples(index=False), strict=True):
            if error:
                click.echo(f"{path}: {error}", err=True)
                unreadable.append(path)
                continue
            best = sorted(zip(styles, probabilities, strict=True), key=lambda pair: -pair[1])
            yield path, best[:top]


def _write_text(answers: Iterator[Answer]) -> None:
    for path, styles in answers:
        click.echo(f"{path}: {', '.join(f'{style} {probability:.1%}' for style, probability in styles)}")


def _write_csv(answers: Iterator[Answer]) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["image", "rank", "style", "probability"])
    for path, styles in answers:
        for rank, (style, probability) in enumerate(styles, 1):
            table.writerow([path, rank, style, f"{probability:.6g}"])


def _write_json(answers: Iterator[Answer]) -> None:
    found = [
        {"image": path, "styles": [{"style": style, "probability": share} for style, share in styles]}
        for path, styles in answers
    ]
    click.echo(json.dumps(found, indent=1))


WRITERS = {"text": _write_text, "csv": _write_csv, "json": _write_json}


if __name__ == "__main__":
    command()
