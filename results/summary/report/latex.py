"""Tables of text as LaTeX, within the width of the page's text."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from ablations.process import escape
from summary.report import templates
from summary.report.tables import Table

NUMBER = re.compile(r"([+-]?)(\d+)(?:\.(\d+))?(?: ± (\d+)(?:\.\d+)?)?")
INTERVAL = re.compile(r"\[[+-]?[\d.]+, [+-]?[\d.]+\]")
NOTHING = ("–", "missing", "")  # what stands among numbers where there is none
HEADER = 14  #: characters in a line of a column's name
SHORT = 12  #: characters of texts that are not broken
MANY = 5  #: with more columns the table is set in smaller print
FIRST = 1.4  #: share of the first column of broken text, of the mean
TEXT = r">{\hsize=%.2f\hsize\raggedright\arraybackslash}X"  #: type of the columns of broken text


@dataclass(frozen=True)
class Column:
    """A column of a LaTeX table: its type, its header and its cells, escaped."""

    specification: str
    header: Markup
    cells: Sequence[Markup]


def latex(tables: Mapping[str, Table]) -> str:
    """Format tables as LaTeX's environment ``table``, which break long texts; label -> table.

    Notes, for which there is no room beside the other columns, stand in the caption.
    """
    prepared = [_prepare(label, table) for label, table in tables.items()]
    return templates.latex("table.tex.j2", tables=prepared)


def _prepare(label: str, table: Table) -> dict[str, object]:
    notes = _notes(table.text) if "note" in table.text else []
    text = table.text.drop(columns="note", errors="ignore")
    columns = [_column(name, text[name].astype(str)) for name in text.columns]
    shares = iter(_shares(sum(column.specification == TEXT for column in columns)))
    specifications = [
        column.specification % next(shares) if column.specification == TEXT else column.specification
        for column in columns
    ]
    rows = list(zip(*(column.cells for column in columns), strict=True))
    return {
        "label": label,
        "caption": " ".join([table.caption, *notes]),
        "size": Markup(r"\footnotesize" if len(columns) > MANY else r"\small"),
        "specification": Markup(" ".join(specifications)),
        "header": Markup(" & ").join(column.header for column in columns),
        "rows": [Markup(" & ").join(row) for row in rows],
    }


def _notes(text: pd.DataFrame) -> list[str]:
    """Word each note of a table's rows once, with the names of the rows."""
    sentences = []
    for note, rows in text[text["note"] != ""].groupby("note", sort=False):
        names = "All rows" if len(rows) == len(text) else "; ".join(dict.fromkeys(rows.iloc[:, 0]))
        sentences.append(f"{names}: {note}.")
    return sentences


def _shares(columns: int) -> list[float]:
    """Share out the room for columns of broken text, of which the first has more; the sum is their number."""
    if columns < 2:
        return [1.0] * columns
    return [FIRST, *[(columns - FIRST) / (columns - 1)] * (columns - 1)]


def _column(name: str, cells: pd.Series) -> Column:
    parsed = [NUMBER.fullmatch(cell) for cell in cells]
    header = Markup(escape.latex(name))
    lines = Markup(r"\\").join(map(Markup, map(escape.latex, textwrap.wrap(name, HEADER))))
    stacked = Markup(r"{\shortstack{%s}}") % lines
    if any(parsed) and all(match or cell in NOTHING for match, cell in zip(parsed, cells, strict=True)):
        numbers = [match for match in parsed if match]
        texts = [
            Markup(cell.replace("±", r"\pm")) if match else _braced(cell)
            for match, cell in zip(parsed, cells, strict=True)
        ]
        return Column(_number_format(numbers), stacked, texts)
    if all(INTERVAL.fullmatch(cell) or cell in NOTHING for cell in cells):
        return Column("c", stacked, [_interval(cell) for cell in cells])
    texts = [Markup(escape.latex(cell)) for cell in cells]
    if max(map(len, cells), default=0) <= SHORT:
        return Column("l", stacked, texts)
    return Column(TEXT, header, texts)


def _number_format(numbers: Sequence[re.Match[str]]) -> str:
    """Return the type S of siunitx for these numbers: sign, digits before and after the point, spread."""
    sign = "+" if any(number[1] for number in numbers) else ""
    whole, decimals = (max(len(number[group] or "") for number in numbers) for group in (2, 3))
    spread = max(len(number[4] or "") for number in numbers)
    uncertainty = f"({spread + decimals})" if spread else ""
    return f"S[table-format={sign}{whole}.{decimals}{uncertainty}]"


def _braced(text: str) -> Markup:
    """Return a text that siunitx does not take for a number."""
    return Markup(f"{{{escape.latex(text)}}}")


def _interval(text: str) -> Markup:
    """Return an interval with minus signs instead of hyphens."""
    return Markup(f"${text}$") if INTERVAL.fullmatch(text) else Markup(escape.latex(text))
