"""Two suites on the same test items: what changed from one to the other, cell by cell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from summary.analysis.effects import POINTS
from summary.analysis.contrasts import Cell, Contrast
from summary.analysis.responses import Question
from summary.analysis.samples import Runs, Sample, accuracy, read_runs
from summary.analysis.uncertainty import Layout, interval, p_value

COLUMNS = ["estimate", "low_run", "high_run", "low", "high", "p", "runs", "items", "note"]


def compare(
    first: pd.DataFrame, second: pd.DataFrame, factors: Sequence[str], class_order: str = "class_order"
) -> pd.DataFrame:
    """Accuracy of the second suite minus that of the first, in percentage points.

    Parameters
    ----------
    first, second : DataFrame
        Answers as for ``effects.analyse``.
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
    cells = [tuple(row) for row in runs.table[[*factors]].to_numpy()]
    of = {
        suite: {c for c, s in zip(cells, runs.table["suite"], strict=True) if s == suite}
        for suite in ("first", "second")
    }
    common = [cell for cell in dict.fromkeys(cells) if cell in of["first"] & of["second"]]
    if not common:
        raise ValueError("the two suites have no cell in common")
    at = list(factors).index(class_order) if class_order in factors else None
    orders = dict.fromkeys(cell[at] if at is not None else "" for cell in common)
    overall: list[dict] = []
    single: list[dict] = []
    for order in sorted(orders, key=lambda level: level != "sorted"):
        kept = [cell for cell in common if at is None or cell[at] == order]
        question = _question(runs, cells, kept)
        lines = [_line(question, kept, ["all" if n != at else order for n in range(len(factors))], runs)]
        lines += [_line(question, [cell], cell, runs) for cell in kept]
        overall, single = overall or lines[:1], single + lines[1:]
    return pd.DataFrame(overall + single, columns=[*range(len(factors)), *COLUMNS]).rename(
        columns=dict(enumerate(factors))
    )


def _question(runs: Runs, cells: Sequence[Cell], common: Sequence[Cell]) -> Question:
    """Paired differences if the seeds allow it, else the runs of both suites."""
    at = {}
    for r, (cell, suite, seed) in enumerate(zip(cells, runs.table["suite"], runs.table["seed"], strict=True)):
        if cell in common:
            at[suite, cell, seed] = r
    eye = np.eye(len(cells))
    # Runs of one cell count as independent: no seed is given twice, so there are no blocks.
    if all((_other(suite), cell, seed) in at for suite, cell, seed in at):
        pairs = [(cell, seed) for suite, cell, seed in at if suite == "first"]
        transform = np.array([eye[at["second", *pair]] - eye[at["first", *pair]] for pair in pairs])
        return Question((), transform, Layout([cell for cell, _ in pairs], range(len(pairs))), paired=True)
    labels = [(suite, *cell) for suite, cell, _ in at]
    return Question((), eye[list(at.values())], Layout(labels, range(len(at))))


def _other(suite: str) -> str:
    return "second" if suite == "first" else "first"


def _line(question: Question, cells: Sequence[Cell], names: Sequence[str], runs: Runs) -> dict:
    signs = [{cell: 1} if question.paired else {("second", *cell): 1, ("first", *cell): -1} for cell in cells]
    contrast = Contrast("comparison", "suite", "second", "first", tuple(signs))
    sample: Sample = accuracy(runs)
    estimate, parts = question.components(contrast, sample)
    numbers = [
        estimate,
        *interval(estimate, parts.run, parts.df_run),
        *interval(estimate, parts.variance, parts.df),
    ]
    return {
        **dict(enumerate(names)),
        **dict(zip(COLUMNS, [POINTS * number for number in numbers], strict=False)),
        "p": p_value(estimate, parts.variance, parts.df),
        "runs": question.runs(contrast),
        "items": sample.items,
        "note": "runs paired by seed" if question.paired else "runs not paired",
    }
