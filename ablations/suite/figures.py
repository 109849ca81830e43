"""Figures of what SMOTE adds, for the suite's run."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def bars_figure(counts: pd.DataFrame) -> Figure:
    """Draw horizontal bars: a group for each style (rows), a bar for each column."""
    styles, columns = counts.shape
    figure = _figure(8, 0.8 + 0.2 * styles * max(2, columns) / 2)
    axes = figure.add_axes((0.3, 0.06, 0.67, 0.89))
    thickness = 0.8 / columns
    greys = np.linspace(0.75, 0.15, columns)  # distinct in black and white print as well
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
    """Draw synthetic images, each between its first and its second parent.

    Parameters
    ----------
    rows : sequence of (style, weight, images)
        Images: first parent, synthetic image, second parent; uint8 (size, size, 3).
    columns : int
        Number of groups of three images side by side. Default 3.
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
    FigureCanvasAgg(figure)  # instead of pyplot, which keeps its figures in global state
    return figure
