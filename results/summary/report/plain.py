"""Printed answers to a table of one's own, on the terminal and in a folder, without MLflow."""

from pathlib import Path

import pandas as pd

from ablations.process.terminal import echo, one_line
from summary.analysis import Analysis, Design, analyse
from summary.report import figures, sentences, tables

DPI = 150


def summarize_table(answers: pd.DataFrame, design: Design, folder: Path, margin: float = 0) -> list[Path]:
    """Print the cells and the answers, and write tables and a figure; returns the files.

    Raises
    ------
    ValueError
        The answers are not a table of runs on the same items.
    """
    analysis = analyse(answers, design, margin=margin)
    cells = cells_table(analysis)
    echo(cells.map(one_line).to_markdown(index=False, disable_numparse=True, tablefmt="simple"))
    caption = (
        f"In percent, with the 95 % interval on new items; {analysis.items:,} items, {analysis.runs} runs, "
        f"design {design.kind}."
    )
    echo(f"\n{caption}\n")
    for sentence in sentences.answers([], analysis):
        echo(f"- {sentence.replace('**', '')}")
    for note in analysis.notes:
        echo(f"- {note[0].upper()}{note[1:]}.")
    folder.mkdir(parents=True, exist_ok=True)
    files = tables.write_table(cells, caption, folder / "table")
    files += tables.write_table(tables.effects_table(analysis), tables.EFFECTS_CAPTION, folder / "effects")
    all_metrics = folder / "effects_all_metrics.csv"
    analysis.effects.round(4).to_csv(all_metrics, index=False)
    return [*files, all_metrics, *_draw(analysis, folder)]


def cells_table(analysis: Analysis) -> pd.DataFrame:
    """Tabulate the cells: factors, runs, accuracy in percent with its interval, spread over the seeds."""
    cells = analysis.cells
    numbers = ["accuracy", "low", "high", "sd", "balanced_accuracy", "macro_f1"]
    text = cells.drop(columns=numbers).astype(str)
    text["accuracy"] = [tables.number(value, "{:.1f}") for value in cells["accuracy"]]
    text["95 % on new items"] = [
        "–" if pd.isna(low) else f"[{low:.1f}, {high:.1f}]"
        for low, high in zip(cells["low"], cells["high"], strict=True)
    ]
    text["sd"] = [tables.number(value, "{:.1f}") for value in cells["sd"]]
    return text


def _draw(analysis: Analysis, folder: Path) -> list[Path]:
    if analysis.effects.empty:
        return []
    picture = figures.forest(analysis)
    files = [folder / f"effects.{suffix}" for suffix in ("png", "svg")]
    for file in files:
        picture.savefig(file, dpi=DPI)
    return files
