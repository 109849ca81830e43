"""A table of anybody's answers, read from a file.

The room knows neither MLflow nor suites; the table may come from any training or evaluation program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from summary.analysis import Measure
from summary.errors import AnswersError

# What a report calls the columns of its own tables; a factor of such a name could not be told from them.
RESERVED = {
    *("seed", "item", "truth", "prediction", "correct", "score", "cell", "runs", "seeds"),
    *("run_id", "commit", "weights", "low", "high", "sd", "accuracy", "balanced_accuracy", "macro_f1"),
}


@dataclass(frozen=True)
class Columns:
    """Names of a table's columns, and what cannot be seen from its rows."""

    seed: str = "seed"
    item: str = "item"  #: not needed with a score: a table without it has one row per run
    truth: str = "truth"
    prediction: str = "prediction"
    correct: str = "correct"  #: used where there is no prediction: 1 if the answer is right, else 0
    score: str = ""  #: used instead of all these, if given; default: the column "score", if there is no other
    factors: tuple[str, ...] = ()  #: default: all other columns
    shared_trainings: tuple[str, ...] = ()  #: the factors whose levels are readings of the same trainings
    references: Mapping[str, str] = field(default_factory=dict)  #: factor -> reference level


@dataclass(frozen=True)
class Table:
    """Answers as `summary.analysis.analyse` takes them, and what is compared in them."""

    answers: pd.DataFrame
    measure: Measure


def read_table(path: Path, columns: Columns) -> Table:
    """Read a table with one row per run and item, or with one per run and a score.

    Parameters
    ----------
    path : Path
        A .csv (also compressed, as .csv.gz) or .parquet file.
    columns : Columns
        Their names.

    Raises
    ------
    AnswersError
        A file that is no table, a missing column, an empty field, a number other than 0 and 1 in the column
        of correct answers, text in a score, an item twice or missing in a run, an item with two truths, a
        level that a single run has. The message names column and row.
    """
    table = _read(path)
    values = _value_columns(table, columns, path)
    named = {"seed": columns.seed, **({"item": columns.item} if columns.item in table else {}), **values}
    if "score" not in named:
        named["item"] = columns.item
    factors = columns.factors or tuple(
        name for name in table if name not in {*named.values(), *_unused(columns)}
    )
    for name in (*factors, *named.values()):
        if name not in table:
            raise AnswersError(f"{path} has no column {name}; it has {', '.join(map(str, table.columns))}")
        _refuse(table[name].isna(), path, f"column {name} is empty")
    if taken := RESERVED & set(factors):
        raise AnswersError(f"{path}: a factor cannot be called {min(taken)}: rename the column")
    answers = pd.DataFrame({name: table[name].astype(str) for name in factors})
    answers = answers.assign(**{name: table[column] for name, column in named.items()})
    _check_values(answers, named, path)
    _check_runs(answers, [*factors, "seed"], named, path)
    items = "items" if "item" in answers else ""
    measure = (
        Measure(values["score"], is_share=False, items=items) if "score" in values else Measure(items=items)
    )
    return Table(answers, measure)


def _value_columns(table: pd.DataFrame, columns: Columns, path: Path) -> dict[str, str]:
    """Choose the columns that say what an answer is worth: those of the first kind that the table has."""
    if columns.score:
        return {"score": columns.score}
    if columns.prediction in table:
        return {"truth": columns.truth, "prediction": columns.prediction}
    if columns.correct in table:
        return {"correct": columns.correct}
    if "score" in table:
        return {"score": "score"}
    raise AnswersError(
        f"{path} has neither a column {columns.prediction} nor a column {columns.correct} nor a column score"
    )


def _unused(columns: Columns) -> set[str]:
    """Name the columns that are no factors even where another kind of answer is compared."""
    return {columns.truth, columns.prediction, columns.correct, "score"}


def _read(path: Path) -> pd.DataFrame:
    """Read all columns of a .csv as text, so that levels stay as they are written."""
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise AnswersError(f"{path} cannot be read as a table: {reason}") from error


def _check_values(answers: pd.DataFrame, named: Mapping[str, str], path: Path) -> None:
    """Check correct answers and scores, and turn them into numbers."""
    for name in {"correct", "score"} & set(named):
        numbers = pd.to_numeric(answers[name], errors="coerce")
        allowed = numbers.isin([0, 1]) if name == "correct" else np.isfinite(numbers)
        fault = "neither 0 nor 1" if name == "correct" else "not a finite number"
        _refuse(~allowed, path, f"column {named[name]} is {fault}")
        answers[name] = numbers
    if "truth" in named:
        first = answers.groupby("item")["truth"].transform("first")
        _refuse(
            answers["truth"] != first, path, f"column {named['truth']} differs from the item's in another row"
        )


def _check_runs(answers: pd.DataFrame, keys: Sequence[str], named: Mapping[str, str], path: Path) -> None:
    """Check that each run has every item once, and that no level stands in a single run by mistake."""
    if "item" in named:
        twice = answers.duplicated([*keys, "item"])
        _refuse(twice, path, f"column {named['item']} names an item that this run has already")
        sizes = answers.groupby(keys)["item"].transform("size")
        fewer = sizes < answers["item"].nunique()
        if fewer.any():
            row = answers[fewer].iloc[0]
            run = answers[(answers[keys] == row[keys]).all(axis=1)]
            absent = answers.loc[~answers["item"].isin(run["item"]), "item"].iloc[0]
            _refuse(
                fewer,
                path,
                f"column {named['item']}: this run has no row for {absent}, which another run has",
            )
    else:
        _refuse(answers.duplicated(keys), path, f"column {named['seed']} names a run that is there already")
    runs = answers.drop_duplicates(keys)
    for factor in keys[:-1]:
        counts = runs[factor].value_counts()
        if counts.max() > 1 and len(single := counts[counts == 1]):
            _refuse(
                answers[factor] == single.index[0],
                path,
                f"column {factor}: the level {single.index[0]} has "
                "a single run, which tells nothing of other seeds: add runs or leave the row out",
            )


def _refuse(rows: pd.Series, path: Path, fault: str) -> None:
    """Raise an error that names the first of some rows, counted from 1 without the header."""
    if rows.any():
        raise AnswersError(f"{path}, row {int(np.flatnonzero(rows)[0]) + 1}: {fault}")
