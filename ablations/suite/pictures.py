"""Pictures of the synthetic images; only workers import this module, which needs Matplotlib."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ablations.process import escape
from wikiart.images.store import Store
from wikiart.smote.recipes import Recipes

SHOWN = 12  # styles on a contact sheet


def contact_sheet(store: Store, recipes: Recipes) -> Figure:
    """Draw a synthetic image of each of the styles that get most of them, between its two parents."""
    largest = np.argsort(-np.bincount(recipes.labels), kind="stable")[:SHOWN]
    images, rows = store.train.images, []
    for number, label in enumerate(largest):
        of_style = np.flatnonzero(recipes.labels == label)
        if not len(of_style):
            continue
        # The draws of all styles begin alike, so that the first recipes of several styles look the same:
        # each style shows another one.
        row = of_style[number % len(of_style)]
        weight = float(recipes.weight[row])
        first = images[recipes.first[row]].astype(np.float32)
        second = images[recipes.second[row]].astype(np.float32)
        blended = first + weight * (second - first)
        pictures = [pixels.round().astype(np.uint8) for pixels in (first, blended, second)]
        rows.append((store.classes[label], weight, pictures))
    return _parents_figure(rows)


def bars_figure(counts: pd.DataFrame) -> Figure:
    """Draw horizontal bars: a group for each style (rows), a bar for each column."""
    styles, columns = counts.shape
    figure = Figure(figsize=(8, 0.8 + 0.2 * styles * max(2, columns) / 2))
    axes = figure.add_axes((0.3, 0.06, 0.67, 0.89))
    thickness = 0.8 / columns
    greys = np.linspace(0.75, 0.15, columns)  # distinct in black and white print as well
    for number, column in enumerate(counts.columns):
        offsets = np.arange(styles) + (number - (columns - 1) / 2) * thickness
        colour = (greys[number] * 0.6, greys[number] * 0.85, greys[number])
        label = column if number == 0 else escape.figure(f"smote={column}")
        axes.barh(offsets, counts[column], height=thickness, color=colour, label=label)
    names = [escape.figure(style.replace("_", " ")) for style in counts.index]
    axes.set_yticks(range(styles), names, fontsize=8)
    axes.set_ylim(styles - 0.4, -0.6)
    axes.set_xlabel("training images")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, fontsize=8)
    return figure


def _parents_figure(rows: Sequence[tuple[str, float, Sequence[np.ndarray]]], columns: int = 3) -> Figure:
    """Draw synthetic images, each between its first and its second parent.

    Parameters
    ----------
    rows : sequence of (style, weight, images)
        Images: first parent, synthetic image, second parent; uint8 (size, size, 3).
    columns : int
        Number of groups of three images side by side. Default 3.
    """
    lines = -(-len(rows) // columns)
    figure = Figure(figsize=(columns * 4.2, lines * 1.75))
    for number, (style, weight, images) in enumerate(rows):
        line, column = divmod(number, columns)
        for position, pixels in enumerate(images):
            left, bottom = (column + 0.02 + 0.32 * position) / columns, (lines - line - 0.97) / lines
            axes = figure.add_axes((left, bottom, 0.3 / columns, 0.76 / lines))
            axes.imshow(pixels)
            axes.set_axis_off()
            if position == 1:
                title = f"{escape.figure(style.replace('_', ' '))}, \u03bb = {weight:.2f}"
                axes.set_title(title, fontsize=8, pad=3)
    return figure
