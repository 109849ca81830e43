"""Tables of a report: effects, cells, images, comparisons. Texts for people, and numbers for programs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from ablations.process.names import METRICS
from ablations.process.wording import count
from summary.analysis import Analysis, Measure
from summary.analysis.verdicts import after_looks
from summary.report.formats import bracket, number, p_text
from summary.report.wording import NOT_ESTIMABLE, Wording, has_one_seed, verdict
from summary.suite import Suite

ON_TEST_SET, SIMULTANEOUS = "95 % on this test set", "all effects together"
THESE_TRAININGS = "95 % for these trainings alone"
AFTER_LOOKS = "p × {} looks"  #: name of a column


@dataclass(frozen=True)
class Table:
    """A table of a report."""

    text: pd.DataFrame  #: as it is printed
    caption: str
    numbers: pd.DataFrame = field(default_factory=pd.DataFrame)  #: as a program reads it; may have more rows


def of_measure(effects: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """Select the rows of effects on what is compared, without those on other metrics."""
    return effects[effects["metric"] == analysis.measure.name]


def points(measure: Measure) -> str:
    """Name the column of the effects: ``"points"``, or the score."""
    return measure.unit.strip() or measure.words


def on_new(measure: Measure) -> str:
    """Name the column of the interval that decides: ``"95 % on new images"``."""
    return f"95 % {measure.on_new}"


def effects_table(analysis: Analysis, wording: Wording) -> Table:
    """Tabulate the effects on what is compared: size, the interval that decides, verdict."""
    effects, measure = of_measure(analysis.effects, analysis), analysis.measure
    one_seed = effects.apply(has_one_seed, axis=1).astype(bool) if len(effects) else pd.Series(dtype=bool)
    rows = [
        {
            "effect": wording.effect(row),
            points(measure): f"{row['estimate']:+.{measure.digits}f}",
            on_new(measure): bracket(row["low"], row["high"], measure.digits),
            THESE_TRAININGS: _these_trainings(row, measure),
            "verdict": verdict(row),
        }
        for _, row in effects.iterrows()
    ]
    nothing = dict.fromkeys((points(measure), on_new(measure), THESE_TRAININGS), "–")
    for _, row in analysis.not_estimable.iterrows():
        rows.append({"effect": wording.effect(row), **nothing, "verdict": NOT_ESTIMABLE})
    text = pd.DataFrame(rows)
    # With one seed the interval holds for something else and has a column of its own.
    left_out = [] if one_seed.any() and measure.items else [THESE_TRAININGS]
    left_out += [on_new(measure)] if len(effects) and one_seed.all() else []
    text = text.drop(columns=left_out, errors="ignore")
    return Table(text, effects_caption(analysis, one_seed), effects_numbers(analysis, wording))


def _these_trainings(row: pd.Series, measure: Measure) -> str:
    return bracket(row["low_items"], row["high_items"], measure.digits) if has_one_seed(row) else "–"


def effects_caption(analysis: Analysis, one_seed: pd.Series) -> str:
    """Describe the table of the effects."""
    measure = analysis.measure
    unit = f"Percentage points of {measure.words}" if measure.is_share else f"In the unit of {measure.words}"
    parts = [f"{unit}, with the number of effects counted in the verdict."]
    if not one_seed.all():
        parts.append(f"The interval holds for other seeds {measure.on_new}." if measure.items else "")
    if one_seed.any() and measure.items:
        parts.append(f"With one seed the interval {measure.on_new} holds for these very trainings alone.")
    if not analysis.not_estimable.empty:
        parts.append("Not estimable: a cell that the effect needs has no finished run.")
    return " ".join(filter(None, parts))


def details_table(analysis: Analysis, wording: Wording, looks: int = 1) -> Table:
    """Tabulate what else is known of the effects.

    If they have been looked at ``looks`` times, with more seeds each time, p times that stands beside p.
    """
    effects, measure = of_measure(analysis.effects, analysis), analysis.measure
    rows = [_details(row, wording, measure, looks) for _, row in effects.iterrows()]
    rows += [
        {"effect": wording.effect(row), "note": row["reason"]} for _, row in analysis.not_estimable.iterrows()
    ]
    text = pd.DataFrame(rows).fillna("–")
    if looks < 2:
        text = text.drop(columns=AFTER_LOOKS.format(looks), errors="ignore")
    if not measure.items:  # this interval is the one that decides
        text = text.drop(columns=ON_TEST_SET, errors="ignore")
    if "note" in text and not text["note"].any():
        text = text.drop(columns="note")
    return Table(text, details_caption(measure))


def _details(row: pd.Series, wording: Wording, measure: Measure, looks: int) -> dict[str, str]:
    digits = measure.digits
    confounded = f"confounded with {row['aliases']}" if row["aliases"] else ""
    return {
        "effect": wording.effect(row),
        ON_TEST_SET: bracket(row["low_run"], row["high_run"], digits),
        SIMULTANEOUS: bracket(row["low_simultaneous"], row["high_simultaneous"], digits),
        "p (Holm)": p_text(row["p_holm"]),
        AFTER_LOOKS.format(looks): p_text(after_looks(row["p_holm"], looks)),
        "detectable": number(row["detectable"], f"{{:.{digits}f}}"),
        "right sign": number(100 * row["sign_probability"], "{:.0f} %"),
        "runs": str(row["runs"]),
        "note": "; ".join(filter(None, [confounded, row["note"]])),
    }


def partial_table(analysis: Analysis, wording: Wording) -> Table | None:
    """Tabulate, of effects that are not estimable, the means over the settings that did run."""
    effects, measure = of_measure(analysis.partial, analysis), analysis.measure
    if effects.empty:
        return None
    rows = [
        {
            "effect": wording.effect(row),
            points(measure): f"{row['estimate']:+.{measure.digits}f}",
            on_new(measure): bracket(row["low"], row["high"], measure.digits),
            "runs": str(row["runs"]),
        }
        for _, row in effects.iterrows()
    ]
    caption = "Means over the settings that did run: exploratory, outside the correction."
    return Table(pd.DataFrame(rows), caption)


def details_caption(measure: Measure) -> str:
    """Describe the table of what else is known of the effects."""
    on_test_set = "The first interval holds for other seeds on this test set. " if measure.items else ""
    return (
        f"{on_test_set}The interval for all effects together and p, corrected by Holm over the rows, "
        "decide the verdict. Detectable: the smallest effect that this design finds with 80 % power. Right "
        "sign: the probability that one single run of each would have shown the sign."
    )


def effects_numbers(analysis: Analysis, wording: Wording) -> pd.DataFrame:
    """Tabulate the effects on all metrics for programs: the columns of `Analysis.effects`, with units."""
    measure = analysis.measure
    effects = analysis.effects.round(measure.digits + 3)
    ends = [name for name in effects if name.startswith(("low", "high"))]
    unit = "points" if measure.is_share else "score"
    renamed = effects.rename(columns={name: f"{name}_{unit}" for name in ["estimate", *ends, "detectable"]})
    renamed["verdict"] = [verdict(row) for _, row in effects.iterrows()]
    renamed.insert(0, "effect", [wording.effect(row) for _, row in effects.iterrows()])
    return renamed


def cells_table(suite: Suite) -> Table:
    """Tabulate the cells that are displayed; the numbers are of all cells."""
    by_factor = cells_by_factor(suite, suite.displayed_cells)
    text = by_factor.drop(columns=suite.factors)
    caption = displayed_cells_caption(suite)
    return Table(text, caption, cells_numbers(suite))


def cells_by_factor(suite: Suite, cells: Sequence[str] | None = None) -> pd.DataFrame:
    """Tabulate the cells: name, factors, number of seeds, mean and spread of each metric in percent.

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
    for (cell, *levels), planned in runs.groupby(["cell", *suite.factors], sort=False):
        finished = planned.dropna(subset="run_id")
        row = {"cell": cell, **dict(zip(suite.factors, levels, strict=True))}
        complete = len(finished) == len(planned)
        row["seeds"] = str(len(planned)) if complete else f"{len(finished)} of {len(planned)}"
        row.update({name: spread(finished[key]) for key, name in METRICS.items()})
        rows.append(row)
    always = f"always {suite.about['data']['majority_style']}"
    baseline = {"cell": always, **dict.fromkeys(suite.factors, ""), suite.factors[0]: always, "seeds": ""}
    scores = baseline_scores(suite.about["data"])
    text = {name: number(100 * scores.get(key, float("nan")), "{:.1f}") for key, name in METRICS.items()}
    return pd.DataFrame([*rows, {**baseline, **text}])


