"""Printed answers: summarize a suite or compare two, on the terminal and in a folder."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ablations.process import escape
from ablations.process.terminal import echo, one_line
from summary.analysis import analyse, compare
from summary.errors import AnswersError
from summary.report import content, page, sentences, tables
from summary.report.formats import markdown
from summary.report.wording import Wording
from summary.suite import Suite


def folder_name(suite: Suite) -> str:
    """Turn the suite's name into that of a folder."""
    return escape.file_name(suite.name) or suite.id


def summarize(suite: Suite, folder: Path, margin: float = 0) -> list[Path]:
    """Print the table of the cells and the answers, and write the report; returns the files.

    ``margin`` is as for `summary.analysis.analyse`.

    Raises
    ------
    AnswersError
        No run is finished.
    """
    echo(f"{suite.about['question']}  (suite {suite.id})\n")
    cells = tables.cells_by_factor(suite, suite.displayed_cells).drop(columns="cell")
    cells = cells.map(lambda cell: one_line(str(cell)))
    echo(cells.to_markdown(index=False, disable_numparse=True, tablefmt="simple"))
    echo(f"\n{tables.displayed_cells_caption(suite)}\n")
    if suite.finished.empty:
        raise AnswersError("no run of this suite is finished: there is nothing to report yet")
    analysis = analyse(
        suite.answers, suite.design, measure=suite.measure, margin=margin, groups=suite.rarity_groups
    )
    report = content.of_suite(suite, analysis)
    added_seeds = sentences.added_seeds(suite, Wording(suite.about["factors"]), analysis)
    for sentence in [*report.answers, *added_seeds]:
        echo(f"- {sentence.replace('**', '')}")
    return page.write(report, folder)


def write_comparison(one: Suite, other: Suite, folder: Path) -> list[Path]:
    """Compare the common cells of two suites on the same test items, and print and write the table.

    Raises
    ------
    AnswersError
        They have no cell in common, or other test items.
    """
    factors = list(dict.fromkeys([*one.factors, *other.factors]))
    readings = {
        factor.name: _base_level(other, factor.name, one)
        for suite in (one, other)
        for factor in suite.design.evaluated
    }
    comparison = compare(
        _answers_at(one, factors, other), _answers_at(other, factors, one), factors, readings
    )
    caption = (
        f"Suite {folder_name(other)} less suite {folder_name(one)}, in points of accuracy, on the same test "
        "images; the first interval holds on this test set, the second on new images."
        f"{fixed_differences(one, other)}"
    )
    table = tables.comparison_table(comparison, factors, caption)
    echo(f"{markdown(table.text)}\n\n{caption}\n")
    folder.mkdir(parents=True, exist_ok=True)
    return page.write_tables({"comparison": table}, folder / "comparison")


def fixed_differences(one: Suite, other: Suite) -> str:
    """Describe the settings that neither suite varied but that each held at another level."""
    levels = {
        name: (_base_level(one, name, other), _base_level(other, name, one))
        for name in {**one.about["base"], **other.about["base"]}
        if name not in {*one.factors, *other.factors}
    }
    differences = [f"{name} {new} instead of {old}" for name, (old, new) in levels.items() if new != old]
    if not differences:
        return ""
    return f" The suites also differ in what they held fixed: {', '.join(differences)}."


def _base_level(suite: Suite, name: str, other: Suite) -> str:
    """Return a setting's level in a suite's base cell.

    A suite of an earlier version does not know settings that came later: it had their defaults, which the
    other suite knows.
    """
    return suite.about["base"].get(name) or other.about["defaults"][name]


def _answers_at(suite: Suite, factors: Sequence[str], other: Suite) -> pd.DataFrame:
    """Add to a suite's answers the factors that only the other suite varied, at the base cell's levels."""
    fixed = {name: _base_level(suite, name, other) for name in factors if name not in suite.factors}
    return suite.answers.assign(**fixed)
