"""What a suite found: the table of its cells, the effects with intervals, figures and a report.

Reads MLflow, prints the answers, and writes everything under results/<name>/. The newest suite
of the tracking server (MLFLOW_TRACKING_URI) is taken unless another is named.
"""

import os
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import click
import pandas as pd
from mlflow import MlflowClient

sys.path.append(str(Path(__file__).resolve().parent.parent))  # a script finds its own folder alone

from ablations.process import commands
from summary.analysis import analyse, compare
from summary.report import page as report
from summary.report import sentences, tables
from summary.suite import Suite, newest_suite, read_suite


def folder_name(suite: Suite) -> str:
    """The suite's name as that of a folder."""
    return re.sub(r"[^\w.-]+", "-", suite.parent.info.run_name or suite.parent.info.run_id)


def summarize(suite: Suite, folder: Path) -> list[Path]:
    """Print the table of the cells and what the effects say, and write the report.

    Raises
    ------
    ValueError
        No run is finished.
    """
    click.echo(f"{suite.about['question']}  (suite {suite.parent.info.run_id})\n")
    cells = tables.cells_table(suite, suite.shown)
    click.echo(cells.to_markdown(index=False, disable_numparse=True, tablefmt="simple"))
    click.echo(f"\n{tables.shown_caption(suite)}\n")
    if suite.finished.empty:
        raise ValueError("no run of this suite is finished: there is nothing to report yet")
    analysis = analyse(suite.answers, suite.design)
    for line in sentences.answers(suite, analysis):
        click.echo(f"- {line.replace('**', '')}")
    return report.write(suite, analysis, folder)


def at_base(suite: Suite, factors: Sequence[str]) -> pd.DataFrame:
    """A suite's answers with the factors that only another suite varied: they were held at the base."""
    held = {name: suite.about["base"][name] for name in factors if name not in suite.factors}
    return suite.answers.assign(**held)


def held_apart(one: Suite, other: Suite) -> str:
    """What neither suite varied, but each held at its own level: a sentence, or nothing."""
    mine, theirs = one.about["base"], other.about["base"]
    apart = [
        f"{name} {level} instead of {mine[name]}"
        for name, level in theirs.items()
        if name not in {*one.factors, *other.factors} and level != mine[name]
    ]
    return f" The suites also differ in what they held fixed: {', '.join(apart)}." if apart else ""


def write_comparison(one: Suite, other: Suite, folder: Path) -> list[Path]:
    """Compare the common cells of two suites on the same test items, and print and write the table.

    Raises
    ------
    ValueError
        They have no cell in common, or other test items.
    """
    factors = list(dict.fromkeys([*one.factors, *other.factors]))
    found = compare(at_base(one, factors), at_base(other, factors), factors)
    table = tables.comparison_table(found, factors)
    caption = (
        f"Suite {folder_name(other)} less suite {folder_name(one)}, in points of accuracy, on the same test "
        "images; the first interval holds on this test set, the second on new images."
        f"{held_apart(one, other)}"
    )
    click.echo(f"{tables.markdown(table)}\n\n{caption}\n")
    folder.mkdir(parents=True, exist_ok=True)
    return tables.write_table(table, caption, folder / "comparison")


WHICH = (
    click.option("--suite", default="", show_default="the newest", help="Name or id of the suite's run."),
    click.option(
        "--experiment", default="", show_default="all", help="Experiment to find the newest suite in."
    ),
    click.option(
        "--compare", "pair", nargs=2, metavar="A B", help="What suite B changed against suite A, instead."
    ),
)
OUTPUT = (
    click.option("--out", default="results", type=Path, help="Folder of the summary's folder."),
    click.option(
        "--name", default="", show_default="the name of the suite's run", help="Folder below --out."
    ),
    click.option("--log", **commands.YES_OR_NO, help="Log the report onto the suite's run."),
)


@commands.command(
    __doc__,
    example="python results/summarize.py --experiment Default --name report",
    options={"What is summarized": WHICH, "Output": OUTPUT},
    expected=(ValueError,),  # summary.analysis, which is usable by itself, raises no other
)
def command(
    suite: str, experiment: str, name: str, out: Path, log: bool, pair: tuple[str, str] | None
) -> None:
    """Summarize one suite, or compare two."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # by default, MLflow retries for minutes
    if pair:
        one, other = map(read_suite, pair)
        folder = out / (name or f"{folder_name(other)}-less-{folder_name(one)}")
        files = write_comparison(one, other, folder)
    else:
        chosen = read_suite(suite or newest_suite(experiment))
        folder = out / (name or folder_name(chosen))
        files = summarize(chosen, folder)
        if log:
            log_report(chosen.parent.info.run_id, files)
    names = "  ".join(file.name for file in files)
    click.echo(f"\n{folder}{os.sep}")
    click.echo(textwrap.fill(names, 100, initial_indent="  ", subsequent_indent="  "))


def log_report(suite_id: str, files: Sequence[Path]) -> None:
    """Log the report's files onto the suite's run; ``report.html`` opens in its artifact view."""
    client = MlflowClient()
    for file in files:
        client.log_artifact(suite_id, str(file), None if file.name == "report.html" else "report")


if __name__ == "__main__":
    command()
