"""Sentences of a report: what the effects are, what they rest on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablations.process.names import METRICS
from summary.analysis import Analysis, Measure
from summary.analysis.contrasts import READING
from summary.analysis.uncertainty import SIGNIFICANCE
from summary.analysis.verdicts import CANNOT_TELL, after_looks, is_certain
from summary.report.tables import bracket, effect_name, of_measure, p_text
from summary.suite import Suite

Factors = Sequence[Mapping[str, Any]]


def answers(factors: Factors, analysis: Analysis) -> list[str]:
    """Describe each main effect, what the study claimed of it, and the interactions.

    ``factors`` are the entries of a suite's design.json; empty for a table.
    """
    effects = analysis.effects[analysis.effects["kind"] != "interaction"]
    measure = analysis.measure
    lines = [
        describe_effect(row, factors, measure)
        + _on_other_metrics(row, effects, measure)
        + _claim(row, factors)
        for _, row in of_measure(effects, analysis).iterrows()
    ]
    not_estimable = analysis.not_estimable[analysis.not_estimable["kind"] != "interaction"]
    for _, row in not_estimable.iterrows():
        lines.append(f"**{phrase(row, factors)}**: cannot be told: {row['reason']}.{_claim(row, factors)}")
    return lines + interactions(analysis)


def _on_other_metrics(row: pd.Series, effects: pd.DataFrame, measure: Measure) -> str:
    """Describe the effect on balanced accuracy and macro-F1, where it is significant."""
    same = (effects["factor"] == row["factor"]) & (effects["level"] == row["level"])
    others = effects[same & (effects["metric"] != measure.name) & effects["verdict"].map(is_certain)]
    parts = [
        f"{METRICS[other['metric']]} {other['estimate']:+.1f} {bracket(other['low'], other['high'])}"
        for _, other in others.iterrows()
    ]
    return f" It moved {' and '.join(parts)}." if parts else ""


def describe_effect(row: pd.Series, factors: Factors, measure: Measure) -> str:
    """Describe one effect: its verdict, and the numbers behind it."""
    name = f"**{phrase(row, factors)}**"
    effect = f"{row['estimate']:+.{measure.digits}f}{measure.unit}"
    if np.isnan(row["p"]):
        of_items = bracket(row["low_items"], row["high_items"], measure.digits)
        known = f"; for these very trainings {measure.on_new} {of_items}" if measure.items else ""
        return f"{name}: {effect} with one seed. Whether another seed would agree cannot be told{known}."
    together = bracket(row["low_simultaneous"], row["high_simultaneous"], measure.digits)
    return (
        f"{name}: {_verdict(row, measure)} ({effect}, {bracket(row['low'], row['high'], measure.digits)} "
        f"{measure.on_new}, {together} for all effects together, p {_equals(row['p_holm'])}). "
        f"One run of each shows this sign with probability {row['sign_probability']:.2f}."
    )


def _verdict(row: pd.Series, measure: Measure) -> str:
    verdict, digits, unit = row["verdict"], measure.digits, measure.unit
    if verdict == CANNOT_TELL:
        rise, fall = max(row["high_simultaneous"], 0), max(-row["low_simultaneous"], 0)
        rise, fall, detectable = (f"{size:.{digits}f}" for size in (rise, fall, row["detectable"]))
        return (
            f"cannot tell; a rise of more than {rise} and a fall of more than {fall}{unit} are ruled "
            f"out, and an effect of {detectable}{unit} would have been found with a probability of 80 %"
        )
    if verdict.startswith("smaller"):
        return f"the effect is {verdict} (90 % interval {bracket(row['low_90'], row['high_90'], digits)})"
    direction, by, size = verdict.partition(", by")
    sentence = f"{direction} {measure.name}{by}{size}"
    if is_certain(verdict):
        return sentence
    return f"{sentence}; not certain after the correction for the number of effects"


def _equals(p: float) -> str:
    return p_text(p) if p < 0.001 else f"= {p_text(p)}"


def phrase(row: pd.Series, factors: Factors) -> str:
    """Word the change: the factor's phrase for its two levels, else ``"dropout 0.3 instead of 0.01"``."""
    factor = _factor(row, factors)
    if factor.get("phrase") and _is_described(row, factor):
        return factor["phrase"]
    return effect_name(row).replace(": ", " ", 1)


def _claim(row: pd.Series, factors: Factors) -> str:
    factor = _factor(row, factors)
    claim = factor.get("claim") if _is_described(row, factor) else ""
    return f" The study: {claim}." if claim else ""


def _is_described(row: pd.Series, factor: Mapping[str, Any]) -> bool:
    """Return True if a factor's phrase and claim are about this effect."""
    change = factor.get("change", factor.get("levels"))
    return change is not None and [row["reference"], row["level"]] == list(change)


