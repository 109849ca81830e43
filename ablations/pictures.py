"""Pictures that go onto runs."""

from collections.abc import Sequence

import numpy as np
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
    figure = Figure(figsize=(side, side))
    FigureCanvasAgg(figure)  # no pyplot: workers have no screen and share no state
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
