"""Pictures that go onto runs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def confusion_figure(confusion: np.ndarray, classes: Sequence[str]) -> Figure:
    """Confusion matrix as shares of each row (truth), with the counts written in.

    Parameters
    ----------
    confusion : int array (classes, classes)
        Rows the truth, columns the answer.
    classes : sequence of str
    """
    rows = confusion.sum(axis=1, keepdims=True)
    shares = confusion / np.maximum(rows, 1)
    side = max(4.0, 0.34 * len(classes) + 2.5)
    figure = Figure(figsize=(side, side), layout="constrained")
    FigureCanvasAgg(figure)  # no pyplot: workers have no screen and share no state
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
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
    figure.colorbar(picture, ax=axes, shrink=0.6, label="share of the row")
    return figure
