"""The report of a table of one's own, on the terminal and in a folder, without MLflow."""

from pathlib import Path

import pandas as pd

from ablations.process.terminal import echo, one_line
from summary.analysis import Analysis, analyse, find_design
from summary.report import page, sentences, tables
from summary.report.content import Content, Part, Section, effects_section
from summary.report.formats import bracket, number
from summary.report.wording import Wording
from summary.table import Columns, Table


def summarize_table(table: Table, columns: Columns, folder: Path, margin: float = 0) -> list[Path]:
    """Print the cells and the answers, and write the report; returns the files.

    Raises
    ------
    AnswersError
        The answers are not a table of runs on the same items.
    """
    design = find_design(
        table.answers, references=columns.references, shared_trainings=columns.shared_trainings
    )
    analysis = analyse(table.answers, design, measure=table.measure, margin=margin)
    cells = cells_table(analysis, design.kind)
    echo(cells.text.map(one_line).to_markdown(index=False, disable_numparse=True, tablefmt="simple"))
    echo(f"\n{cells.caption}\n")
    report = content(analysis, cells, folder.name)
    for sentence in report.answers:
        echo(f"- {sentence.replace('**', '')}")
    for note in analysis.notes:
        echo(f"- {note[0].upper()}{note[1:]}.")
    return page.write(report, folder)


def content(analysis: Analysis, cells: tables.Table, name: str) -> Content:
    """Compose the report of a table, of which nothing is known but its name and its answers."""
    wording = Wording()
    return Content(
        title=f"Effects in {name}",
        facts={},
        answers=sentences.answers(wording, analysis),
        scope=[*sentences.scope(analysis, analysis.runs), *sentences.more_seeds(analysis)],
        sections=[effects_section(analysis, wording), Section("Cells", [Part("table", table=cells)])],
        reading=sentences.how_to_read(analysis.measure),
    )


def cells_table(analysis: Analysis, kind: str) -> tables.Table:
    """Tabulate the cells: factors, runs, the mean with its interval, spread over the seeds."""
    cells, measure = analysis.cells, analysis.measure
    pattern = f"{{:.{measure.digits}f}}"
    factors_and_runs = cells.columns[: cells.columns.get_loc(measure.name)]
    text = cells[factors_and_runs].astype(str)
    text[measure.name] = [number(value, pattern) for value in cells[measure.name]]
    text[tables.on_new(measure)] = [
        bracket(low, high, measure.digits).replace("+", "")
        for low, high in zip(cells["low"], cells["high"], strict=True)
    ]
    text["sd"] = [number(value, pattern) for value in cells["sd"]]
    unit = "In percent" if measure.is_share else f"In the unit of {measure.words}"
    caption = (
        f"{unit}, with the 95 % interval {measure.on_new}; {sentences.rests_on(analysis)} Design {kind}."
    )
    return tables.Table(text, caption, _numbers(analysis))


def _numbers(analysis: Analysis) -> pd.DataFrame:
    """Name the units in the columns of the cells' numbers."""
    cells, measure = analysis.cells, analysis.measure
    unit = "percent" if measure.is_share else "score"
    measured = cells.columns[cells.columns.get_loc(measure.name) :]
    return cells.rename(columns={name: f"{name}_{unit}" for name in measured}).round(measure.digits + 3)
