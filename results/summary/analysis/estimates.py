"""Tables of effects: estimates with intervals and p-values, what cannot be estimated, and power."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from summary.analysis.contrasts import Contrast
from summary.analysis.designs import Design
from summary.analysis.responses import Responses
from summary.analysis.samples import Sample
from summary.analysis.uncertainty import Components, interval

POINTS = 100  # effects are in percentage points, metrics in 0..1
EFFECT = ["kind", "factor", "level", "reference", "within"]
COLUMNS = [
    *("metric", *EFFECT),
    *("estimate", "low_run", "high_run", "low", "high", "low_items", "high_items", "p", "p_holm"),
    *("detectable", "sign_probability", "runs", "seeds", "items", "aliases", "note"),
]


def effects_table(
    families: Sequence[Responses], samples: Mapping[str, Sample], remark: str = ""
) -> pd.DataFrame:
    """Estimate each contrast in each metric; the columns are those of `Analysis.effects`.

    ``p_holm`` is left empty: see `correct`. ``remark`` begins each row's note.
    """
    rows = []
    for metric, sample in samples.items():
        for responses in families:
            response_sample = responses.apply(sample)
            rows += [
                _row(metric, response_sample, responses, contrast, remark) for contrast in responses.contrasts
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(metric: str, sample: Sample, responses: Responses, contrast: Contrast, remark: str) -> dict:
    estimate, parts = responses.layout.estimate(contrast, sample)
    counts = responses.seed_counts(contrast)
    low_run, high_run = interval(estimate, parts.run, parts.df_run)
    low, high = parts.interval(estimate)
    low_items, high_items = interval(estimate, parts.item, parts.df_item)
    points = {
        "estimate": estimate,
        **{"low_run": low_run, "high_run": high_run, "low": low, "high": high},
        **{"low_items": low_items, "high_items": high_items, "detectable": parts.detectable()},
    }
    return {
        "metric": metric,
        **effect_columns(responses, contrast),
        **{name: POINTS * value for name, value in points.items()},
        "p": parts.p_value(estimate),
        "p_holm": np.nan,
        "sign_probability": responses.layout.sign_probability(contrast, sample),
        "runs": responses.run_count(contrast),
        "seeds": min(counts),
        "items": sample.items,
        "aliases": contrast.aliases,
        "note": "; ".join(filter(None, [remark, *_remarks(responses, parts, counts)])),
    }


def effect_columns(responses: Responses, contrast: Contrast) -> dict[str, str]:
    """Name an effect in the columns EFFECT."""
    return {**{name: getattr(contrast, name) for name in EFFECT[:-1]}, "within": responses.within}


def _remarks(responses: Responses, parts: Components, seed_counts: Sequence[int]) -> list[str]:
    remarks = []
    if responses.paired:
        remarks.append("two readings of the same weights")
    if np.isnan(parts.variance):
        remarks.append(
            "too few seeds: interval over items only, for these very trainings; silent on other seeds"
        )
    fewest, most = min(seed_counts), max(seed_counts)
    if fewest < most:
        remarks.append(f"{fewest} to {most} seeds per cell; every cell weighs the same")
    if fewest == 1 < most:
        remarks.append("the spread over seeds of a cell with one seed is taken from the others")
    return remarks


def correct(effects: pd.DataFrame) -> pd.DataFrame:
    """Fill ``p_holm`` within each metric, over the effects that have a p-value.

    Holm 1979, *Scandinavian J. Statistics* 6: with the p-values of m effects in rising order, the
    i-th is multiplied by m - i + 1 and is at least as large as the one before it. That bounds
    the probability of any false positive in the table, whatever the dependence of the effects.
    """
    for _, rows in effects.groupby("metric"):
        known = rows.index[rows["p"].notna()]
        if len(known):
            effects.loc[known, "p_holm"] = multipletests(effects.loc[known, "p"], method="holm")[1]
    return effects


def not_estimable_table(families: Iterable[Responses], design: Design) -> pd.DataFrame:
    """List the contrasts that lack a cell, with the reason."""
    rows = []
    for responses in families:
        for contrast in responses.contrasts:
            cells = "; ".join(map(design.label, responses.missing(contrast))) or "any cell"
            levels = f" at both {contrast.reference} and {contrast.level}" if responses.paired else ""
            reason = f"no finished run{levels} in {cells}"
            rows.append({**effect_columns(responses, contrast), "reason": reason})
    return pd.DataFrame(rows, columns=[*EFFECT, "reason"])


def power_table(families: Iterable[Responses], sample: Sample) -> pd.DataFrame:
    """Predict the smallest detectable main effects with 1, 2 and 4 times the seeds, and endless seeds."""
    rows = []
    for responses in families:
        response_sample = responses.apply(sample)
        for contrast in main_effects(responses):
            _, parts = responses.layout.estimate(contrast, response_sample)
            seeds = float(np.mean(responses.seed_counts(contrast)))
            floor = Components(0, parts.floor, 0, np.inf, parts.df_item).detectable()
            for factor in (1, 2, 4):
                row = {
                    "seeds": round(factor * seeds),
                    "detectable": POINTS * parts.with_seeds(factor, seeds).detectable(),
                    "floor": POINTS * floor,
                }
                rows.append({**effect_columns(responses, contrast), **row})
    return pd.DataFrame(rows, columns=[*EFFECT, "seeds", "detectable", "floor"])


def main_effects(responses: Responses) -> list[Contrast]:
    """List the contrasts of single factors."""
    return [contrast for contrast in responses.contrasts if contrast.kind != "interaction"]
