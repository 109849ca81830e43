"""Tables of a report as text: cells, effects, images, comparisons; as Markdown, CSV and LaTeX."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ablations.process import escape
from ablations.process.names import METRICS
from ablations.process.terminal import one_line
from summary.analysis import Analysis, Measure
from summary.analysis.verdicts import after_looks
from summary.suite import Suite

ON_TEST_SET, SIMULTANEOUS = "95 % on this test set", "all effects together"


def on_new(measure: Measure) -> str:
    """Name the column of the interval that decides: ``"95 % on new images"``."""
    return f"95 % {measure.on_new}"


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


def effects_table(analysis: Analysis, looks: int = 1) -> pd.DataFrame:
    """Tabulate the effects on what is compared; those that are not estimable with the reason.

    If they have been looked at ``looks`` times, with more seeds each time, p times that stands beside p.
    """
    effects = of_measure(analysis.effects, analysis)
    estimated = effect_rows(effects, analysis.measure)
    if looks > 1:
        after = [p_text(p) for p in after_looks(effects["p_holm"], looks)]
        estimated.insert(estimated.columns.get_loc("p (Holm)") + 1, f"p x {looks} looks", after)
    not_estimable = pd.DataFrame(
        [
            {"effect": effect_name(row), points(analysis.measure): "not estimable", "note": row["reason"]}
            for _, row in analysis.not_estimable.iterrows()
        ]
    )
    table = pd.concat([estimated, not_estimable], ignore_index=True).fillna("")
    return table if table["note"].any() else table.drop(columns="note")


def of_measure(effects: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """Select the rows of effects on what is compared, without those on other metrics."""
    return effects[effects["metric"] == analysis.measure.name]


def points(measure: Measure) -> str:
    """Name the column of the effects: ``"points"``, or the score."""
    return measure.unit.strip() or measure.name


def effect_rows(effects: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Format rows of `Analysis.effects` or `Analysis.partial`, which have no verdict."""
    intervals = [ON_TEST_SET, on_new(measure), SIMULTANEOUS]
    columns = [
        *("effect", points(measure), "verdict", *intervals),
        *("p (Holm)", "detectable", "right sign", "runs", "note"),
    ]
    rows = pd.DataFrame([_effect_row(row, measure) for _, row in effects.iterrows()], columns=columns)
    return rows if measure.items else rows.drop(columns=ON_TEST_SET)  # which would say the same


def _effect_row(row: pd.Series, measure: Measure) -> dict[str, str]:
    confounded = f"confounded with {row['aliases']}" if row["aliases"] else ""
    digits = measure.digits
    return {
        "effect": effect_name(row),
        points(measure): f"{row['estimate']:+.{digits}f}",
        "verdict": row["verdict"],
        ON_TEST_SET: bracket(row["low_run"], row["high_run"], digits),
        on_new(measure): bracket(row["low"], row["high"], digits),
        SIMULTANEOUS: bracket(row["low_simultaneous"], row["high_simultaneous"], digits),
        "p (Holm)": p_text(row["p_holm"]),
        "detectable": number(row["detectable"], f"{{:.{digits}f}}"),
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
            "95 % on new images": bracket(row["low"], row["high"]),
            "p": p_text(row["p"]),
            "runs": str(row["runs"]),
            "note": row["note"],
        }
        for _, row in comparison.iterrows()
    ]
    return pd.DataFrame(rows)


def bracket(low: float, high: float, digits: int = 1) -> str:
    """Format an interval: ``"[+3.9, +8.3]"``; a dash where there is none."""
    return "–" if np.isnan(low) else f"[{low:+.{digits}f}, {high:+.{digits}f}]"


def p_text(p: float) -> str:
    """Format a p-value: ``"0.012"``, ``"< 0.001"``; a dash where there is none."""
    return "–" if np.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def number(value: float, pattern: str) -> str:
    """Format a number; a dash where there is none."""
    return "–" if np.isnan(value) else pattern.format(value)


def effects_caption(measure: Measure) -> str:
    """Describe the table of the effects."""
    unit = "Percentage points of accuracy." if measure.is_share else f"In the unit of {measure.name}."
    intervals = (
        "The first interval holds for other seeds on this test set, the second for other seeds "
        f"{measure.on_new}, the third for those of all effects together: with p"
        if measure.items
        else "There is one number for each run, so that nothing is known of other test items. The first "
        "interval holds for other seeds, the second for those of all effects together: with p"
    )
    return (
        f"{unit} {intervals}, which is corrected by Holm over the rows, it decides the verdict. "
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
