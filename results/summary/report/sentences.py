"""What the numbers say, in sentences."""

import numpy as np
import pandas as pd

from summary.analysis import Analysis
from summary.report.tables import METRIC_NAMES, bracket, effect_name, p_text
from summary.suite import Suite

LEVEL = 0.05


def answers(suite: Suite, analysis: Analysis) -> list[str]:
    """One sentence or two a question, from the numbers, beside what the study claimed of it."""
    effects = analysis.effects[analysis.effects["kind"] != "interaction"]
    lines = [
        finding(row, suite, analysis) + _on_other_metrics(row, effects) + _claim(row, suite)
        for _, row in effects[effects["metric"] == "accuracy"].iterrows()
    ]
    lacking = analysis.not_estimable[analysis.not_estimable["kind"] != "interaction"]
    for _, row in lacking.iterrows():
        lines.append(f"**{phrase(row, suite)}**: cannot be told: {row['reason']}.{_claim(row, suite)}")
    return lines + interactions(analysis)


def _on_other_metrics(row: pd.Series, effects: pd.DataFrame) -> str:
    """Balanced accuracy and macro-F1, where they move by more than noise."""
    same = (effects["factor"] == row["factor"]) & (effects["level"] == row["level"])
    moved = effects[same & (effects["metric"] != "accuracy") & (effects["p_holm"] < LEVEL)]
    if moved.empty:
        return ""
    each = [
        f"{METRIC_NAMES[other['metric']]} {other['estimate']:+.1f} {bracket(other['low'], other['high'])}"
        for _, other in moved.iterrows()
    ]
    return f" It moved {' and '.join(each)}."


def finding(row: pd.Series, suite: Suite, analysis: Analysis) -> str:
    """What one effect came to, and whether that is more than noise."""
    name = f"**{phrase(row, suite)}**"
    points = f"{row['estimate']:+.1f} points"
    if np.isnan(row["p"]):
        inner = bracket(row["low_items"], row["high_items"])
        return (
            f"{name}: {points} with one seed. Whether another seed would agree cannot be told; "
            f"for these very trainings on new images {inner}."
        )
    p = row["p_holm"]
    where = f"{bracket(row['low'], row['high'])} on new images, p {_equals(p)}"
    alone = f"One run of each shows this sign with probability {row['sign_probability']:.2f}."
    if p < LEVEL:
        return f"{name}: {points} {where}. {alone}"
    return (
        f"{name}: no effect that {analysis.items:,} test images and {row['seeds']} seeds could show "
        f"({points} {where}); it would have had to exceed {row['detectable']:.1f} points. {alone}"
    )


def _equals(p: float) -> str:
    return p_text(p) if p < 0.001 else f"= {p_text(p)}"


def phrase(row: pd.Series, suite: Suite) -> str:
    """The change in words: the factor's own for its two levels, else ``"dropout 0.3 instead of 0.01"``."""
    factor: dict = next((f for f in suite.about["factors"] if f["name"] == row["factor"]), {})
    if factor.get("phrase") and [row["reference"], row["level"]] == factor["levels"]:
        return factor["phrase"]
    return effect_name(row).replace(":", "")


def _claim(row: pd.Series, suite: Suite) -> str:
    factor: dict = next((f for f in suite.about["factors"] if f["name"] == row["factor"]), {})
    return f" The study: {factor['claim']}." if factor.get("claim") else ""


def interactions(analysis: Analysis) -> list[str]:
    """Which factors depend on each other, and to how many it could not be told."""
    rows = analysis.effects[
        (analysis.effects["metric"] == "accuracy") & (analysis.effects["kind"] == "interaction")
    ]
    tested = rows[rows["p_holm"].notna()]
    if tested.empty:
        return []
    lines = []
    for _, row in tested[tested["p_holm"] < LEVEL].iterrows():
        lines.append(
            f"**{row['factor']}** act together: {row['estimate']:+.1f} points "
            f"{bracket(row['low'], row['high'])} on top of the sum of both, p {_equals(row['p_holm'])}."
        )
    silent = tested[tested["p_holm"] >= LEVEL]
    if len(silent):
        low, high = silent["detectable"].min(), silent["detectable"].max()
        lines.append(
            f"{len(silent)} of {len(tested)} interactions of two factors are within noise; the smallest "
            f"that could have been found are {low:.1f} to {high:.1f} points."
        )
    return lines


def scope(suite: Suite, analysis: Analysis) -> list[str]:
    """What the answers rest on, and what must be kept in mind."""
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
    """What twice as many seeds would find."""
    power = analysis.power[analysis.power["kind"] != "class order"].dropna(subset="detectable")
    if power.empty:
        return []
    by_seeds = power.groupby("seeds")["detectable"].max()
    now, *later = by_seeds.index
    if not later:
        return []
    return [
        f"Every main effect of {by_seeds[now]:.1f} points or more is found with {now} seeds (80 % power), "
        f"of {by_seeds[later[0]]:.1f} with {later[0]}; endless seeds would leave "
        f"{power['floor'].max():.1f}, which the number of test images sets."
    ]
