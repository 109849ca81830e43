"""Recognition of a design from the cells that a table of answers holds."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd

from summary.analysis.designs import ONE_AT_A_TIME, Design, Factor
from summary.errors import AnswersError

ANSWER_COLUMNS = ("seed", "item", "truth", "prediction", "correct", "score")  #: that are never factors


def find_design(
    answers: pd.DataFrame,
    *,
    references: Mapping[str, str] | None = None,
    shared_trainings: Sequence[str] = (),
) -> Design:
    """Find the design from the cells that a table holds.

    It is one factor at a time if there is a cell that every other one differs from in a single factor; a
    fraction if any two factors hold all pairs of their levels equally often; else a full design, of which
    cells may be missing.

    Parameters
    ----------
    answers : DataFrame
        As for `analyse`. Every column but those of ANSWER_COLUMNS is a factor, if it has several values.
    references : mapping, optional
        Factor -> its reference level; default: the first in the order of numbers or of the alphabet.
    shared_trainings : sequence of str
        The factors whose levels are readings of the same trainings. Default: none.

    Raises
    ------
    AnswersError
        No column is a factor, or the arguments name a factor or level that is not there.
    """
    references = references or {}
    names = [str(name) for name in answers if name not in ANSWER_COLUMNS]
    if unknown := {*references, *shared_trainings} - {*names}:
        raise AnswersError(f"the table has no factor {min(unknown)}; it has {', '.join(names)}")
    found = {
        name: _factor(name, levels, references.get(name), "evaluate" if name in shared_trainings else "train")
        for name in names
        for levels in [answers[name].astype(str).unique().tolist()]
    }
    factors = tuple(factor for factor in found.values() if len(factor.levels) > 1)
    if not factors:
        raise AnswersError("no factor of the table has two levels")
    cells = answers[[factor.name for factor in factors]].drop_duplicates().astype(str).drop_duplicates()
    every_cell = [
        dict(zip(cells.columns, levels, strict=True)) for levels in product(*(f.levels for f in factors))
    ]
    if len(cells) < len(every_cell):
        present = cells.to_dict("records")
        if base := _base_cell(present, factors):
            return Design(factors, tuple(present), ONE_AT_A_TIME, base)
        if _is_fraction(cells, factors):
            return Design(factors, tuple(present), "fraction")
    return Design(factors, tuple(every_cell))


def _factor(name: str, levels: list[str], reference: str | None, stage: str) -> Factor:
    """Order the levels: numbers by size, words by alphabet, the reference first."""
    numbers = pd.to_numeric(pd.Series(levels), errors="coerce")
    levels = sorted(levels) if numbers.isna().any() else [levels[k] for k in np.argsort(numbers)]
    first = levels[0] if reference is None else reference
    if first not in levels:
        raise AnswersError(f"column {name} has no level {first}; it has {', '.join(levels)}")
    return Factor(name, (first, *(level for level in levels if level != first)), stage)


def _base_cell(cells: Sequence[Mapping[str, str]], factors: Sequence[Factor]) -> Mapping[str, str] | None:
    """Find the cell that all others differ from in one factor, whose levels they hold all."""
    if len(cells) != 1 + sum(len(factor.levels) - 1 for factor in factors):
        return None
    for base in cells:
        if all(sum(cell[name] != base[name] for name in base) <= 1 for cell in cells):
            return base
    return None


def _is_fraction(cells: pd.DataFrame, factors: Sequence[Factor]) -> bool:
    """Return True if any two factors hold all pairs of their levels equally often."""
    for one, two in combinations(factors, 2):
        counts = cells.groupby([one.name, two.name]).size()
        if len(counts) < len(one.levels) * len(two.levels) or counts.min() < counts.max():
            return False
    return True
