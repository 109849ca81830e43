"""Comparison of two suites on the same test items, cell by cell."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd

from summary.analysis.contrasts import Contrast
from summary.analysis.designs import Cell
from summary.analysis.layout import Layout
from summary.analysis.measure import POINTS
from summary.analysis.samples import Runs, Sample, accuracy, read_runs
from summary.analysis.uncertainty import interval
from summary.errors import AnswersError

NO_READING: Mapping[str, str] = MappingProxyType({})
COLUMNS = ["estimate", "low_run", "high_run", "low", "high", "p", "runs", "items", "note"]


def compare(
    first: pd.DataFrame, second: pd.DataFrame, factors: Sequence[str], reading: Mapping[str, str] = NO_READING
) -> pd.DataFrame:
    """Estimate the accuracy of a second suite minus that of a first, in percentage points.

    Seeds are the units. Where the suites have seeds in common, their runs are paired by seed;
    else each suite has its own spread over its seeds (Welch 1947, *Biometrika* 34, 28).

    Parameters
    ----------
    first, second : DataFrame
        Answers as for `analyse`.
    factors : sequence of str
        Columns that name the cells in both.
    reading : mapping
        The factors whose levels are readings of the same trainings -> their base levels. Each
        reading is compared by itself, and the overall line rests on the one at the base levels if
        both suites have it. Default: none.

    Returns
    -------
    DataFrame
        First the overall line (unweighted mean over the common cells of one reading; the other
        factors read "all"), then one line per common cell: factors, estimate, low_run, high_run,
        low, high (other seeds and items), p, runs, items, note. Exploratory: p is not corrected.

    Raises
    ------
    AnswersError
        No common cell, other test items, or anything else from ``samples.read_runs``.
    """
    both = pd.concat([first.assign(suite="first"), second.assign(suite="second")])
    runs = read_runs(both, [*factors, "suite"])
    sample = accuracy(runs)
    cells: list[Cell] = [*runs.table[[*factors]].itertuples(index=False, name=None)]
    present = set(zip(runs.table["suite"], cells, strict=True))
    common = [cell for cell in dict.fromkeys(cells) if {("first", cell), ("second", cell)} <= present]
    if not common:
        raise AnswersError("the two suites have no cell in common")
    labels = [(suite, *cell) for suite, cell in zip(runs.table["suite"], cells, strict=True)]
    layout = Layout(labels, [*runs.table["seed"]])
    by_reading: dict[Cell, list[Cell]] = {}  # the overall line's levels -> cells
    for cell in common:
        levels = zip(factors, cell, strict=True)
        mean = tuple(level if name in reading else "all" for name, level in levels)
        by_reading.setdefault(mean, []).append(cell)
    base = tuple(reading.get(name, "all") for name in factors)
    overall: list[dict] = []
    single: list[dict] = []
    for mean, group in sorted(by_reading.items(), key=lambda item: item[0] != base):
        overall = overall or [_row(runs, layout, sample, factors, mean, group)]
        single += [_row(runs, layout, sample, factors, cell, [cell]) for cell in group]
    return pd.DataFrame(overall + single, columns=[*factors, *COLUMNS])


def difference_of_suites(cells: Sequence[Cell]) -> Contrast:
    """Build the contrast second minus first over some cells; a run's cell begins with its suite's name."""
    settings = tuple({("second", *cell): 1, ("first", *cell): -1} for cell in cells)
    return Contrast("comparison", "suite", "second", "first", settings)


def _row(
    runs: Runs, layout: Layout, sample: Sample, factors: Sequence[str], levels: Cell, cells: Sequence[Cell]
) -> dict:
    """Estimate the mean difference over some cells; ``levels`` stand in the columns of the factors."""
    contrast = difference_of_suites(cells)
    estimate, parts = layout.estimate(contrast, sample)
    ends = (*interval(estimate, parts.run, parts.df_run), *parts.interval(estimate))
    involved = runs.table[layout.weights(contrast) != 0]
    return {
        **dict(zip(factors, levels, strict=True)),
        **dict(zip(COLUMNS, [POINTS * number for number in (estimate, *ends)], strict=False)),
        "p": parts.p_value(estimate),
        "runs": len(involved),
        "items": sample.items,
        "note": _pairing(*(set(seeds) for _, seeds in involved.groupby("suite")["seed"])),
    }


def _pairing(first: set, second: set) -> str:
    shared = len(first & second)
    if first == second:
        return "runs paired by seed"
    return f"runs paired by seed: {shared} of {len(first | second)} seeds" if shared else "runs not paired"
