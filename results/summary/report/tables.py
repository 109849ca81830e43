"""Tables of a report as text: cells, effects, images, comparisons; as Markdown, CSV and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ablations.process import escape
from ablations.process.names import METRICS
from ablations.process.terminal import one_line
from summary.analysis import Analysis

if TYPE_CHECKING:
    from summary.suite import Suite  # which imports MLflow

ON_TEST_SET, ON_NEW_IMAGES, SIMULTANEOUS = (
    "95 % on this test set",
    "95 % on new images",
    "all effects together",
)


def cells_table(suite: Suite, cells: Sequence[str] | None = None) -> pd.DataFrame:
    """Tabulate the cells: factors, number of seeds, and mean and spread of each metric in percent.

    The spread is the standard deviation over the seeds; a cell with one seed has none, and a
    cell without a finished run is shown as missing. The last row is the majority baseline.

    Parameters
    ----------
    suite : Suite
        Whose runs are tabulated.
    cells : sequence of str, optional
        Names of the cells; default: all.
    """
    rows = []
    runs = suite.runs if cells is None else suite.runs[suite.runs["cell"].isin(cells)]
    for levels, planned in runs.groupby(["cell", *suite.factors], sort=False):
        finished = planned.dropna(subset="run_id")
        row = dict(zip(suite.factors, levels[1:], strict=True))
        complete = len(finished) == len(planned)
        row["seeds"] = str(len(planned)) if complete else f"{len(finished)} of {len(planned)}"
        row.update({name: spread(finished[key]) for key, name in METRICS.items()})
        rows.append(row)
    data = suite.about["data"]
    baseline = {**dict.fromkeys(suite.factors, ""), suite.factors[0]: f"always {data['majority_style']}"}
    rows.append({**baseline, "seeds": "", **baseline_scores(data)})
    return pd.DataFrame(rows)


def images_table(suite: Suite) -> pd.DataFrame:
    """Tabulate the images of each style in both splits, with the totals."""
    table = pd.DataFrame(suite.about["data"]["styles"])
    total = {"style": "all", **{split: table[split].sum() for split in ("train", "test")}}
    table.loc[len(table)] = total
    return table.rename(columns={"train": "training images", "test": "test images"}).astype(str)


def baseline_scores(data: dict) -> dict[str, str]:
    """Compute the metrics of always answering the most frequent training style, in percent."""
    tested = sum(style["test"] > 0 for style in data["styles"])
    share = data["majority_accuracy"]
    recall, f1 = float(share > 0), 2 * share / (1 + share)
    values = {"accuracy": share, "balanced_accuracy": recall / tested, "macro_f1": f1 / tested}
    return {name: f"{100 * values[key]:.1f}" if key in values else "–" for key, name in METRICS.items()}


def spread(values: pd.Series) -> str:
    """Format mean and standard deviation over the seeds in percent: ``"45.1 ± 0.8"``."""
    if values.empty:
        return "missing"
    mean = f"{100 * values.mean():.1f}"
    return mean if len(values) == 1 else f"{mean} ± {100 * values.std(ddof=1):.1f}"


def cells_caption(suite: Suite) -> str:
    """Describe the table of the cells."""
    data = suite.about["data"]
    items = sum(style["test"] for style in data["styles"])
    missing = len(suite.runs) - len(suite.finished)
    sentences = [
        f"In percent, mean ± standard deviation over the seeds; {items:,} test images, "
        f"{len(suite.finished)} runs, design {suite.about['design']}. "
        f"The last row always answers {data['majority_style']}, the most frequent training style.",
    ]
    if missing:
        sentences.append(f"{missing} of {len(suite.runs)} runs are missing: not finished, or failed.")
    return " ".join(sentences)


def displayed_cells_caption(suite: Suite) -> str:
    """Describe the table of the cells that are displayed."""
    cells = suite.runs["cell"].nunique()
    if len(suite.displayed_cells) == cells:
        return cells_caption(suite)
    return (
        f"{cells_caption(suite)} Shown are the base cell and the most accurate, "
        f"{len(suite.displayed_cells)} of {cells:,} cells; table.csv has all."
    )


def effect_name(row: pd.Series) -> str:
    """Name an effect: ``"conv_layers: 3 instead of 1"``, ``"conv_layers x smote (3, on)"``."""
    if row["kind"] != "interaction":
        return f"{row['factor']}: {row['level']} instead of {row['reference']}"
    levels = row["level"].replace(" x ", ", ")
    return f"{row['factor']} ({levels})"


def effects_table(analysis: Analysis, metric: str = "accuracy") -> pd.DataFrame:
    """Tabulate the effects in percentage points; those that are not estimable with the reason."""
    estimated = effect_rows(analysis.effects[analysis.effects["metric"] == metric])
    not_estimable = pd.DataFrame(
        [
            {"effect": effect_name(row), "points": "not estimable", "note": row["reason"]}
            for _, row in analysis.not_estimable.iterrows()
        ]
    )
    table = pd.concat([estimated, not_estimable], ignore_index=True).fillna("")
    return table if table["note"].any() else table.drop(columns="note")


def effect_rows(effects: pd.DataFrame) -> pd.DataFrame:
    """Format rows of `Analysis.effects` or `Analysis.partial`, which have no verdict."""
    columns = [
        *("effect", "points", "verdict", ON_TEST_SET, ON_NEW_IMAGES, SIMULTANEOUS),
        *("p (Holm)", "detectable", "right sign", "runs", "note"),
    ]
    return pd.DataFrame([_effect_row(row) for _, row in effects.iterrows()], columns=columns)


def _effect_row(row: pd.Series) -> dict[str, str]:
    confounded = f"confounded with {row['aliases']}" if row["aliases"] else ""
    return {
        "effect": effect_name(row),
        "points": f"{row['estimate']:+.1f}",
        "verdict": row["verdict"],
        ON_TEST_SET: bracket(row["low_run"], row["high_run"]),
        ON_NEW_IMAGES: bracket(row["low"], row["high"]),
        SIMULTANEOUS: bracket(row["low_simultaneous"], row["high_simultaneous"]),
        "p (Holm)": p_text(row["p_holm"]),
        "detectable": number(row["detectable"], "{:.1f}"),
        "right sign": number(100 * row["sign_probability"], "{:.0f} %"),
        "runs": str(row["runs"]),
        "note": "; ".join(filter(None, [confounded, row["note"]])),
    }


def comparison_table(comparison: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Format the rows of `summary.analysis.compare`."""
    rows = [
        {
            **{name: row[name] for name in factors},
            "points": f"{row['estimate']:+.1f}",
            ON_TEST_SET: bracket(row["low_run"], row["high_run"]),
            ON_NEW_IMAGES: bracket(row["low"], row["high"]),
            "p": p_text(row["p"]),
            "runs": str(row["runs"]),
            "note": row["note"],
        }
        for _, row in comparison.iterrows()
    ]
    return pd.DataFrame(rows)


