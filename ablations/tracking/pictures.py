"""Pictures that go onto runs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageChops, ImageDraw, ImageFont

CELL = 24  #: pixels; the side of a cell of a confusion matrix


def confusion_picture(confusion: np.ndarray, classes: Sequence[str]) -> Image.Image:
    """Confusion matrix, coloured by the share of each row (truth), with the counts written in.

    Drawn with Pillow: every cell gets one, and Matplotlib takes ten times as long for the same words.

    Parameters
    ----------
    confusion : int array (classes, classes)
        Rows the truth, columns the answer.
    classes : sequence of str
        Their names, in the order of the rows.
    """
    rows = confusion.sum(axis=1)
    shares = confusion / np.maximum(rows[:, None], 1)
    names = [name.replace("_", " ") for name in classes]
    truths = [f"{name} ({n})" for name, n in zip(names, rows, strict=True)]
    font = ImageFont.truetype(findfont("DejaVu Sans"), 12)
    left, top = (CELL // 2 + round(max(map(font.getlength, words))) for words in (truths, names))
    left, top = left + CELL, top + CELL  # for the words along the axes
    side = CELL * len(classes)
    picture = Image.new("RGB", (left + side + CELL // 2, top + side + CELL // 2), "white")
    matrix = Image.fromarray(colormaps["Blues"](shares, bytes=True)[:, :, :3])
    picture.paste(matrix.resize((side, side), Image.Resampling.NEAREST), (left, top))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left - 1, top - 1, left + side, top + side), outline="black")
    for number, truth in enumerate(truths):
        draw.text((left - 6, top + CELL * (number + 0.5)), truth, "black", font, anchor="rm")
    draw.text((left + side / 2, 4), "answer", "black", font, anchor="mt")
    for row, column in zip(*np.nonzero(confusion), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        place = left + CELL * (column + 0.5), top + CELL * (row + 0.5)
        draw.text(place, str(confusion[row, column]), colour, font, anchor="mm")
    upright = Image.new("RGB", (picture.height, picture.width), "white")  # as seen with the head to the right
    draw = ImageDraw.Draw(upright)
    for number, name in enumerate(names):
        draw.text((picture.height - top + 6, left + CELL * (number + 0.5)), name, "black", font, anchor="lm")
    draw.text((picture.height - top - side / 2, 4), "truth (test images)", "black", font, anchor="mt")
    return ImageChops.darker(picture, upright.transpose(Image.Transpose.ROTATE_90))


def bars_figure(counts: pd.DataFrame) -> Figure:
    """Horizontal bars: images per style (rows), one bar for each column."""
    styles, columns = counts.shape
    figure = _figure(8, 0.8 + 0.2 * styles * max(2, columns) / 2)
    axes = figure.add_axes((0.3, 0.06, 0.67, 0.89))
    thickness = 0.8 / columns
    greys = np.linspace(0.75, 0.15, columns)  # told apart in print as well
    for number, column in enumerate(counts.columns):
        offsets = np.arange(styles) + (number - (columns - 1) / 2) * thickness
        colour = (greys[number] * 0.6, greys[number] * 0.85, greys[number])
        label = column if number == 0 else f"SMOTE {column}"
        axes.barh(offsets, counts[column], height=thickness, color=colour, label=label)
    axes.set_yticks(range(styles), [str(style).replace("_", " ") for style in counts.index], fontsize=8)
    axes.set_ylim(styles - 0.4, -0.6)
    axes.set_xlabel("training images")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, fontsize=8)
    return figure


def parents_figure(rows: Sequence[tuple[str, float, Sequence[np.ndarray]]], columns: int = 3) -> Figure:
    """Synthetic images, each between its first and its second parent.

    Parameters
    ----------
    rows : sequence of (style, weight, images)
        Images: first parent, synthetic image, second parent; uint8 (size, size, 3).
    columns : int
        Groups of three side by side. Default 3.
    """
    lines = -(-len(rows) // columns)
    figure = _figure(columns * 4.2, lines * 1.75)
    for number, (style, weight, images) in enumerate(rows):
        line, column = divmod(number, columns)
        for position, pixels in enumerate(images):
            left, bottom = (column + 0.02 + 0.32 * position) / columns, (lines - line - 0.97) / lines
            axes = figure.add_axes((left, bottom, 0.3 / columns, 0.76 / lines))
            axes.imshow(pixels)
            axes.set_axis_off()
            if position == 1:
                axes.set_title(f"{style.replace('_', ' ')}, \u03bb = {weight:.2f}", fontsize=8, pad=3)
    return figure


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)  # no pyplot: workers have no screen and share no state
    return figure
