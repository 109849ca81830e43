"""Sentences of a report: what the effects are, what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ablations.process.names import METRICS
from summary.analysis import Analysis
from summary.analysis.verdicts import CANNOT_TELL, is_certain
from summary.report.tables import bracket, effect_name, p_text

if TYPE_CHECKING:
    from summary.suite import Suite  # which imports MLflow

Factors = Sequence[Mapping[str, Any]]


def answers(factors: Factors, analysis: Analysis) -> list[str]:
    """Describe each main effect, what the study claimed of it, and the interactions.

    ``factors`` are the entries of a suite's design.json; empty for a table.
    """
    effects = analysis.effects[analysis.effects["kind"] != "interaction"]
    lines = [
        describe_effect(row, factors) + _on_other_metrics(row, effects) + _claim(row, factors)
        for _, row in effects[effects["metric"] == "accuracy"].iterrows()
    ]
    not_estimable = analysis.not_estimable[analysis.not_estimable["kind"] != "interaction"]
    for _, row in not_estimable.iterrows():
        lines.append(f"**{phrase(row, factors)}**: cannot be told: {row['reason']}.{_claim(row, factors)}")
    return lines + interactions(analysis)


def _on_other_metrics(row: pd.Series, effects: pd.DataFrame) -> str:
    """Describe the effect on balanced accuracy and macro-F1, where it is significant."""
    same = (effects["factor"] == row["factor"]) & (effects["level"] == row["level"])
    others = effects[same & (effects["metric"] != "accuracy") & effects["verdict"].map(is_certain)]
    parts = [
        f"{METRICS[other['metric']]} {other['estimate']:+.1f} {bracket(other['low'], other['high'])}"
        for _, other in others.iterrows()
    ]
    return f" It moved {' and '.join(parts)}." if parts else ""


def describe_effect(row: pd.Series, factors: Factors) -> str:
    """Describe one effect on accuracy: its verdict, and the numbers behind it."""
    name = f"**{phrase(row, factors)}**"
    points = f"{row['estimate']:+.1f} points"
    if np.isnan(row["p"]):
        on_new_images = bracket(row["low_items"], row["high_items"])
        return (
            f"{name}: {points} with one seed. Whether another seed would agree cannot be told; "
            f"for these very trainings on new images {on_new_images}."
        )
    return (
        f"{name}: {_verdict(row)} ({points}, {bracket(row['low'], row['high'])} on new images, "
        f"{bracket(row['low_simultaneous'], row['high_simultaneous'])} for all effects together, "
        f"p {_equals(row['p_holm'])}). "
        f"One run of each shows this sign with probability {row['sign_probability']:.2f}."
    )


def _verdict(row: pd.Series) -> str:
    verdict = row["verdict"]
    if verdict == CANNOT_TELL:
        rise, fall = max(row["high_simultaneous"], 0), max(-row["low_simultaneous"], 0)
        return (
            f"cannot tell; a rise of more than {rise:.1f} and a fall of more than {fall:.1f} points are "
            f"ruled out, and an effect of {row['detectable']:.1f} points would have been found with a "
            "probability of 80 %"
        )
    if verdict.startswith("smaller"):
        return f"the effect is {verdict} (90 % interval {bracket(row['low_90'], row['high_90'])})"
    sentence = verdict.replace("raises", "raises accuracy").replace("lowers", "lowers accuracy")
    if is_certain(verdict):
        return sentence
    return f"{sentence}; not certain after the correction for the number of effects"


def _equals(p: float) -> str:
    return p_text(p) if p < 0.001 else f"= {p_text(p)}"


def phrase(row: pd.Series, factors: Factors) -> str:
    """Word the change: the factor's phrase for its two levels, else ``"dropout 0.3 instead of 0.01"``."""
    factor = _factor(row, factors)
    if factor.get("phrase") and [row["reference"], row["level"]] == factor["levels"]:
        return factor["phrase"]
    return effect_name(row).replace(": ", " ", 1)


def _claim(row: pd.Series, factors: Factors) -> str:
    claim = _factor(row, factors).get("claim")
    return f" The study: {claim}." if claim else ""


def _factor(row: pd.Series, factors: Factors) -> Mapping[str, Any]:
    """Look up the design's entry for an effect's factor; empty for an interaction."""
    return next((factor for factor in factors if factor["name"] == row["factor"]), {})


def interactions(analysis: Analysis) -> list[str]:
    """Describe the interactions with a verdict, and count those without."""
    rows = analysis.effects[
        (analysis.effects["metric"] == "accuracy") & (analysis.effects["kind"] == "interaction")
    ]
    tested = rows[rows["p_holm"].notna()]
    if tested.empty:
        return []
    undecided = tested["verdict"] == CANNOT_TELL
    lines = []
    for _, row in tested[~undecided].iterrows():
        lines.append(
            f"**{effect_name(row)}** together: {row['estimate']:+.1f} points "
            f"{bracket(row['low'], row['high'])} on top of the sum of both, "
            f"{bracket(row['low_simultaneous'], row['high_simultaneous'])} for all effects together, "
            f"p {_equals(row['p_holm'])}: {_interaction_verdict(row['verdict'])}."
        )
    if undecided.any():
        low, high = tested[undecided]["detectable"].agg(["min", "max"])
        lines.append(
            f"{undecided.sum()} of {len(tested)} interactions of two factors: cannot tell; the smallest that "
            f"would have been found with a probability of 80 % are {low:.1f} to {high:.1f} points."
        )
    return lines


def _interaction_verdict(verdict: str) -> str:
    if verdict.startswith("smaller"):
        return verdict
    certain = is_certain(verdict)
    return "an interaction" if certain else "probably an interaction, not certain after correction"


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
