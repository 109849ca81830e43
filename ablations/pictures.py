"""Pictures that go onto runs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def confusion_figure(confusion: np.ndarray, classes: Sequence[str]) -> Figure:
    """Confusion matrix, coloured by the share of each row (truth), with the counts written in.

    Parameters
    ----------
    confusion : int array (classes, classes)
        Rows the truth, columns the answer.
    classes : sequence of str
    """
    rows = confusion.sum(axis=1, keepdims=True)
    shares = confusion / np.maximum(rows, 1)
    side = max(4.0, 0.34 * len(classes) + 2.5)
    figure = _figure(side, side)
    margin = 2.2 / side  # fixed, in place of a layout that would draw everything twice
    axes = figure.add_axes((margin, 0.03, 0.95 - margin, 0.97 - margin))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(classes))
    names = [name.replace("_", " ") for name in classes]
    axes.set_xticks(ticks, names, rotation=90, fontsize=8)
    axes.set_yticks(ticks, [f"{name} ({n})" for name, n in zip(names, rows[:, 0], strict=True)], fontsize=8)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth (test images)")
    for row, column in zip(*np.nonzero(confusion), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = str(confusion[row, column])
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    return figure


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
