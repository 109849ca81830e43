"""Comparison of two suites on the same test items, cell by cell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from summary.analysis.contrasts import Contrast
from summary.analysis.designs import Cell
from summary.analysis.estimates import POINTS
from summary.analysis.layout import Layout
from summary.analysis.responses import SORTED, Responses
from summary.analysis.samples import Runs, Sample, accuracy, read_runs
from summary.analysis.uncertainty import interval, p_value

COLUMNS = ["estimate", "low_run", "high_run", "low", "high", "p", "runs", "items", "note"]


def compare(
    first: pd.DataFrame, second: pd.DataFrame, factors: Sequence[str], class_order: str = "class_order"
) -> pd.DataFrame:
    """Estimate the accuracy of a second suite minus that of a first, in percentage points.

    Parameters
    ----------
    first, second : DataFrame
        Answers as for `analyse`.
    factors : sequence of str
        Columns that name the cells in both.
    class_order : str
        The factor whose levels share their trainings. If it is among the factors, each of its
        levels is compared by itself, and the overall line rests on ``sorted`` if that is there.

    Returns
    -------
    DataFrame
        First the overall line (unweighted mean over the common cells; its factors read "all",
        class order apart), then one line per common cell: factors, estimate, low_run, high_run,
        low, high (two-way), p, runs, items, note. Exploratory: p is not corrected. Where both
        suites hold the same seeds in every common cell, runs are paired by seed.

    Raises
    ------
    ValueError
        No common cell, other test items, or anything else from ``samples.read_runs``.
    """
    both = pd.concat([first.assign(suite="first"), second.assign(suite="second")])
    runs = read_runs(both, [*factors, "suite"])
    sample = accuracy(runs)
    cells: list[Cell] = [*runs.table[[*factors]].itertuples(index=False, name=None)]
    present = set(zip(runs.table["suite"], cells, strict=True))
    common = [cell for cell in dict.fromkeys(cells) if {("first", cell), ("second", cell)} <= present]
    if not common:
        raise ValueError("the two suites have no cell in common")
    order_position = list(factors).index(class_order) if class_order in factors else None
    by_order: dict[str, list[Cell]] = {}
    for cell in common:
        by_order.setdefault("" if order_position is None else cell[order_position], []).append(cell)
    overall: list[dict] = []
    single: list[dict] = []
    for order in sorted(by_order, key=lambda level: level != SORTED):
        group = by_order[order]
        responses = _responses(runs, cells, group)
        response_sample = responses.apply(sample)
        mean = tuple(order if position == order_position else "all" for position in range(len(factors)))
        overall = overall or [_row(responses, response_sample, factors, mean, group)]
        single += [_row(responses, response_sample, factors, cell, [cell]) for cell in group]
    return pd.DataFrame(overall + single, columns=[*factors, *COLUMNS])


def _responses(runs: Runs, cells: Sequence[Cell], common: Sequence[Cell]) -> Responses:
    """Take differences paired by seed if the seeds allow it, else the runs of both suites.

    Runs of one cell count as independent: no seed is given twice, so there are no blocks.
    """
    run_at = {
        (suite, cell, seed): run
        for run, (suite, cell, seed) in enumerate(
            zip(runs.table["suite"], cells, runs.table["seed"], strict=True)
        )
        if cell in common
    }
    identity = np.eye(len(cells))
    pairs = {suite: [key[1:] for key in run_at if key[0] == suite] for suite in ("first", "second")}
    if set(pairs["first"]) == set(pairs["second"]):
        differences = [
            identity[run_at["second", *pair]] - identity[run_at["first", *pair]] for pair in pairs["first"]
        ]
        layout = Layout([cell for cell, _ in pairs["first"]], range(len(differences)))
        return Responses((), np.array(differences), layout, paired=True)
    layout = Layout([(suite, *cell) for suite, cell, _ in run_at], range(len(run_at)))
    return Responses((), identity[[*run_at.values()]], layout)


def _row(
    responses: Responses, sample: Sample, factors: Sequence[str], levels: Cell, cells: Sequence[Cell]
) -> dict:
    """Estimate the mean difference over some cells; ``levels`` stand in the columns of the factors."""
    settings: list[dict[Cell, int]] = [
        {cell: 1} if responses.paired else {("second", *cell): 1, ("first", *cell): -1} for cell in cells
    ]
    contrast = Contrast("comparison", "suite", "second", "first", tuple(settings))
    estimate, parts = responses.layout.estimate(contrast, sample)
    ends = (*interval(estimate, parts.run, parts.df_run), *interval(estimate, parts.variance, parts.df))
    return {
        **dict(zip(factors, levels, strict=True)),
        **dict(zip(COLUMNS, [POINTS * number for number in (estimate, *ends)], strict=False)),
        "p": p_value(estimate, parts.variance, parts.df),
        "runs": responses.run_count(contrast),
        "items": sample.items,
        "note": "runs paired by seed" if responses.paired else "runs not paired",
    }
