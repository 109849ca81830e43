"""Printed answers to a table of one's own, on the terminal and in a folder, without MLflow."""

from pathlib import Path

import pandas as pd

from ablations.process.terminal import echo, one_line
from summary.analysis import Analysis, analyse, find_design
from summary.report import figures, sentences, tables
from summary.table import Columns, Table

DPI = 150


def summarize_table(table: Table, columns: Columns, folder: Path, margin: float = 0) -> list[Path]:
    """Print the cells and the answers, and write tables and a figure; returns the files.

    Raises
    ------
    AnswersError
        The answers are not a table of runs on the same items.
    """
    design = find_design(
        table.answers, references=columns.references, shared_trainings=columns.shared_trainings
    )
    analysis = analyse(table.answers, design, measure=table.measure, margin=margin)
    cells = cells_table(analysis)
    echo(cells.map(one_line).to_markdown(index=False, disable_numparse=True, tablefmt="simple"))
    unit = "In percent" if analysis.measure.is_share else f"In the unit of {analysis.measure.name}"
    caption = (
        f"{unit}, with the 95 % interval {analysis.measure.on_new}; {sentences.rests_on(analysis)} "
        f"Design {design.kind}."
    )
    echo(f"\n{caption}\n")
    for sentence in sentences.answers([], analysis):
        echo(f"- {sentence.replace('**', '')}")
    for note in analysis.notes:
        echo(f"- {note[0].upper()}{note[1:]}.")
    folder.mkdir(parents=True, exist_ok=True)
    files = tables.write_table(cells, caption, folder / "table")
    files += tables.write_table(
        tables.effects_table(analysis), tables.effects_caption(analysis.measure), folder / "effects"
    )
    all_metrics = folder / "effects_all_metrics.csv"
    analysis.effects.round(analysis.measure.digits + 3).to_csv(all_metrics, index=False)
    return [*files, all_metrics, *_draw(analysis, folder)]


def cells_table(analysis: Analysis) -> pd.DataFrame:
    """Tabulate the cells: factors, runs, the mean with its interval, spread over the seeds."""
    cells, measure = analysis.cells, analysis.measure
    pattern = f"{{:.{measure.digits}f}}"
    factors_and_runs = cells.columns[: cells.columns.get_loc(measure.name)]
    text = cells[factors_and_runs].astype(str)
    text[measure.name] = [tables.number(value, pattern) for value in cells[measure.name]]
    text[tables.on_new(measure)] = [
        "–" if pd.isna(low) else f"[{pattern.format(low)}, {pattern.format(high)}]"
        for low, high in zip(cells["low"], cells["high"], strict=True)
    ]
    text["sd"] = [tables.number(value, pattern) for value in cells["sd"]]
    return text


def _draw(analysis: Analysis, folder: Path) -> list[Path]:
    if analysis.effects.empty:
        return []
    picture = figures.forest(analysis)
    files = [folder / f"effects.{suffix}" for suffix in ("png", "svg")]
    for file in files:
        picture.savefig(file, dpi=DPI)
    return files
