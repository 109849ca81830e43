"""Figures of a suite's cells: accuracy by style, learning curves, confusions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from ablations.process import escape
from summary.report.drawing import Picture, new_figure, plain, style_name
from summary.report.wording import Wording
from summary.suite import Suite

# Okabe and Ito 2008, Color Universal Design; ordered so that neighbours differ in lightness as well.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#777777")
STYLES = ("-", "--", "-.", ":")
MARKERS = ("", "o", "s", "^")  # lines that share a style differ in the marker
CURVES = {
    "loss": "training loss (log scale)",
    "accuracy": "training accuracy",
    "validation_loss": "validation loss (log scale)",
    "validation_accuracy": "validation accuracy",
}


def per_class(suite: Suite) -> Picture:
    """Draw the accuracy of each style (rows, with its number of test images) in each cell (columns)."""
    answers = suite.answers
    correct = answers["truth"] == answers["prediction"]
    accuracy = correct.groupby([answers["truth"], answers["cell"]]).mean().unstack()  # noqa: PD010 (a series)
    cells = [cell for cell in suite.displayed_cells if cell in accuracy.columns]
    accuracy = accuracy[cells]
    counts = answers.drop_duplicates("item")["truth"].value_counts()
    figure = new_figure(2.8 + 0.44 * len(cells), 2.2 + 0.24 * len(accuracy))
    axes = figure.subplots()
    picture = axes.imshow(100 * accuracy, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    names = [style_name(style, counts[style]) for style in accuracy.index]
    axes.set_yticks(range(len(accuracy)), names, fontsize=8)
    axes.set_xticks(range(len(cells)), list(map(escape.figure, cells)), rotation=90, fontsize=8)
    axes.set_ylabel("style (test images)")
    for (row, column), share in np.ndenumerate(accuracy.to_numpy()):
        colour = "white" if share < 0.5 else "black"
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=6, color=colour)
    figure.colorbar(picture, ax=axes, label="answered right, percent, mean over the seeds", shrink=0.6)
    means = accuracy.mean(axis=1)
    alternative = (
        f"Accuracy of {len(accuracy)} styles in {len(cells)} cells, mean over the seeds. By style from "
        f"{100 * means.min():.0f} % for {means.idxmin()} to {100 * means.max():.0f} % for {means.idxmax()}."
    )
    return Picture(figure, "Accuracy of every style in every cell, mean over the seeds.", alternative)


def learning_curves(suite: Suite, wording: Wording) -> Picture:
    """Draw loss and accuracy by epoch: mean over the seeds, and the band from lowest to highest.

    Those of the validation images stand below those of the training images, where there are some. Cells
    that are read from the same trainings are drawn once.
    """
    trained = [factor.name for factor in suite.design.trained]
    curves = suite.curves.drop_duplicates([*trained, "seed", "epoch"])
    curves = curves.assign(name=[_training_name(wording, row, trained) for _, row in curves.iterrows()])
    columns = [column for column in CURVES if column in curves and curves[column].notna().any()]
    groups = dict(list(curves.groupby("name", sort=False)))
    rows = -(-len(columns) // 2)
    figure = new_figure(9.5, 3.4 * rows + 0.25 * -(-len(groups) // 3) + 0.4)
    panels = figure.subplots(rows, 2, squeeze=False).flat
    for axes, column in zip(panels, columns, strict=False):
        for number, (name, replicates) in enumerate(groups.items()):
            _draw_curve(axes, replicates.groupby("epoch")[column], name, number)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel(CURVES[column])
        plain(axes)
        if column.endswith("loss"):
            axes.set_yscale("log")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    captions = ["Training loss and accuracy" + (", and those of the validation images" if rows > 1 else "")]
    captions.append("mean over the seeds, band from lowest to highest.")
    return Picture(figure, ": ".join(captions), _curves_alternative(groups, columns))


def _training_name(wording: Wording, row: pd.Series, trained: Sequence[str]) -> str:
    return ", ".join(wording.level(name, row[name]) for name in trained) or "all cells"


def _draw_curve(axes: Axes, by_epoch: pd.api.typing.SeriesGroupBy, name: str, number: int) -> None:
    mean = by_epoch.mean()
    colour = COLOURS[number % len(COLOURS)]
    axes.plot(
        mean.index,
        mean,
        label=escape.figure(name),
        linewidth=1.5,
        color=colour,
        linestyle=STYLES[number % len(STYLES)],
        marker=MARKERS[number // len(STYLES) % len(MARKERS)],
        markersize=4,
    )
    axes.fill_between(mean.index, by_epoch.min(), by_epoch.max(), color=colour, alpha=0.15, linewidth=0)


def _curves_alternative(groups: dict[str, pd.DataFrame], columns: Sequence[str]) -> str:
    """Say where each curve begins and ends."""
    texts = []
    for name, curves in groups.items():
        means = curves.groupby("epoch")[list(columns)].mean()
        ends = [
            f"{CURVES[column].split(' (')[0]} {means[column].iloc[0]:.2f} to {means[column].iloc[-1]:.2f}"
            for column in columns
        ]
        texts.append(f"{name}: {', '.join(ends)}")
    return f"Curves from the first to the last epoch. {'; '.join(texts)}."


def confusions(suite: Suite) -> Picture:
    """Draw the confusion matrices of the base and the best cell, over all seeds, as shares of each row."""
    best = suite.finished.groupby("cell")["accuracy"].mean().idxmax()
    chosen = dict.fromkeys(filter(None, [suite.base_cell, best]))
    styles = [style["style"] for style in suite.about["data"]["styles"]]
    figure = new_figure(1.6 + 5.2 * len(chosen), 6.4)
    texts = []
    for axes, cell in zip(figure.subplots(1, len(chosen), squeeze=False)[0], chosen, strict=True):
        roles = " and ".join(
            role for role, name in (("base", suite.base_cell), ("best", best)) if name == cell
        )
        answers = suite.answers[suite.answers["cell"] == cell]
        picture = _confusion(axes, answers, styles, f"{roles} cell: {cell}")
        texts.append(f"{roles} cell, {cell}: {_frequent_errors(answers)}")
    figure.colorbar(picture, ax=figure.axes, shrink=0.5, label="percent of the style's answers")
    return Picture(figure, "Confusion matrices, all seeds together.", f"Confusions. {'; '.join(texts)}.")


def _confusion(axes: Axes, answers: pd.DataFrame, styles: Sequence[str], title: str) -> AxesImage:
    table = pd.crosstab(answers["truth"], answers["prediction"]).reindex(
        index=styles, columns=styles, fill_value=0
    )
    shares = 100 * table.div(table.sum(axis=1).clip(lower=1), axis=0)
    picture = axes.imshow(shares, cmap="cividis", vmin=0, vmax=100)
    names = [escape.figure(style.replace("_", " ")) for style in styles]
    axes.set_xticks(range(len(styles)), names, rotation=90, fontsize=6)
    axes.set_yticks(range(len(styles)), names, fontsize=6)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_title(escape.figure(title), fontsize=9)
    return picture


def _frequent_errors(answers: pd.DataFrame, limit: int = 3) -> str:
    """Name the most frequent confusions of two styles."""
    wrong = answers[answers["truth"] != answers["prediction"]]
    counts = wrong.groupby(["truth", "prediction"]).size()  # in the order of the names, also where equal
    pairs = counts.sort_values(ascending=False, kind="stable").head(limit)
    texts = [f"{truth} taken for {answer} {count} times" for (truth, answer), count in pairs.items()]
    return ", ".join(texts) or "no error"
