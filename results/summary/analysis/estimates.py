"""Tables of effects: estimates with intervals and p-values, what cannot be estimated, and power."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from summary.analysis.contrasts import Contrast
from summary.analysis.designs import Design
from summary.analysis.responses import Responses
from summary.analysis.samples import Sample
from summary.analysis.uncertainty import Components, interval, joint_level

EFFECT = ["kind", "factor", "level", "reference", "within"]
COLUMNS = [
    *("metric", *EFFECT),
    *("estimate", "low_run", "high_run", "low", "high", "low_items", "high_items"),
    *("low_simultaneous", "high_simultaneous", "low_90", "high_90", "p", "p_holm", "verdict"),
    *("detectable", "sign_probability", "runs", "seeds", "items", "aliases", "note"),
]


def effects_table(
    families: Sequence[Responses], samples: Mapping[str, Sample], scale: float, remark: str = ""
) -> pd.DataFrame:
    """Estimate each contrast in each metric; the columns are those of `Analysis.effects`.

    ``p_holm`` and ``verdict`` are left empty: see `verdicts`. Effects are multiplied by ``scale``; ``remark``
    begins each row's note.
    """
    rows = []
    for metric, sample in samples.items():
        applied = [(responses, responses.apply(sample)) for responses in families]
        estimates = [
            (responses, contrast, *responses.layout.estimate(contrast, response_sample), response_sample)
            for responses, response_sample in applied
            for contrast in responses.contrasts
        ]
        tested = sum(not np.isnan(parts.variance) for _, _, _, parts, _ in estimates)
        for responses, contrast, estimate, parts, response_sample in estimates:
            row: dict[str, object] = {"metric": metric, **effect_columns(responses, contrast)}
            row |= _numbers(estimate, parts, joint_level(max(tested, 1)), scale)
            row |= _basis(responses, contrast, response_sample)
            notes = _remarks(responses, parts, responses.seed_counts(contrast))
            rows.append({**row, "note": "; ".join(filter(None, [remark, *notes]))})
    return pd.DataFrame(rows, columns=COLUMNS)


def _numbers(estimate: float, parts: Components, simultaneous: float, scale: float) -> dict[str, object]:
    """Compute the intervals and p; ``simultaneous`` is the level of the simultaneous interval."""
    of_items = parts.item if np.isfinite(parts.df_item) else np.nan  # unknown without items
    ends = {
        "run": interval(estimate, parts.run, parts.df_run),
        "": parts.interval(estimate),
        "items": interval(estimate, of_items, parts.df_item),
        "simultaneous": parts.interval(estimate, simultaneous),
        "90": parts.interval(estimate, 0.9),
    }
    points = {"estimate": estimate, "detectable": parts.detectable()}
    for name, (low, high) in ends.items():
        suffix = f"_{name}" if name else ""
        points |= {f"low{suffix}": low, f"high{suffix}": high}
    scaled = {name: scale * value for name, value in points.items()}
    return {**scaled, "p": parts.p_value(estimate), "p_holm": np.nan, "verdict": ""}


def _basis(responses: Responses, contrast: Contrast, sample: Sample) -> dict[str, object]:
    """Describe what an estimate rests on."""
    return {
        "sign_probability": responses.layout.sign_probability(contrast, sample),
        "runs": responses.run_count(contrast),
        "seeds": min(responses.seed_counts(contrast)),
        "items": sample.items,
        "aliases": contrast.aliases,
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
            if np.isfinite(parts.df_item)
            else "too few seeds for an interval"
        )
    fewest, most = min(seed_counts), max(seed_counts)
    if fewest < most:
        remarks.append(f"{fewest} to {most} seeds per cell; every cell weighs the same")
    if fewest == 1 < most:
        remarks.append(
            "a cell with one seed does not show its spread over seeds, which is taken from the other cells: "
            "if it is larger than theirs, the intervals are too short"
        )
    return remarks


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


def power_table(families: Iterable[Responses], sample: Sample, scale: float) -> pd.DataFrame:
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
                    "detectable": scale * parts.with_seeds(factor, seeds).detectable(),
                    "floor": scale * floor,
                }
                rows.append({**effect_columns(responses, contrast), **row})
    return pd.DataFrame(rows, columns=[*EFFECT, "seeds", "detectable", "floor"])


def main_effects(responses: Responses) -> list[Contrast]:
    """List the contrasts of single factors."""
    return [contrast for contrast in responses.contrasts if contrast.kind != "interaction"]
