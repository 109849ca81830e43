"""Effects of a factorial, estimated from a table of answers, with their uncertainty.

An evaluate-stage factor (class order, say) is taken as the difference between two readings of the same
weights. Every effect is judged within one reading: at the base level of the other evaluate-stage factors.
Effects are differences of unweighted cell means. Seeds are the independent units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from summary.analysis.breakdown import FEW_ITEMS, cells_table, per_class_table, per_group_table
from summary.analysis.designs import Cell, Design
from summary.analysis.estimates import effects_table, not_estimable_table, power_table
from summary.analysis.measure import ACCURACY, POINTS, Measure, measure_of
from summary.analysis.recognition import find_design
from summary.analysis.responses import cells_of_runs, common_reading, families_of
from summary.analysis.samples import Classification, Runs, Sample, accuracy, macro_metrics, read_runs
from summary.analysis.verdicts import decide
from summary.errors import AnswersError


@dataclass(frozen=True)
class Analysis:
    """Everything a report needs; effects, intervals and standard deviations in percentage points.

    If scores are compared, the numbers are in their unit, and the score's name stands for "accuracy".

    ``effects`` and ``partial`` have one row per (metric, effect) with the columns

    metric : "accuracy", "balanced_accuracy" or "macro_f1"; the rows of the one that decides come first
    kind : "reading" (of an evaluate-stage factor, on the same weights), "main", "base" (one at a
        time: against the base cell) or "interaction"
    factor, level, reference : the effect is level minus reference; interactions join two by " x "
    within : the reading that it holds in, as "class_order=sorted"; "" if there is one only
    estimate : the effect
    low_run, high_run : 95 % interval for other seeds on this test set
    low, high : 95 % interval for other seeds on new items
    low_simultaneous, high_simultaneous : that which holds with 95 % for all effects of the metric
        together; decides, with p_holm, which it never contradicts
    low_90, high_90 : 90 % interval for other seeds on new items; decides whether an effect is small
    low_items, high_items : 95 % interval for these very trainings on new items
    p, p_holm : two-sided, of (low, high); Holm-corrected within the metric
    verdict : "raises", "lowers", "probably raises", "probably lowers", "smaller than 2 points" or
        "cannot tell"; `verdicts.verdict` says when
    detectable : smallest effect found with 80 % power at 5 %, uncorrected
    sign_probability : that one single run per cell shows the sign of the estimate (0..1)
    runs, seeds, items : that it rests on; seeds is the smallest number in any of its cells
    aliases : fractions: what it is confounded with
    note : what must be said beside it

    With one seed only the estimate and the interval over items are known; the rest is NaN. Without items
    ``low_items`` and ``high_items`` are NaN, and the other intervals hold for other seeds alone.
    """

    measure: Measure  #: what is compared
    effects: pd.DataFrame
    partial: pd.DataFrame  #: of effects that are not estimable: the mean over the settings that did run
    not_estimable: pd.DataFrame  #: kind, factor, level, reference, within, reason
    per_class: (
        pd.DataFrame
    )  #: class, items, kind .. within, estimate, low, high, note; exploratory; empty for scores
    per_group: pd.DataFrame  #: the same for each group of classes: group, classes, items, kind ..
    power: pd.DataFrame  #: kind .. within, seeds, detectable, floor (endless seeds)
    cells: pd.DataFrame  #: factors, runs, accuracy, low, high (two-way), sd, balanced_accuracy, macro_f1
    runs: int
    items: int  #: 0 if there is one number for each run
    majority: (
        tuple[str, float] | None
    )  #: most frequent class, and the accuracy of always answering it, in points
    notes: tuple[str, ...]


def analyse(
    answers: pd.DataFrame,
    design: Design | None = None,
    *,
    measure: Measure | None = None,
    replications: int = 1000,
    random_seed: int = 0,
    margin: float = 0,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Analysis:
    """Estimate the effects of a design from its runs' answers.

    Parameters
    ----------
    answers : DataFrame
        One row per (run, test item): a column per factor, ``seed``, ``item``, and ``truth`` and
        ``prediction``, or ``correct`` (0 or 1), or ``score`` (any number). Without ``item``: one row per run.
    design : Design, optional
        Whose cells the runs belong to; default: found in the table by `find_design`.
    measure : Measure, optional
        What decides, with its name and rounding for reports; default: from the columns, by `measure_of`.
    replications, random_seed : int
        Of the bootstrap behind balanced accuracy and macro-F1; defaults 1000 and 0.
    margin : float
        Size, in points or in the unit of the score, below which an effect does not matter; an effect that
        is certainly smaller is said to be. Default 0: not asked.
    groups : mapping, optional
        Name of a group of classes -> its classes; effects are estimated on each group as well.

    Returns
    -------
    Analysis
        Tables of effects, of what cannot be estimated, by class, of power and by cell.

    Raises
    ------
    AnswersError
        The answers are not a table of runs on the same items (`samples.read_runs`), a run lies outside the
        design, there is none to be found, or the answers are too few for the metric that decides.
    """
    design = design or find_design(answers)
    measure = measure or measure_of(answers)
    runs = read_runs(answers, design.names, measure)
    classes = runs.classification
    cells = cells_of_runs(runs, design)
    reading = common_reading(runs, design)
    families = families_of(runs, design, cells, reading)
    estimable = [responses.estimable() for responses in families]
    not_estimable = [responses.not_estimable() for responses in families]
    partial = [responses.partial() for responses in not_estimable] if design.kind == "full" else []
    samples = _samples(runs, measure, replications, random_seed)
    remark = "mean over the settings that did run; exploratory"
    return Analysis(
        measure=measure.rounded_for(samples[measure.name].value),
        effects=decide(effects_table(estimable, samples, measure.scale), margin, measure.unit),
        partial=effects_table(partial, samples, measure.scale, remark),
        not_estimable=not_estimable_table(not_estimable, design),
        per_class=per_class_table(estimable, runs),
        per_group=per_group_table(estimable, runs, groups or {}),
        power=power_table(estimable, samples[measure.name], measure.scale),
        cells=cells_table(runs, design, cells, samples, measure),
        runs=len(runs.table),
        items=runs.items,
        majority=_majority(classes) if classes else None,
        notes=tuple(_notes(runs, design, cells, reading)),
    )


def _samples(runs: Runs, measure: Measure, replications: int, random_seed: int) -> dict[str, Sample]:
    """Compute each metric of the runs; the one that decides comes first."""
    if not measure.is_share:
        return {measure.name: accuracy(runs)}
    samples = {ACCURACY: accuracy(runs)}
    classes = runs.classification
    if classes and len(classes.support) > 1:  # the other metrics compare classes
        samples |= macro_metrics(classes, replications, random_seed)
    if measure.name not in samples:
        raise AnswersError(f"{measure.words} needs predictions of two classes or more")
    return {measure.name: samples[measure.name], **samples}


def _majority(classes: Classification) -> tuple[str, float]:
    share = classes.support / len(classes.truth)
    return classes.classes[share.argmax()], float(POINTS * share.max())


def _notes(runs: Runs, design: Design, cells: Sequence[Cell], reading: Mapping[str, str]) -> list[str]:
    notes = []
    for name, level in reading.items():
        if (base := design.base.get(name, level)) != level:
            notes.append(f"no run has {name}={base}: the effects hold within {name}={level}")
    planned, present = design.trained_cells, set(cells)
    if absent := [design.label(cell) for cell in planned if cell not in present]:
        notes.append(f"{len(absent)} of {len(planned)} trained cells have no run: {'; '.join(absent)}")
    support = runs.classification.support if runs.classification else np.array([], int)
    if runs.table["seed"].nunique() == 2:
        notes.append(
            "two seeds hardly tell how much seeds vary: the intervals are about seven times as wide as with "
            "five"
        )
    if few := int((support < FEW_ITEMS).sum()):
        notes.append(
            f"{few} of {len(support)} classes have fewer than {FEW_ITEMS} test items: balanced accuracy "
            "and macro-F1 lean on them, and their intervals are too short"
        )
    return notes
