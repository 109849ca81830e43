"""Sentences of a report: what the effects are, what they rest on."""

import numpy as np
import pandas as pd

from ablations.process.names import ACCURACY, BALANCED_ACCURACY, METRICS
from ablations.process.wording import count
from summary.analysis import Analysis, Measure
from summary.analysis.contrasts import READING
from summary.analysis.uncertainty import SIGNIFICANCE
from summary.analysis.verdicts import CANNOT_TELL, after_looks, is_certain
from summary.report.formats import bracket, p_text
from summary.report.tables import of_measure
from summary.report.wording import NOT_ESTIMABLE, ONE_SEED, Wording, has_one_seed, verdict
from summary.suite import Suite


def answers(wording: Wording, analysis: Analysis) -> list[str]:
    """Describe each main effect, what the study claimed of it, and the interactions."""
    effects = analysis.effects[analysis.effects["kind"] != "interaction"]
    measure = analysis.measure
    lines = [
        describe_effect(row, wording, measure)
        + _on_other_metrics(row, effects, measure)
        + _claim(row, wording)
        for _, row in of_measure(effects, analysis).iterrows()
    ]
    not_estimable = analysis.not_estimable[analysis.not_estimable["kind"] != "interaction"]
    for _, row in not_estimable.iterrows():
        lines.append(f"**{wording.effect(row)}**: {NOT_ESTIMABLE}: {row['reason']}.{_claim(row, wording)}")
    return disagreement(wording, analysis) + lines + interactions(wording, analysis)


def disagreement(wording: Wording, analysis: Analysis) -> list[str]:
    """Name the main effects on which accuracy and balanced accuracy say different things."""
    effects = analysis.effects[analysis.effects["kind"] != "interaction"]
    metrics = [
        effects[effects["metric"] == name].set_index(["factor", "level"])
        for name in (ACCURACY, BALANCED_ACCURACY)
    ]
    parts = []
    for effect in metrics[0].index.intersection(metrics[1].index, sort=False):
        rows = [rows.loc[effect] for rows in metrics]
        certain = [np.sign(row["estimate"]) if is_certain(row["verdict"]) else 0 for row in rows]
        if certain[0] != certain[1]:
            name = wording.effect(pd.Series({"factor": effect[0], "level": effect[1], **rows[0]}))
            verdicts = (f"{verdict(row)}, {row['estimate']:+.1f}" for row in rows)
            parts.append(f"{name} ({'; '.join(verdicts)})")
    names = f"{METRICS[ACCURACY].capitalize()} and {METRICS[BALANCED_ACCURACY]}"
    return [f"**{names} do not say the same** of: {', '.join(parts)}."] if parts else []


def _on_other_metrics(row: pd.Series, effects: pd.DataFrame, measure: Measure) -> str:
    """Describe the effect on balanced accuracy and macro-F1, where it is significant."""
    same = (effects["factor"] == row["factor"]) & (effects["level"] == row["level"])
    others = effects[same & (effects["metric"] != measure.name) & effects["verdict"].map(is_certain)]
    parts = [
        f"{METRICS[other['metric']]} {other['estimate']:+.1f} {bracket(other['low'], other['high'])}"
        for _, other in others.iterrows()
    ]
    return f" It moved {' and '.join(parts)}." if parts else ""


def describe_effect(row: pd.Series, wording: Wording, measure: Measure) -> str:
    """Describe one effect: its verdict, and the numbers behind it."""
    name = f"**{wording.effect(row)}**"
    confounded = f" It is confounded with {row['aliases']}." if row["aliases"] else ""
    if has_one_seed(row):
        return f"{name}: {verdict(row)}: {_with_one_seed(row, measure)}.{confounded}"
    return (
        f"{name}: {_verdict(row, measure)} ({_numbers(row, measure)}). "
        f"One run of each shows this sign with probability {row['sign_probability']:.2f}.{confounded}"
    )


def _with_one_seed(row: pd.Series, measure: Measure) -> str:
    text = f"{row['estimate']:+.{measure.digits}f}{measure.unit}"
    if not measure.items:
        return text
    of_items = bracket(row["low_items"], row["high_items"], measure.digits)
    return f"{text}, {of_items} {measure.on_new} for these very trainings alone"


def _numbers(row: pd.Series, measure: Measure) -> str:
    """Return an effect with its intervals and p."""
    together = bracket(row["low_simultaneous"], row["high_simultaneous"], measure.digits)
    return (
        f"{row['estimate']:+.{measure.digits}f}{measure.unit}, "
        f"{bracket(row['low'], row['high'], measure.digits)} {measure.on_new}, "
        f"{together} for all effects together, p {_equals(row['p_holm'])}"
    )


