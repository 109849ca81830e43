"""Figures of a report. Their colours differ in lightness, for colour-blind readers and grey prints."""

from collections.abc import Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ablations.process import escape
from ablations.process.names import METRICS
from summary.analysis import Analysis
from summary.analysis.contrasts import READING
from summary.analysis.verdicts import is_certain
from summary.report.tables import effect_name, of_measure
from summary.suite import Suite

matplotlib.rcParams["svg.hashsalt"] = "wikiart-ablations"  # equal figures are equal files

INK, SOFT = "#1b1b1b", "#8a8a8a"
# Okabe and Ito 2008, Color Universal Design; ordered so that neighbours differ in lightness as well.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#777777")
STYLES = ("-", "--", "-.", ":")


def forest(analysis: Analysis) -> Figure:
    """Draw the effects with their two intervals."""
    measure = analysis.measure
    groups = _groups(of_measure(analysis.effects, analysis))
    heights = [len(group) + 1.2 for group in groups]
    figure = _figure(8.5, 0.42 * sum(heights) + 0.9)
    panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, group in zip(panels, groups, strict=True):
        _forest_panel(axes, group, measure.digits)
    name = escape.figure(measure.name)
    panels[-1].set_xlabel(f"percentage points of {name}" if measure.is_share else name)
    handles = [
        panels[0].plot([], [], color=INK, linewidth=4, alpha=0.35)[0],
        panels[0].plot([], [], color=INK, linewidth=1.4)[0],
        panels[0].plot([], [], color=INK, linewidth=0.9, linestyle=":")[0],
    ]
    figure.legend(
        handles,
        ["95 % on this test set", f"95 % {measure.on_new}", "95 % for all effects together"],
        loc="outside upper left",
        ncols=3,
        frameon=False,
    )
    return figure


def _groups(effects: pd.DataFrame) -> list[pd.DataFrame]:
    """Split effects by their scale: each evaluate-stage factor apart, then all others."""
    is_reading = effects["kind"] == READING
    readings = [group for _, group in effects[is_reading].groupby("factor", sort=False)]
    return [group for group in (*readings, effects[~is_reading]) if len(group)]