def _factor(row: pd.Series, factors: Factors) -> Mapping[str, Any]:
    """Look up the design's entry for an effect's factor; empty for an interaction."""
    return next((factor for factor in factors if factor["name"] == row["factor"]), {})


def interactions(analysis: Analysis) -> list[str]:
    """Describe the interactions with a verdict, and count those without."""
    rows = of_measure(analysis.effects, analysis)
    rows, measure = rows[rows["kind"] == "interaction"], analysis.measure
    tested = rows[rows["p_holm"].notna()]
    if tested.empty:
        return []
    undecided = tested["verdict"] == CANNOT_TELL
    lines = []
    for _, row in tested[~undecided].iterrows():
        together = bracket(row["low_simultaneous"], row["high_simultaneous"], measure.digits)
        lines.append(
            f"**{effect_name(row)}** together: {row['estimate']:+.{measure.digits}f}{measure.unit} "
            f"{bracket(row['low'], row['high'], measure.digits)} on top of the sum of both, "
            f"{together} for all effects together, p {_equals(row['p_holm'])}: "
            f"{_interaction_verdict(row['verdict'])}."
        )
    if undecided.any():
        low, high = tested[undecided]["detectable"].agg(["min", "max"])
        lines.append(
            f"{undecided.sum()} of {len(tested)} interactions of two factors: cannot tell; the smallest that "
            f"would have been found with a probability of 80 % are {low:.{measure.digits}f} to "
            f"{high:.{measure.digits}f}{measure.unit}."
        )
    return lines


def _interaction_verdict(verdict: str) -> str:
    if verdict.startswith("smaller"):
        return verdict
    certain = is_certain(verdict)
    return "an interaction" if certain else "probably an interaction, not certain after correction"


def scope(suite: Suite, analysis: Analysis) -> list[str]:
    """Describe what the answers rest on and what limits them."""
    lines = [rests_on(analysis)]
    if missing := len(suite.runs) - len(suite.finished):
        lines.append(
            f"{missing} of {len(suite.runs)} planned runs are missing; nothing is filled in for them."
        )
    within = [text for text in analysis.effects["within"].unique() if text]
    if within:
        levels = dict.fromkeys(level for text in within for level in text.split(", "))
        lines.append(f"The effects of the other factors hold within {', '.join(levels)}.")
    lines += [f"{note[0].upper()}{note[1:]}." for note in analysis.notes]
    return lines + added_seeds(suite, analysis) + more_seeds(analysis)


def added_seeds(suite: Suite, analysis: Analysis) -> list[str]:
    """Describe what the addition of seeds does to the p-values."""
    lines = []
    if until := float(suite.about.get("until", 0)):
        lines.append(
            f"Seeds were added until the intervals were narrow enough (until={until:g}), whatever they "
            "showed: the p-values need no correction for that."
        )
    if (looks := len(suite.looks)) > 1:
        *numbers, last = map(str, suite.looks)
        lines.append(
            f"The effects were looked at {looks} times, with {', '.join(numbers)} and {last} seeds: if seeds "
            f"were added because of what was seen, p times {looks} holds, which stands beside p."
        )
        effects = of_measure(analysis.effects, analysis)
        doubtful = after_looks(effects["p_holm"], looks) >= SIGNIFICANCE
        lost = effects[effects["verdict"].map(is_certain) & doubtful]
        if names := [effect_name(row) for _, row in lost.iterrows()]:
            lines.append(f"No longer certain by that: {'; '.join(names)}.")
    return lines


def rests_on(analysis: Analysis) -> str:
    """Describe the runs and items behind the answers, and the accuracy of no network at all."""
    if not analysis.items:
        return (
            f"{analysis.runs} runs, with one number each: the intervals hold for other seeds alone; nothing "
            "is known of other test items."
        )
    sentence = f"{analysis.runs} runs on {analysis.items:,} test {analysis.measure.items}."
    if analysis.majority is None:
        return sentence
    majority, share = analysis.majority
    return f"{sentence} Always answering {majority} scores {share:.1f} %."


def more_seeds(analysis: Analysis) -> list[str]:
    """Describe which effects twice as many seeds would find."""
    power = analysis.power[analysis.power["kind"] != READING].dropna(subset="detectable")
    if power.empty:
        return []
    by_seeds = power.groupby("seeds")["detectable"].max()
    present, *planned = by_seeds.index
    if not planned:
        return []
    measure = analysis.measure
    now, then, floor = (
        f"{size:.{measure.digits}f}"
        for size in (by_seeds[present], by_seeds[planned[0]], power["floor"].max())
    )
    found = f"Every main effect of {now}{measure.unit} or more is found with {present} seeds (80 % power)"
    if not measure.items:
        return [f"{found}, of {then} with {planned[0]}."]
    return [
        f"{found}, of {then} with {planned[0]}; endless seeds would leave {floor}, which the number of test "
        f"{measure.items} sets."
    ]