def bracket(low: float, high: float) -> str:
    """Format an interval: ``"[+3.9, +8.3]"``; a dash where there is none."""
    return "–" if np.isnan(low) else f"[{low:+.1f}, {high:+.1f}]"


def p_text(p: float) -> str:
    """Format a p-value: ``"0.012"``, ``"< 0.001"``; a dash where there is none."""
    return "–" if np.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def number(value: float, pattern: str) -> str:
    """Format a number; a dash where there is none."""
    return "–" if np.isnan(value) else pattern.format(value)


EFFECTS_CAPTION = (
    "Percentage points of accuracy. The first interval holds for other seeds on this test set, the second "
    "for other seeds on new images, the third for those of all effects together: with p, which is corrected "
    "by Holm over the rows, it decides the verdict. "
    "Detectable: the smallest effect that this design finds with 80 % power. Right sign: the probability "
    "that one single run of each would have shown the sign."
)


def write_table(table: pd.DataFrame, caption: str, stem: Path) -> list[Path]:
    """Write a table of text as Markdown, CSV and LaTeX; returns the files."""
    texts = {
        ".md": f"{markdown(table)}\n\n{escape.markdown(caption)}\n",
        ".csv": _escaped(table, one_line).to_csv(index=False),
        ".tex": latex(table, caption, stem.name),
    }
    files = [stem.with_suffix(suffix) for suffix in texts]
    for file in files:
        file.write_text(texts[file.suffix], encoding="utf-8")
    return files


def markdown(table: pd.DataFrame) -> str:
    """Format a table of text as Markdown."""
    return _escaped(table, escape.markdown).to_markdown(index=False, disable_numparse=True)


def latex(table: pd.DataFrame, caption: str, label: str) -> str:
    """Format a table of text as a LaTeX table environment, which needs the package booktabs."""
    caption = escape.latex(caption)
    return _escaped(table, escape.latex).to_latex(
        index=False, escape=False, caption=caption, label=f"tab:{label}"
    )


def _escaped(table: pd.DataFrame, escape_text: Callable[[str], str]) -> pd.DataFrame:
    return table.map(lambda cell: escape_text(str(cell))).rename(columns=escape_text)
