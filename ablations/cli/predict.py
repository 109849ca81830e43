"""Predict the styles of images with a network that a suite trained.

IMAGE is a file, or a folder: all images in it. Images are read in the same way as the network's training
images, so that a test image gets the prediction that items.json of the network's run holds.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ablations.cli import commands
from ablations.process import databases, interrupts
from ablations.process.commands import FilledPath
from ablations.process.environment import quiet_libraries
from ablations.process.errors import UserError
from ablations.process.terminal import echo, one_line
from wikiart.images.files import image_paths

if TYPE_CHECKING:
    from wikiart.learning.classifier import Classifier

BATCH = 64  #: images that are read before their predictions are printed


class Prediction(NamedTuple):
    """The most probable styles of an image, or the reason why it could not be read."""

    image: str
    styles: list[tuple[str, float]]  #: styles and their probabilities, the most probable first
    error: str | None


@commands.command(
    __doc__,
    example="python -m ablations.cli.predict --model runs:/0123456789abcdef/model painting.jpg folder/",
    options={
        "Network": (
            click.option(
                "--model",
                required=True,
                type=FilledPath(),
                help="runs:/<run id>/model of a cell's run, or a model's folder.",
            ),
        ),
        "Output": (
            click.option("--top", default=3, type=click.IntRange(1), help="Number of styles per image."),
            click.option("--format", default="text", type=click.Choice(["text", "csv", "json"])),
        ),
    },
)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=FilledPath())
def command(images: tuple[str, ...], model: str, top: int, format: str) -> None:
    """Print the most probable styles of each image.

    Raises
    ------
    UserError
        Some images cannot be read. The predictions of the others have been printed.
    """
    paths = list(_image_files(images))
    quiet_libraries()
    if not Path(model).is_dir():
        databases.check_tracking_uri()
    with interrupts.loading():
        from ablations.tracking.loading import load  # here, so that --help need not load MLflow

    network = load(model)
    unreadable = 0

    def readable() -> Iterator[Prediction]:
        nonlocal unreadable
        for prediction in _predict(network, paths, top):
            if prediction.error:
                echo(f"{one_line(prediction.image)}: {prediction.error}", err=True)
                unreadable += 1
            else:
                yield prediction

    {"text": _print_text, "csv": _print_csv, "json": _print_json}[format](readable())
    if unreadable:
        raise UserError(f"{unreadable} of {len(paths)} images cannot be read")


def _image_files(images: Sequence[str]) -> Iterator[str]:
    for image in images:
        folder = Path(image)
        if not folder.is_dir():
            yield image
            continue
        files = image_paths(folder, folder)
        if not files:
            raise UserError(f"no image in {folder}: name images, or a folder that contains some")
        yield from (str(folder / path) for path in files)


def _predict(network: "Classifier", paths: Sequence[str], top: int) -> Iterator[Prediction]:
    import pandas as pd

    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        # One row per image: its style, the error if it cannot be read, and a probability per style.
        table: pd.DataFrame = network.predict(pd.DataFrame({"path": batch}))
        names = [column.removeprefix("p_") for column in table.columns[2:]]
        for path, (_, error, *probabilities) in zip(batch, table.itertuples(index=False), strict=True):
            pairs = [] if error else zip(names, probabilities, strict=True)
            styles = sorted(pairs, key=lambda pair: -pair[1])
            yield Prediction(path, styles[:top], error)


def _print_text(predictions: Iterable[Prediction]) -> None:
    for prediction in predictions:
        styles = ", ".join(f"{one_line(style)} {probability:.1%}" for style, probability in prediction.styles)
        echo(f"{one_line(prediction.image)}: {styles}")


def _print_csv(predictions: Iterable[Prediction]) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["image", "rank", "style", "probability"])
    for prediction in predictions:
        for rank, (style, probability) in enumerate(prediction.styles, 1):
            table.writerow([one_line(prediction.image), rank, one_line(style), f"{probability:.6g}"])


def _print_json(predictions: Iterable[Prediction]) -> None:
    records = [
        {"image": image, "styles": [{"style": style, "probability": value} for style, value in styles]}
        for image, styles, _ in predictions
    ]
    click.echo(json.dumps(records, indent=1))


if __name__ == "__main__":
    command()
