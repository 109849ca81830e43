"""From a table of answers to effects: what each change is worth, and how sure that is.

The class-order question is taken by itself, as the difference between two readings of the same
weights. The other factors are judged within one class order (``sorted``), since under the
other every cell sits at chance. Effects are differences of unweighted cell means; where they
come from: factorial.py; how sure they are: uncertainty.py; of which metrics: samples.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from summary.analysis.contrasts import Cell, Contrast, Design
from summary.analysis.responses import Question, class_order_questions, primary_order, train_question, trained_cells
from summary.analysis.samples import Runs, Sample, accuracy, macro_metrics, read_runs
from summary.analysis.uncertainty import Components, Layout, interval, p_value

POINTS = 100  # effects are printed in percentage points
FEW_ITEMS = 5  # below this a class gets no interval
NAMES = ["metric", "kind", "factor", "level", "reference", "within"]
NUMBERS = [
    *("estimate", "low_run", "high_run", "low", "high", "low_items", "high_items", "p", "p_holm"),
    *("detectable", "sign_probability", "runs", "seeds", "items", "aliases", "note"),
]


@dataclass(frozen=True)
class Analysis:
    """Everything a report needs; effects, intervals and standard deviations in percentage points.

    ``effects`` and ``partial`` have one row per (metric, effect) with the columns

    metric : "accuracy", "balanced_accuracy" or "macro_f1"
    kind : "class order", "main", "base" (one at a time: against the base cell) or "interaction"
    factor, level, reference : the effect is level minus reference; interactions join two by " x "
    within : the class order that it holds in, as "class_order=sorted"; "" if there is none
    estimate : the effect
    low_run, high_run : 95 % interval for other seeds on this test set
    low, high : 95 % interval for other seeds on new items (two-way); decides
    low_items, high_items : 95 % interval for these very trainings on new items
    p, p_holm : two-sided, of the two-way interval; Holm-corrected within the metric
    detectable : smallest effect found with 80 % power at 5 %, uncorrected
    sign_probability : that one single run per cell shows the sign of the estimate (0..1)
    runs, seeds, items : that it rests on; seeds is the smallest number in any of its cells
    aliases : half fractions: what it is confounded with
    note : what must be said beside it

    With one seed only the estimate and the interval over items are known; the rest is NaN.
    """

    effects: pd.DataFrame
    partial: pd.DataFrame  #: of effects that are not estimable: the mean over the settings that did run
    not_estimable: pd.DataFrame  #: kind, factor, level, reference, within, reason
    per_class: pd.DataFrame  #: class, items, kind .. within, estimate, low, high, note; exploratory
    power: pd.DataFrame  #: factor, level, reference, within, seeds, detectable, floor (endless seeds)
    cells: pd.DataFrame  #: factors, runs, accuracy, low, high (two-way), sd, balanced_accuracy, macro_f1
    runs: int
    items: int
    majority: tuple[str, float]  #: most frequent class, and the accuracy of always answering it, in points
    notes: tuple[str, ...]


def analyse(
    answers: pd.DataFrame,
    design: Design,
    *,
    replications: int = 1000,
    random_seed: int = 0,
    by_seed: bool | None = None,
) -> Analysis:
    """Estimate the effects of a design from its runs' answers.

    Parameters
    ----------
    answers : DataFrame
        One row per (run, test item): a column per factor, ``seed``, ``item``, ``truth``, ``prediction``.
    design : Design
        Whose cells the runs belong to.
    replications, random_seed : int
        Of the bootstrap behind balanced accuracy and macro-F1; defaults 1000 and 0.
    by_seed : bool, optional
        Let seeds (True) or trainings (False) be the independent units. Two cells trained from one
        seed share initialisation and order. What a seed does to all cells alike drops out either
        way, and large networks part as far as with another seed (Summers and Dinneen 2021,
        ICML), but a small one may owe so much to its first weights that its cells rise and fall
        together. Default: each effect is asked by itself (uncertainty.Layout), and its row says
        so where seeds are the units.

    Raises
    ------
    ValueError
        From samples.read_runs; or a run lies outside the design.
    """
    runs = read_runs(answers, [factor.name for factor in design.factors])
    trained = trained_cells(runs, design)
    primary = primary_order(runs, design)
    questions = [
        *class_order_questions(runs, design, trained),
        train_question(runs, design, trained, primary, by_seed),
    ]
    samples = {"accuracy": accuracy(runs), **macro_metrics(runs, replications, random_seed)}
    complete = [(q, c) for q in questions for c in q.contrasts if not q.missing(c)]
    lacking = [(q, c) for q in questions for c in q.contrasts if q.missing(c)]
    reduced = [(q, c.over(q.layout.labels)) for q, c in lacking if q.laid_out and design.kind == "full"]
    share = runs.support / len(runs.truth)
    return Analysis(
        effects=_holm(_table(complete, samples)),
        partial=_table(
            [(q, c) for q, c in reduced if c], samples, "mean over the settings that did run; exploratory"
        ),
        not_estimable=_not_estimable(lacking, design),
        per_class=_per_class(complete, runs),
        power=_power(complete, samples["accuracy"]),
        cells=_cells(runs, design, trained, samples),
        runs=len(runs.table),
        items=len(runs.truth),
        majority=(runs.classes[share.argmax()], float(POINTS * share.max())),
        notes=tuple(_notes(runs, design, trained, primary)),
    )


def _table(
    effects: Sequence[tuple[Question, Contrast]], samples: dict[str, Sample], remark: str = ""
) -> pd.DataFrame:
    rows = [_row(name, sample, q, c, remark) for name, sample in samples.items() for q, c in effects]
    return pd.DataFrame(rows, columns=[*NAMES, *NUMBERS])


def _row(metric: str, sample: Sample, question: Question, contrast: Contrast, remark: str) -> dict:
    estimate, parts = question.components(contrast, sample)
    response = question.sample(sample)
    counts = question.seeds(contrast)
    intervals = {
        "run": interval(estimate, parts.run, parts.df_run),
        "": interval(estimate, parts.variance, parts.df),
        "items": interval(estimate, parts.item, parts.df_item),
    }
    ends = {
        f"{end}_{name}".rstrip("_"): POINTS * value
        for name, both in intervals.items()
        for end, value in zip(("low", "high"), both, strict=True)
    }
    return {
        "metric": metric,
        **_named(question, contrast),
        "estimate": POINTS * estimate,
        **ends,
        "p": p_value(estimate, parts.variance, parts.df),
        "p_holm": np.nan,
        "detectable": POINTS * parts.detectable(),
        "sign_probability": question.layout.sign_probability(contrast, response.value, response.covariance),
        "runs": question.runs(contrast),
        "seeds": min(counts),
        "items": sample.items,
        "aliases": contrast.aliases,
        "note": "; ".join(filter(None, [remark, *_remarks(question, parts, counts)])),
    }


def _named(question: Question, contrast: Contrast) -> dict[str, str]:
    names = {name: getattr(contrast, name) for name in ("kind", "factor", "level", "reference")}
    return {**names, "within": question.within}


def _remarks(question: Question, parts: Components, counts: Sequence[int]) -> list[str]:
    said = []
    if question.paired:
        said.append("two readings of the same weights")
    elif parts.by_seed:
        said.append("runs of one seed go together: seeds, not trainings, are the units")
    if np.isnan(parts.variance):
        said.append(
            "too few seeds: interval over items only, for these very trainings; silent on other seeds"
        )
    if min(counts) < max(counts):
        said.append(f"{min(counts)} to {max(counts)} seeds per cell; every cell weighs the same")
    return said


def _holm(table: pd.DataFrame) -> pd.DataFrame:
    """Fill ``p_holm`` within each metric, over the effects that have a p-value (Holm 1979)."""
    for _, rows in table.groupby("metric"):
        known = rows.index[rows["p"].notna()]
        if len(known):
            table.loc[known, "p_holm"] = multipletests(table.loc[known, "p"], method="holm")[1]
    return table


def _not_estimable(effects: Sequence[tuple[Question, Contrast]], design: Design) -> pd.DataFrame:
    def reason(question: Question, contrast: Contrast) -> str:
        cells = "; ".join(design.name(cell) for cell in question.missing(contrast)) or "any cell"
        orders = f" at both {contrast.reference} and {contrast.level}" if question.paired else ""
        return f"no finished run{orders} in {cells}"

    rows = [{**_named(q, c), "reason": reason(q, c)} for q, c in effects]
    return pd.DataFrame(rows, columns=[*NAMES[1:], "reason"])


def _per_class(effects: Sequence[tuple[Question, Contrast]], runs: Runs) -> pd.DataFrame:
    rows = []
    for label, count in enumerate(runs.support):
        sample = accuracy(runs, label)
        for question, contrast in effects:
            if contrast.kind == "interaction":
                continue
            estimate, parts = question.components(contrast, sample)
            low, high = (
                interval(estimate, parts.variance, parts.df) if count >= FEW_ITEMS else (np.nan, np.nan)
            )
            row = {"class": runs.classes[label], "items": int(count), **_named(question, contrast)}
            row |= {"estimate": POINTS * estimate, "low": POINTS * low, "high": POINTS * high}
            rows.append({**row, "note": "" if count >= FEW_ITEMS else "too few items to tell"})
    return pd.DataFrame(rows, columns=["class", "items", *NAMES[1:], "estimate", "low", "high", "note"])


def _power(effects: Sequence[tuple[Question, Contrast]], sample: Sample) -> pd.DataFrame:
    """Smallest detectable effects with the present seeds, twice and four times as many, and endless ones."""
    rows = []
    for question, contrast in effects:
        if contrast.kind == "interaction":
            continue
        _, parts = question.components(contrast, sample)
        seeds = float(np.mean(question.seeds(contrast)))
        floor = Components(0, parts.floor, 0, np.inf, parts.df_item).detectable()
        for times in (1, 2, 4):
            detectable = parts.with_seeds(times, seeds).detectable()
            row = {"seeds": round(times * seeds), "detectable": POINTS * detectable, "floor": POINTS * floor}
            rows.append({**_named(question, contrast), **row})
    return pd.DataFrame(rows, columns=[*NAMES[1:], "seeds", "detectable", "floor"])


def _cells(runs: Runs, design: Design, trained: Sequence[Cell], samples: dict[str, Sample]) -> pd.DataFrame:
    """One row per cell of the design, those without a finished run included."""
    order = runs.table[design.evaluated.name] if design.evaluated else [None] * len(trained)
    rows = []
    for level in dict.fromkeys(level for _, level in design.readings()):
        kept = [r for r, at in enumerate(order) if at == level]
        # No seed twice: the runs of a cell by themselves, without blocks.
        question = (
            Question((), np.eye(len(trained))[kept], Layout([trained[r] for r in kept], kept))
            if kept
            else None
        )
        cells = [cell for cell, at in design.readings() if at == level]
        rows += [{**design.levels(cell, level), **_cell_row(question, cell, samples)} for cell in cells]
    columns = ["runs", "accuracy", "low", "high", "sd", "balanced_accuracy", "macro_f1"]
    return pd.DataFrame(rows, columns=[*(factor.name for factor in design.factors), *columns])


def _cell_row(question: Question | None, cell: Cell, samples: dict[str, Sample]) -> dict:
    if question is None or cell not in question.layout.labels:
        return {"runs": 0}
    contrast = Contrast("cell", "", "", "", ({cell: 1},))
    mean, parts = question.components(contrast, samples["accuracy"])
    low, high = interval(mean, parts.variance, parts.df)
    own = question.layout.weights(contrast) > 0
    values = (question.transform @ samples["accuracy"].value)[own]
    others = {
        name: question.components(contrast, samples[name])[0] for name in ("balanced_accuracy", "macro_f1")
    }
    numbers = {"accuracy": mean, "low": low, "high": high, **others}
    spread = values.std(ddof=1) if len(values) > 1 else np.nan
    return {"runs": len(values), **{k: POINTS * v for k, v in {**numbers, "sd": spread}.items()}}


def _notes(runs: Runs, design: Design, trained: Sequence[Cell], primary: str | None) -> list[str]:
    said = []
    held = primary if primary is not None else (design.base or {}).get("class_order")
    if held == "unsorted":
        said.append(
            "class_order is only unsorted: the effects hold within it, where every cell sits near chance"
        )
    if absent := [design.name(cell) for cell in design.cells() if cell not in trained]:
        said.append(f"{len(absent)} of {len(design.cells())} trained cells have no run: {'; '.join(absent)}")
    if few := int((runs.support < FEW_ITEMS).sum()):
        said.append(
            f"{few} of {len(runs.support)} classes have fewer than {FEW_ITEMS} test items: balanced accuracy "
            "and macro-F1 lean on them, and their intervals are too short"
        )
    return said
