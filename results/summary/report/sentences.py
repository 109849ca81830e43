"""Sentences of a report: what the effects are, what they rest on."""

import numpy as np
import pandas as pd

from ablations.process.names import METRICS
from summary.analysis import Analysis
from summary.report.tables import SIGNIFICANCE_LEVEL, bracket, effect_name, p_text
from summary.suite import Suite


def answers(suite: Suite, analysis: Analysis) -> list[str]:
    """Describe each main effect, what the study claimed of it, and the interactions."""
    effects = analysis.effects[analysis.effects["kind"] != "interaction"]
    lines = [
        describe_effect(row, suite, analysis) + _on_other_metrics(row, effects) + _claim(row, suite)
        for _, row in effects[effects["metric"] == "accuracy"].iterrows()
    ]
    not_estimable = analysis.not_estimable[analysis.not_estimable["kind"] != "interaction"]
    for _, row in not_estimable.iterrows():
        lines.append(f"**{phrase(row, suite)}**: cannot be told: {row['reason']}.{_claim(row, suite)}")
    return lines + interactions(analysis)


def _on_other_metrics(row: pd.Series, effects: pd.DataFrame) -> str:
    """Describe the effect on balanced accuracy and macro-F1, where it is significant."""
    same = (effects["factor"] == row["factor"]) & (effects["level"] == row["level"])
    others = effects[same & (effects["metric"] != "accuracy") & (effects["p_holm"] < SIGNIFICANCE_LEVEL)]
    parts = [
        f"{METRICS[other['metric']]} {other['estimate']:+.1f} {bracket(other['low'], other['high'])}"
        for _, other in others.iterrows()
    ]
    return f" It moved {' and '.join(parts)}." if parts else ""


def describe_effect(row: pd.Series, suite: Suite, analysis: Analysis) -> str:
    """Describe one effect on accuracy, and whether it is significant."""
    name = f"**{phrase(row, suite)}**"
    points = f"{row['estimate']:+.1f} points"
    if np.isnan(row["p"]):
        on_new_images = bracket(row["low_items"], row["high_items"])
        return (
            f"{name}: {points} with one seed. Whether another seed would agree cannot be told; "
            f"for these very trainings on new images {on_new_images}."
        )
    p = row["p_holm"]
    uncertainty = f"{bracket(row['low'], row['high'])} on new images, p {_equals(p)}"
    single_runs = f"One run of each shows this sign with probability {row['sign_probability']:.2f}."
    if p < SIGNIFICANCE_LEVEL:
        return f"{name}: {points} {uncertainty}. {single_runs}"
    return (
        f"{name}: no effect that {analysis.items:,} test images and {row['seeds']} seeds could show "
        f"({points} {uncertainty}); it would have had to exceed {row['detectable']:.1f} points. {single_runs}"
    )


def _equals(p: float) -> str:
    return p_text(p) if p < 0.001 else f"= {p_text(p)}"


def phrase(row: pd.Series, suite: Suite) -> str:
    """Word the change: the factor's phrase for its two levels, else ``"dropout 0.3 instead of 0.01"``."""
    factor = _factor(row, suite)
    if factor.get("phrase") and [row["reference"], row["level"]] == factor["levels"]:
        return factor["phrase"]
    return effect_name(row).replace(":", "")


def _claim(row: pd.Series, suite: Suite) -> str:
    claim = _factor(row, suite).get("claim")
    return f" The study: {claim}." if claim else ""


def _factor(row: pd.Series, suite: Suite) -> dict:
    """Look up the design's entry for an effect's factor; empty for an interaction."""
    return next((factor for factor in suite.about["factors"] if factor["name"] == row["factor"]), {})


def interactions(analysis: Analysis) -> list[str]:
    """Describe the significant interactions, and how many are not."""
    rows = analysis.effects[
        (analysis.effects["metric"] == "accuracy") & (analysis.effects["kind"] == "interaction")
    ]
    tested = rows[rows["p_holm"].notna()]
    if tested.empty:
        return []
    lines = []
    for _, row in tested[tested["p_holm"] < SIGNIFICANCE_LEVEL].iterrows():
        lines.append(
            f"**{row['factor']}** act together: {row['estimate']:+.1f} points "
            f"{bracket(row['low'], row['high'])} on top of the sum of both, p {_equals(row['p_holm'])}."
        )
    within_noise = tested[tested["p_holm"] >= SIGNIFICANCE_LEVEL]
    if len(within_noise):
        low, high = within_noise["detectable"].min(), within_noise["detectable"].max()
        lines.append(
            f"{len(within_noise)} of {len(tested)} interactions of two factors are within noise; the "
            f"smallest that could have been found are {low:.1f} to {high:.1f} points."
        )
    return lines


def scope(suite: Suite, analysis: Analysis) -> list[str]:
    """Describe what the answers rest on and what limits them."""
    majority, share = analysis.majority
    baseline = f"Always answering {majority} scores {share:.1f} %."
    lines = [f"{analysis.runs} runs on {analysis.items:,} test images. {baseline}"]
    if missing := len(suite.runs) - len(suite.finished):
        lines.append(
            f"{missing} of {len(suite.runs)} planned runs are missing; nothing is filled in for them."
        )
    within = [text for text in analysis.effects["within"].unique() if text]
    if within and len(suite.factors) > 1:
        lines.append(f"The effects of the other factors hold within {', '.join(within)}.")
    lines += [f"{note[0].upper()}{note[1:]}." for note in analysis.notes]
    return lines + more_seeds(analysis)


def more_seeds(analysis: Analysis) -> list[str]:
    """Describe which effects twice as many seeds would find."""
    power = analysis.power[analysis.power["kind"] != "class order"].dropna(subset="detectable")
    if power.empty:
        return []
    by_seeds = power.groupby("seeds")["detectable"].max()
    present, *planned = by_seeds.index
    if not planned:
        return []
    return [
        f"Every main effect of {by_seeds[present]:.1f} points or more is found with {present} seeds (80 % "
        f"power), of {by_seeds[planned[0]]:.1f} with {planned[0]}; endless seeds would leave "
        f"{power['floor'].max():.1f}, which the number of test images sets."
    ]
