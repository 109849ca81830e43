"""Effects of a factorial, estimated from a table of answers, with their uncertainty.

The class order is taken by itself, as the difference between two readings of the same weights.
The other factors are judged within one class order (``sorted``), since under the other every
cell sits at chance. Effects are differences of unweighted cell means. Seeds are the independent units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from summary.analysis.breakdown import FEW_ITEMS, cells_table, per_class_table
from summary.analysis.designs import Cell, Design
from summary.analysis.estimates import POINTS, effects_table, not_estimable_table, power_table
from summary.analysis.responses import (
    UNSORTED,
    cells_of_runs,
    paired_responses,
    primary_level,
    trained_responses,
)
from summary.analysis.samples import Runs, accuracy, macro_metrics, read_runs
from summary.analysis.verdicts import decide


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

    With one seed only the estimate and the interval over items are known; the rest is NaN.
    """

    effects: pd.DataFrame
    partial: pd.DataFrame  #: of effects that are not estimable: the mean over the settings that did run
    not_estimable: pd.DataFrame  #: kind, factor, level, reference, within, reason
    per_class: pd.DataFrame  #: class, items, kind .. within, estimate, low, high, note; exploratory
    power: pd.DataFrame  #: kind .. within, seeds, detectable, floor (endless seeds)
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
    margin: float = 0,
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
    margin : float
        Size in points below which an effect does not matter; an effect that is certainly smaller is
        said to be. Default 0: not asked.

    Returns
    -------
    Analysis
        Tables of effects, of what cannot be estimated, by class, of power and by cell.

    Raises
    ------
    ValueError
        The answers are not a table of runs on the same items (`samples.read_runs`), or a run lies
        outside the design.
    """
    runs = read_runs(answers, design.names)
    cells = cells_of_runs(runs, design)
    primary = primary_level(runs, design)
    families = [
        *paired_responses(runs, design, cells),
        trained_responses(runs, design, cells, primary),
    ]
    estimable = [responses.estimable() for responses in families]
    not_estimable = [responses.not_estimable() for responses in families]
    partial = [responses.partial() for responses in not_estimable] if design.kind == "full" else []
    samples = {"accuracy": accuracy(runs)}
    if len(runs.support) > 1:  # the other metrics compare classes
        samples |= macro_metrics(runs, replications, random_seed)
    share = runs.support / len(runs.truth)
    return Analysis(
        effects=decide(effects_table(estimable, samples), margin),
        partial=effects_table(partial, samples, "mean over the settings that did run; exploratory"),
        not_estimable=not_estimable_table(not_estimable, design),
        per_class=per_class_table(estimable, runs),
        power=power_table(estimable, samples["accuracy"]),
        cells=cells_table(runs, design, cells, samples),
        runs=len(runs.table),
        items=len(runs.truth),
        majority=(runs.classes[share.argmax()], float(POINTS * share.max())),
        notes=tuple(_notes(runs, design, cells, primary)),
    )


def _notes(runs: Runs, design: Design, cells: Sequence[Cell], primary: str | None) -> list[str]:
    notes = []
    if (primary or design.base.get("class_order")) == UNSORTED:
        notes.append(
            "class_order is only unsorted: the effects hold within it, where every cell sits near chance"
        )
    planned, present = design.trained_cells, set(cells)
    if absent := [design.label(cell) for cell in planned if cell not in present]:
        notes.append(f"{len(absent)} of {len(planned)} trained cells have no run: {'; '.join(absent)}")
    if few := int((runs.support < FEW_ITEMS).sum()):
        notes.append(
            f"{few} of {len(runs.support)} classes have fewer than {FEW_ITEMS} test items: balanced accuracy "
            "and macro-F1 lean on them, and their intervals are too short"
        )
    return notes
