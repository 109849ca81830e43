"""A table of anybody's answers: read from a file, with the design found from its rows.

The room knows neither MLflow nor suites; the table may come from any training or evaluation program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd

from summary.analysis import Design, Factor
from summary.analysis.designs import ONE_AT_A_TIME

RIGHT, WRONG = "right", "wrong"  # the classes of a table that says only whether an answer is correct


@dataclass(frozen=True)
class Columns:
    """Names of a table's columns, and what cannot be seen from its rows."""

    seed: str = "seed"
    item: str = "item"
    truth: str = "truth"
    prediction: str = "prediction"
    correct: str = "correct"  #: used where there is no prediction: 1 if the answer is right, else 0
    factors: tuple[str, ...] = ()  #: default: all other columns
    shared_trainings: str = ""  #: the factor whose levels are readings of the same trainings
    references: Mapping[str, str] = field(default_factory=dict)  #: factor -> reference level


def read_answers(path: Path, columns: Columns) -> pd.DataFrame:
    """Read a table with one row per run and item.

    Parameters
    ----------
    path : Path
        A .csv (also compressed, as .csv.gz) or .parquet file.
    columns : Columns
        Their names.

    Returns
    -------
    DataFrame
        The factors as text, ``seed``, ``item``, ``truth``, ``prediction``: as `analyse` takes it.

    Raises
    ------
    ValueError
        A file that is no table, a missing column, an empty field, a number other than 0 and 1 in
        the column of correct answers, an item twice in one run. The message names column and row.
    """
    table = _read(path)
    if columns.prediction in table:
        answer = {"truth": columns.truth, "prediction": columns.prediction}
    elif columns.correct in table:
        answer = {"correct": columns.correct}
    else:
        raise ValueError(f"{path} has neither a column {columns.prediction} nor a column {columns.correct}")
    named = {"seed": columns.seed, "item": columns.item, **answer}
    factors = columns.factors or tuple(name for name in table if name not in named.values())
    for name in (*factors, *named.values()):
        if name not in table:
            raise ValueError(f"{path} has no column {name}; it has {', '.join(map(str, table.columns))}")
        _refuse(table[name].isna(), path, f"column {name} is empty")
    answers = pd.DataFrame({name: table[name].astype(str) for name in factors})
    answers = answers.assign(**{name: table[column] for name, column in named.items()})
    if "correct" in answers:
        correct = pd.to_numeric(answers.pop("correct"), errors="coerce")
        _refuse(~correct.isin([0, 1]), path, f"column {columns.correct} is neither 0 nor 1")
        answers = answers.assign(truth=RIGHT, prediction=np.where(correct == 1, RIGHT, WRONG))
    twice = answers.duplicated([*factors, "seed", "item"])
    _refuse(twice, path, f"column {columns.item} names an item that this run has already")
    return answers


def _read(path: Path) -> pd.DataFrame:
    read = pd.read_parquet if path.suffix == ".parquet" else pd.read_csv
    try:
        return read(path)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} cannot be read as a table: {reason}") from error


def _refuse(rows: pd.Series, path: Path, fault: str) -> None:
    if rows.any():
        raise ValueError(f"{path}, row {int(np.flatnonzero(rows)[0]) + 1}: {fault}")


def find_design(answers: pd.DataFrame, columns: Columns) -> Design:
    """Find the design from the cells that a table holds.

    It is one factor at a time if there is a cell that every other one differs from in a single
    factor; a fraction if any two factors hold all pairs of their levels equally often; else a
    full design, of which cells may be missing.

    Raises
    ------
    ValueError
        No column is a factor, or an option names a level or a factor that is not there.
    """
    names = [name for name in answers if name not in ("seed", "item", "truth", "prediction")]
    if unknown := {*columns.references, columns.shared_trainings} - {*names, ""}:
        raise ValueError(f"the table has no factor {min(unknown)}; it has {', '.join(names)}")
    factors = tuple(_factor(answers[name], columns) for name in names)
    if not any(len(factor.levels) > 1 for factor in factors):
        raise ValueError("no factor of the table has two levels")
    factors = tuple(factor for factor in factors if len(factor.levels) > 1)
    levels = answers[[factor.name for factor in factors]].drop_duplicates()
    cells = levels.to_dict("records")
    everything = [
        dict(zip(levels.columns, combination, strict=True))
        for combination in product(*(factor.levels for factor in factors))
    ]
    if len(cells) < len(everything):
        if base := _base_cell(cells, factors):
            return Design(factors, tuple(cells), ONE_AT_A_TIME, base)
        if _is_fraction(levels, factors):
            return Design(factors, tuple(cells), "fraction")
    return Design(factors, tuple(everything))


def _factor(values: pd.Series, columns: Columns) -> Factor:
    """Order the levels: numbers by size, words by alphabet, the reference first."""
    name = str(values.name)
    levels = values.unique().tolist()
    numbers = pd.to_numeric(pd.Series(levels), errors="coerce")
    levels = sorted(levels) if numbers.isna().any() else [levels[k] for k in np.argsort(numbers)]
    reference = columns.references.get(name, levels[0])
    if reference not in levels:
        raise ValueError(f"column {name} has no level {reference}; it has {', '.join(levels)}")
    ordered = (reference, *(level for level in levels if level != reference))
    return Factor(name, ordered, "evaluate" if name == columns.shared_trainings else "train")


def _base_cell(cells: Sequence[Mapping[str, str]], factors: Sequence[Factor]) -> Mapping[str, str] | None:
    """Find the cell that all others differ from in one factor, whose levels they hold all."""
    if len(cells) != 1 + sum(len(factor.levels) - 1 for factor in factors):
        return None
    for base in cells:
        if all(sum(cell[name] != base[name] for name in base) <= 1 for cell in cells):
            return base
    return None


def _is_fraction(levels: pd.DataFrame, factors: Sequence[Factor]) -> bool:
    """Return True if any two factors hold all pairs of their levels equally often."""
    for one, two in combinations(factors, 2):
        counts = levels.groupby([one.name, two.name]).size()
        if len(counts) < len(one.levels) * len(two.levels) or counts.min() < counts.max():
            return False
    return True