def _forest_panel(axes: Axes, group: pd.DataFrame, digits: int) -> None:
    for height, (_, row) in enumerate(group.iterrows()):
        suffix = "_items" if np.isnan(row["low"]) else ""
        low, high = row[f"low{suffix}"], row[f"high{suffix}"]
        axes.plot(
            [row["low_run"], row["high_run"]],
            [height, height],
            color=INK,
            linewidth=6,
            alpha=0.25,
            solid_capstyle="butt",
        )
        axes.plot([low, high], [height, height], color=INK, linewidth=1.4, solid_capstyle="butt")
        together = [row["low_simultaneous"], row["high_simultaneous"]]
        axes.plot(together, [height, height], color=INK, linewidth=0.9, linestyle=":")
        fill = INK if is_certain(row["verdict"]) else "white"
        axes.plot(row["estimate"], height, "o", color=INK, markerfacecolor=fill, markersize=6)
        axes.annotate(
            f"{row['estimate']:+.{digits}f}",
            (row["estimate"], height),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.set_yticks(
        range(len(group)), [escape.figure(effect_name(row)) for _, row in group.iterrows()], fontsize=9
    )
    axes.set_ylim(len(group) - 0.4, -0.8)
    _plain(axes)


def per_class(suite: Suite) -> Figure:
    """Draw the accuracy of each style (rows, with its number of test images) in each cell (columns)."""
    answers = suite.answers
    correct = answers["truth"] == answers["prediction"]
    accuracy = correct.groupby([answers["truth"], answers["cell"]]).mean().unstack()  # noqa: PD010 (a series)
    cells = [cell for cell in suite.displayed_cells if cell in accuracy.columns]
    accuracy = accuracy[cells]
    counts = answers.drop_duplicates("item")["truth"].value_counts()
    figure = _figure(2.8 + 0.44 * len(cells), 1.6 + 0.24 * len(accuracy))
    axes = figure.subplots()
    picture = axes.imshow(100 * accuracy, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    names = [_style_name(style, counts[style]) for style in accuracy.index]
    axes.set_yticks(range(len(accuracy)), names, fontsize=8)
    axes.set_xticks(range(len(cells)), list(map(escape.figure, cells)), rotation=90, fontsize=8)
    axes.set_xlabel(f"cell: {', '.join(suite.factors)}")
    axes.set_ylabel("style (test images)")
    for (row, column), share in np.ndenumerate(accuracy.to_numpy()):
        colour = "white" if share < 0.5 else "black"
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=6, color=colour)
    figure.colorbar(picture, ax=axes, label="answered right, percent, mean over the seeds", shrink=0.6)
    return figure


def learning_curves(suite: Suite) -> Figure:
    """Draw training loss and accuracy by epoch: mean over the seeds, and the band from lowest to highest.

    Cells that are read from the same trainings are drawn once.
    """
    trained = [factor.name for factor in suite.design.trained]
    curves = suite.curves.drop_duplicates([*trained, "seed", "epoch"])
    curves = curves.assign(name=curves[trained].agg(", ".join, axis=1) if trained else "all cells")
    figure = _figure(9, 4)
    panels = figure.subplots(1, 2)
    for number, (name, replicates) in enumerate(curves.groupby("name", sort=False)):
        style = {"color": COLOURS[number % len(COLOURS)], "linestyle": STYLES[number // 2 % len(STYLES)]}
        for axes, column in zip(panels, ("loss", "accuracy"), strict=True):
            by_epoch = replicates.groupby("epoch")[column]
            mean = by_epoch.mean()
            axes.plot(mean.index, mean, label=escape.figure(name), linewidth=1.5, **style)
            axes.fill_between(
                mean.index, by_epoch.min(), by_epoch.max(), color=style["color"], alpha=0.15, linewidth=0
            )
    for axes, label in zip(panels, ("training loss (log scale)", "training accuracy"), strict=True):
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        _plain(axes)
    panels[0].set_yscale("log")
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        fontsize=8,
        frameon=False,
        title=", ".join(trained),
        title_fontsize=8,
    )
    return figure


def confusions(suite: Suite) -> Figure:
    """Draw the confusion matrices of the base and the best cell, over all seeds, as shares of each row."""
    best = suite.finished.groupby("cell")["accuracy"].mean().idxmax()
    chosen = dict.fromkeys(filter(None, [suite.base_cell, best]))
    styles = [style["style"] for style in suite.about["data"]["styles"]]
    figure = _figure(1.6 + 5.2 * len(chosen), 6.4)
    for axes, cell in zip(figure.subplots(1, len(chosen), squeeze=False)[0], chosen, strict=True):
        roles = " and ".join(
            role for role, name in (("base", suite.base_cell), ("best", best)) if name == cell
        )
        answers = suite.answers[suite.answers["cell"] == cell]
        picture = _confusion(axes, answers, styles, f"{roles} cell: {cell}")
    figure.colorbar(picture, ax=figure.axes, shrink=0.5, label="percent of the style's answers")
    return figure


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
    axes.set_title(escape.figure(title), fontsize=10)
    return picture


def per_class_effects(analysis: Analysis) -> Figure:
    """Draw the main effects on each style; without an interval where a style has few test images."""
    table = analysis.per_class
    effects = list(dict.fromkeys(zip(table["factor"], table["level"], table["reference"], strict=True)))
    styles = table.drop_duplicates("class")
    figure = _figure(2.4 + 2.6 * len(effects), 1.4 + 0.22 * len(styles))
    panels = figure.subplots(1, len(effects), sharey=True, squeeze=False)[0]
    for axes, (factor, level, reference) in zip(panels, effects, strict=True):
        rows = table[(table["factor"] == factor) & (table["level"] == level)].reset_index()
        axes.hlines(rows.index, rows["low"], rows["high"], color=INK, linewidth=1)
        known, unknown = rows[rows["low"].notna()], rows[rows["low"].isna()]
        axes.plot(known["estimate"], known.index, "o", color=INK, markersize=4)
        axes.plot(unknown["estimate"], unknown.index, "o", color=SOFT, markerfacecolor="white", markersize=4)
        axes.axvline(0, color=SOFT, linewidth=0.8)
        change = escape.figure(f"{level} instead of {reference}")
        axes.set_title(f"{escape.figure(factor)}\n{change}", fontsize=9)
        axes.set_xlabel("points")
        _plain(axes)
    names = list(map(_style_name, styles["class"], styles["items"]))
    panels[0].set_yticks(range(len(names)), names, fontsize=8)
    panels[0].invert_yaxis()
    return figure


def metrics_panel(analysis: Analysis) -> Figure:
    """Draw the main effects in each metric, side by side."""
    effects = analysis.effects[analysis.effects["kind"] != "interaction"]
    groups, metrics = _groups(effects), effects["metric"].unique()
    heights = [len(group) / len(metrics) + 1.2 for group in groups]
    figure = _figure(9, 0.45 * sum(heights) + 0.6)
    panels = figure.subplots(len(groups), len(metrics), sharey="row", squeeze=False, height_ratios=heights)
    for row, group in zip(panels, groups, strict=True):
        for axes, (_, rows) in zip(row, group.groupby("metric", sort=False), strict=True):
            _forest_panel(axes, rows, 1)
    for metric, top, bottom in zip(metrics, panels[0], panels[-1], strict=True):
        top.set_title(METRICS[metric], fontsize=9)
        bottom.set_xlabel("points")
    return figure


def _style_name(style: str, test_images: int) -> str:
    return f"{escape.figure(style.replace('_', ' '))} ({test_images})"


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