def cells_numbers(suite: Suite) -> pd.DataFrame:
    """Tabulate the cells for programs: name, factors, finished and planned runs, metrics in percent."""
    rows = []
    for (cell, *levels), runs in suite.runs.groupby(["cell", *suite.factors], sort=False):
        row = {"cell": cell, **dict(zip(suite.factors, levels, strict=True))}
        row |= {"finished_runs": runs["run_id"].notna().sum(), "planned_runs": len(runs)}
        for key in METRICS:
            values = 100 * runs[key].astype(float)
            row |= {f"{key}_percent": values.mean(), f"{key}_sd_percent": values.std(ddof=1)}
        rows.append(row)
    scores = baseline_scores(suite.about["data"])
    percent = {f"{key}_percent": 100 * value for key, value in scores.items()}
    rows.append({"cell": f"always {suite.about['data']['majority_style']}", **percent})
    counts = dict.fromkeys(("finished_runs", "planned_runs"), "Int64")
    return pd.DataFrame(rows).round(4).astype(counts)


def images_table(suite: Suite) -> Table:
    """Tabulate the images of each style in both splits, with the totals."""
    table = pd.DataFrame(suite.about["data"]["styles"])
    total = {"style": "all", **{split: table[split].sum() for split in ("train", "test")}}
    table.loc[len(table)] = total
    text = table.rename(columns={"train": "training images", "test": "test images"}).astype(str)
    return Table(text, "Images of each style in the two splits.")


def baseline_scores(data: dict) -> dict[str, float]:
    """Compute the metrics (0..1) of always answering the most frequent training style."""
    tested = sum(style["test"] > 0 for style in data["styles"])
    share = data["majority_accuracy"]
    recall, f1 = float(share > 0), 2 * share / (1 + share)
    return {"accuracy": share, "balanced_accuracy": recall / tested, "macro_f1": f1 / tested}


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
        f"{count(len(suite.finished), 'run')}, design {suite.about['design']}. "
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


def comparison_table(comparison: pd.DataFrame, factors: Sequence[str], caption: str) -> Table:
    """Tabulate the rows of `summary.analysis.compare`."""
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
    units = {name: f"{name}_points" for name in comparison if name.startswith(("estimate", "low", "high"))}
    return Table(pd.DataFrame(rows), caption, comparison.rename(columns=units).round(4))