def _verdict(row: pd.Series, measure: Measure) -> str:
    """Return the verdict as a clause; it holds the verdict's own words."""
    words, digits, unit = row["verdict"], measure.digits, measure.unit
    if words == CANNOT_TELL:
        rise, fall = max(row["high_simultaneous"], 0), max(-row["low_simultaneous"], 0)
        rise, fall, detectable = (f"{size:.{digits}f}" for size in (rise, fall, row["detectable"]))
        return (
            f"cannot tell; a rise of more than {rise} and a fall of more than {fall}{unit} are ruled "
            f"out, and an effect of {detectable}{unit} would have been found with a probability of 80 %"
        )
    if words.startswith("smaller"):
        return f"the effect is {words} (90 % interval {bracket(row['low_90'], row['high_90'], digits)})"
    direction, by, size = words.partition(", by")
    sentence = f"{direction} {measure.words}{by}{size}"
    if is_certain(words):
        return sentence
    return f"{sentence}; not certain after the correction for the number of effects"


def _equals(p: float) -> str:
    return p_text(p) if p < 0.001 else f"= {p_text(p)}"


def _claim(row: pd.Series, wording: Wording) -> str:
    claim = wording.claim(row)
    return f" The study: {claim}." if claim else ""


def interactions(wording: Wording, analysis: Analysis) -> list[str]:
    """Describe the interactions with a verdict, and count those without."""
    rows = of_measure(analysis.effects, analysis)
    rows, measure = rows[rows["kind"] == "interaction"], analysis.measure
    tested = rows[rows["p_holm"].notna()]
    lines = [
        _interaction(row, wording, measure) for _, row in tested.iterrows() if row["verdict"] != CANNOT_TELL
    ]
    undecided = tested[tested["verdict"] == CANNOT_TELL]
    if len(undecided):
        low, high = undecided["detectable"].agg(["min", "max"])
        lines.append(
            f"{len(undecided)} of {count(len(tested), 'interaction')} of two factors: {CANNOT_TELL}; the "
            f"smallest that would have been found with a probability of 80 % are {low:.{measure.digits}f} to "
            f"{high:.{measure.digits}f}{measure.unit}."
        )
    if len(tested) < len(rows):
        lines.append(f"{count(len(rows) - len(tested), 'interaction')} of two factors: {ONE_SEED}.")
    return lines


def _interaction(row: pd.Series, wording: Wording, measure: Measure) -> str:
    name = f"**{wording.effect(row)}**"
    if row["verdict"].startswith("smaller"):
        return f"{name}: the interaction is {row['verdict']} ({_numbers(row, measure)})."
    return f"{name}: together {_verdict(row, measure)} on top of the sum of both ({_numbers(row, measure)})."


def scope(analysis: Analysis, planned: int) -> list[str]:
    """Describe what the answers rest on and what limits them; ``planned`` is the number of planned runs."""
    lines = [rests_on(analysis)]
    if missing := planned - analysis.runs:
        lines.append(f"{missing} of {planned} planned runs are missing; nothing is filled in for them.")
    within = [text for text in analysis.effects["within"].unique() if text]
    if within:
        levels = dict.fromkeys(level for text in within for level in text.split(", "))
        lines.append(f"The effects of the other factors hold within {', '.join(levels)}.")
    return lines + [f"{note[0].upper()}{note[1:]}." for note in analysis.notes]


def added_seeds(suite: Suite, wording: Wording, analysis: Analysis) -> list[str]:
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
        if names := [wording.effect(row) for _, row in lost.iterrows()]:
            lines.append(f"No longer certain by that: {'; '.join(names)}.")
    return lines


def rests_on(analysis: Analysis) -> str:
    """Describe the runs and items behind the answers, and the accuracy of no network at all."""
    if not analysis.items:
        return (
            f"{count(analysis.runs, 'run')}, with one number each: the intervals hold for other seeds alone; "
            "nothing is known of other test items."
        )
    sentence = f"{count(analysis.runs, 'run')} on {analysis.items:,} test {analysis.measure.items}."
    if analysis.majority is None:
        return sentence
    majority, share = analysis.majority
    return f"{sentence} Always answering {majority} scores {share:.1f} %."


def how_to_read(measure: Measure) -> str:
    """Describe what the intervals and p-values of a report are."""
    counted = "Intervals count what another seed would change."
    if measure.items:
        counted = (
            f"Intervals {measure.on_new} count what another seed and what other {measure.items} would "
            "change, those on this test set the seeds alone."
        )
    return (
        f"{counted} Seeds are the units: Student's t with Satterthwaite's degrees of freedom. Holm's "
        "correction is over the rows of a table."
    )


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
    seeds = count(present, "seed")
    found = f"Every main effect of {now}{measure.unit} or more is found with {seeds} (80 % power)"
    if not measure.items:
        return [f"{found}, of {then} with {planned[0]}."]
    return [
        f"{found}, of {then} with {planned[0]}; endless seeds would leave {floor}, which the number of test "
        f"{measure.items} sets."
    ]
