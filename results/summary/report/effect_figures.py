"""Figures of the effects: on what is compared, on every metric, on every style."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ablations.process import escape
from ablations.process.names import METRICS
from summary.analysis import Analysis, Measure
from summary.analysis.verdicts import is_certain
from summary.report.drawing import INK, SOFT, Picture, new_figure, plain, style_name
from summary.report.formats import bracket
from summary.report.tables import of_measure, on_new
from summary.report.wording import Wording, has_one_seed, verdict

LABEL = 34  #: characters of an effect's name in a line
#: of the intervals
THIS_TEST_SET: dict[str, Any] = {"color": INK, "linewidth": 6, "alpha": 0.25, "solid_capstyle": "butt"}
NEW: dict[str, Any] = {"color": INK, "linewidth": 1.4, "solid_capstyle": "butt"}
TOGETHER: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": ":"}
TRAININGS: dict[str, Any] = {"color": INK, "linewidth": 1.2, "linestyle": "--"}
MARKERS = (
    "Filled: raises or lowers. Half filled: probably. Open circle: cannot tell. Diamond: smaller than the "
    "margin."
)
ONE_SEED_MARKER = "Square with a broken line: one seed, the interval holds for these very trainings alone."


def forest(analysis: Analysis, wording: Wording) -> Picture:
    """Draw the effects on what is compared, all on one scale, with their intervals and verdicts."""
    effects, measure = of_measure(analysis.effects, analysis), analysis.measure
    heights = _heights(effects)
    figure = new_figure(9, 0.44 * (heights[-1] + 1) + 1.3)
    axes = figure.subplots()
    _draw_effects(axes, effects, heights, measure.digits)
    _label_rows(axes, effects, heights, wording)
    for height, (_, row) in zip(heights, effects.iterrows(), strict=True):
        axes.annotate(
            verdict(row),
            (1.01, height),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    name = escape.figure(measure.words)
    axes.set_xlabel(f"effect, in percentage points of {name}" if measure.is_share else f"effect on {name}")
    figure.legend(
        handles=_legend(effects, measure), loc="outside upper left", ncols=2, frameon=False, fontsize=9
    )
    return Picture(figure, _forest_caption(effects, measure), _forest_alternative(effects, measure, wording))


def _heights(effects: pd.DataFrame) -> list[float]:
    """Return where the rows stand, from the top: with a gap wherever another kind of effect begins."""
    gaps = (effects["kind"] != effects["kind"].shift()).cumsum() - 1
    return [float(height) for height in np.arange(len(effects)) + 0.5 * gaps]


def _label_rows(axes: Axes, effects: pd.DataFrame, heights: list[float], wording: Wording) -> None:
    names = [escape.figure(wording.effect(row)) for _, row in effects.iterrows()]
    axes.set_yticks(heights, [textwrap.fill(name, LABEL) for name in names], fontsize=9)
    axes.set_ylim(heights[-1] + 0.6, -0.8)


def _draw_effects(axes: Axes, effects: pd.DataFrame, heights: list[float], digits: int) -> None:
    for height, (_, row) in zip(heights, effects.iterrows(), strict=True):
        for style, ends in _intervals(row):
            axes.plot(ends, [height, height], **style)
        axes.plot(row["estimate"], height, **_marker(row))
        axes.annotate(
            f"{row['estimate']:+.{digits}f}",
            (row["estimate"], height),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.axvline(0, color=SOFT, linewidth=0.8)
    plain(axes)


def _intervals(row: pd.Series) -> list[tuple[dict[str, Any], list[float]]]:
    """List the intervals that an effect has: (style, ends)."""
    if has_one_seed(row):
        return [(TRAININGS, [row["low_items"], row["high_items"]])]  # NaN, not drawn, if there are no items
    suffixes = ((THIS_TEST_SET, "_run"), (TOGETHER, "_simultaneous"), (NEW, ""))
    return [(style, [row[f"low{suffix}"], row[f"high{suffix}"]]) for style, suffix in suffixes]


def _marker(row: pd.Series) -> dict[str, Any]:
    """Return the marker of an effect, which tells its verdict."""
    marker = {"color": INK, "markersize": 7, "linestyle": "", "marker": "o", "markerfacecolor": "white"}
    if has_one_seed(row):
        return {**marker, "marker": "s"}
    if is_certain(row["verdict"]):
        return {**marker, "markerfacecolor": INK}
    if row["verdict"].startswith("probably"):
        return {**marker, "fillstyle": "left", "markerfacecolor": INK, "markerfacecoloralt": "white"}
    return {**marker, "marker": "D"} if row["verdict"].startswith("smaller") else marker


def _legend(effects: pd.DataFrame, measure: Measure) -> list[Line2D]:
    """Return the entries of the legend for the intervals that are drawn."""
    one_seed = [has_one_seed(row) for _, row in effects.iterrows()]
    entries = []
    if not all(one_seed):
        this = "95 % on this test set" if measure.items else "95 % for other seeds"
        entries = [(THIS_TEST_SET, this), (NEW, on_new(measure)), (TOGETHER, "95 % for all effects together")]
    if any(one_seed) and measure.items:
        entries.append((TRAININGS, f"95 % {measure.on_new}, for these trainings alone (one seed)"))
    return [Line2D([], [], label=label, **style) for style, label in entries]


def _forest_caption(effects: pd.DataFrame, measure: Measure) -> str:
    one_seed = [has_one_seed(row) for _, row in effects.iterrows()]
    parts = [f"Effects on {measure.words} with 95 % intervals."]
    parts += [] if all(one_seed) else [MARKERS]
    return " ".join(parts + ([ONE_SEED_MARKER] if any(one_seed) else []))


def _forest_alternative(effects: pd.DataFrame, measure: Measure, wording: Wording) -> str:
    """Say of each effect what the figure shows."""
    lines = []
    for _, row in effects.iterrows():
        suffix = "_items" if has_one_seed(row) else ""
        ends = bracket(row[f"low{suffix}"], row[f"high{suffix}"], measure.digits)
        size = f"{row['estimate']:+.{measure.digits}f}{measure.unit}"
        lines.append(f"{wording.effect(row)}: {size} {ends}, {verdict(row)}")
    return f"Effects on {measure.words}. {'; '.join(lines)}."


def metrics_panel(analysis: Analysis, wording: Wording) -> Picture:
    """Draw the main effects in each metric, side by side on one scale."""
    effects = analysis.effects[analysis.effects["kind"] != "interaction"]
    metrics = dict(list(effects.groupby("metric", sort=False)))
    first = next(iter(metrics.values()))
    heights = _heights(first)
    figure = new_figure(9.5, 1.2 + 0.5 * (heights[-1] + 1))
    panels = figure.subplots(1, len(metrics), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (metric, rows) in zip(panels, metrics.items(), strict=True):
        _draw_effects(axes, rows, heights, 1)
        axes.set_title(METRICS[metric], fontsize=9)
        axes.set_xlabel("effect, in points", fontsize=9)
    _label_rows(panels[0], first, heights, wording)
    texts = [
        f"{METRICS[row['metric']]}, {wording.effect(row)}: {row['estimate']:+.1f} ({verdict(row)})"
        for _, row in effects.iterrows()
    ]
    caption = "The main effects on each metric. Balanced accuracy and macro-F1 weigh every style alike."
    return Picture(figure, caption, f"Main effects in points. {'; '.join(texts)}.")


def per_class_effects(analysis: Analysis, wording: Wording) -> Picture:
    """Draw the main effects on each style; without an interval where a style has few test images."""
    table = analysis.per_class
    styles = table.drop_duplicates("class")
    names = list(map(style_name, styles["class"], styles["items"]))
    figure, texts = _effects_on_parts(table, "class", names, wording)
    figure.axes[0].set_ylabel("style (test images)", fontsize=9)
    caption = (
        "Effects on every style, with 95 % intervals on new images. Exploratory: not corrected for their "
        "number. Open circles: fewer than 5 test images, too few to tell."
    )
    alternative = f"Effects on each style, in points. Interval without zero: {'; '.join(texts)}."
    return Picture(figure, caption, alternative)


def per_group_effects(analysis: Analysis, wording: Wording) -> Picture:
    """Draw the main effects on groups of styles by their number of training images, the rarest first."""
    table = analysis.per_group
    groups = table.drop_duplicates("group")
    names = list(map(style_name, groups["group"], groups["items"]))
    figure, texts = _effects_on_parts(table, "group", names, wording)
    figure.axes[0].set_ylabel("training images\nof a style\n(test images)", fontsize=9)
    caption = (
        "Effects on the accuracy of groups of styles, by a style's number of training images, with 95 % "
        "intervals on new images: what a change does for rare styles. Exploratory: not corrected for their "
        "number."
    )
    alternative = f"Effects on groups of styles, in points. Interval without zero: {'; '.join(texts)}."
    return Picture(figure, caption, alternative)


def _effects_on_parts(
    table: pd.DataFrame, part: str, names: list[str], wording: Wording
) -> tuple[Figure, list[str]]:
    """Draw each effect (a panel) on each part of the items (a row), in the order of ``names``.

    Returns the figure and, for each effect, the parts whose interval excludes zero, in words.
    """
    effects = [rows.reset_index() for _, rows in table.groupby(["factor", "level"], sort=False)]
    figure = new_figure(2.6 + 2.4 * len(effects), 1.6 + 0.22 * max(4, len(names)))
    panels = figure.subplots(1, len(effects), sharex=True, sharey=True, squeeze=False)[0]
    texts = []
    for axes, rows in zip(panels, effects, strict=True):
        axes.hlines(rows.index, rows["low"], rows["high"], color=INK, linewidth=1)
        known, unknown = rows[rows["low"].notna()], rows[rows["low"].isna()]
        axes.plot(known["estimate"], known.index, "o", color=INK, markersize=4)
        axes.plot(unknown["estimate"], unknown.index, "o", color=SOFT, markerfacecolor="white", markersize=4)
        axes.axvline(0, color=SOFT, linewidth=0.8)
        name = wording.effect(rows.iloc[0])
        axes.set_title(textwrap.fill(escape.figure(name), 24), fontsize=9)
        axes.set_xlabel("effect, in points", fontsize=9)
        plain(axes)
        certain = known[(known["low"] > 0) | (known["high"] < 0)]
        named = ", ".join(f"{row[part]} {row['estimate']:+.1f}" for _, row in certain.iterrows())
        texts.append(f"{name}: {named or 'none'}")
    panels[0].set_yticks(range(len(names)), names, fontsize=8)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    return figure, texts
