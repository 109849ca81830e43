"""What a suite found: the table of its cells, the effects with intervals, figures and a report.

Reads MLflow, prints the answers, and writes everything under results/<name>/. The newest suite
of the tracking server (MLFLOW_TRACKING_URI) is taken unless another is named.

Example: python results/summarize.py --experiment Default --name report
"""

import os
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

import click
from mlflow import MlflowClient

import report
import sentences
import tables
from comparison import compare
from effects import analyse
from reading import NoSuite, Suite, newest_suite, read_suite


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
    cells = tables.cells_table(suite)
    click.echo(cells.to_markdown(index=False, disable_numparse=True, tablefmt="simple"))
    click.echo(f"\n{tables.cells_caption(suite)}\n")
    if suite.finished.empty:
        raise ValueError("no run of this suite is finished: there is nothing to report yet")
    analysis = analyse(suite.answers, suite.design)
    for line in sentences.answers(suite, analysis):
        click.echo(f"- {line.replace('**', '')}")
    return report.write(suite, analysis, folder)


def write_comparison(first: str, second: str, folder: Path) -> list[Path]:
    """Compare the common cells of two suites on the same test items, and print and write the table.

    Raises
    ------
    ValueError
        They have no cell in common, or other test items.
    """
    one, other = read_suite(first), read_suite(second)
    factors = [name for name in one.factors if name in other.factors]
    found = compare(one.answers, other.answers, factors)
    table = tables.comparison_table(found, factors)
    caption = (
        f"Suite {second} less suite {first}, in points of accuracy, on the same test images; "
        "the first interval holds on this test set, the second on new images."
    )
    click.echo(f"{tables.markdown(table)}\n\n{caption}\n")
    folder.mkdir(parents=True, exist_ok=True)
    return tables.write_table(table, caption, folder / "comparison")


@click.command(help=__doc__)
@click.option("--suite", default="", help="Id of the suite's run.  [default: the newest]")
@click.option(
    "--experiment", default="", help="Name of the experiment to find the newest suite in.  [default: all]"
)
@click.option(
    "--compare", "other", default="", help="Id of a second suite: what it changed on the same test images."
)
@click.option("--name", default="", help="Folder below --out.  [default: the name of the suite's run]")
@click.option(
    "--out", default="results", show_default=True, type=Path, help="Folder of the summary's folder."
)
@click.option(
    "--log",
    default=False,
    show_default=True,
    type=bool,
    help="Log the report onto the suite's run: yes or no.",
)
def command(suite: str, experiment: str, other: str, name: str, out: Path, log: bool) -> None:
    try:
        chosen = read_suite(suite or newest_suite(experiment))
        suite_id, folder = chosen.parent.info.run_id, out / (name or folder_name(chosen))
        files = write_comparison(suite_id, other, folder) if other else summarize(chosen, folder)
    except (NoSuite, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if log:
        log_report(suite_id, files)
    click.echo(f"\n{folder}{os.sep}")
    click.echo(
        textwrap.fill(
            "  ".join(file.name for file in files), 100, initial_indent="  ", subsequent_indent="  "
        )
    )


def log_report(suite_id: str, files: Sequence[Path]) -> None:
    """Log the report's files onto the suite's run; ``report.html`` opens in its artifact view."""
    client = MlflowClient()
    for file in files:
        client.log_artifact(suite_id, str(file), None if file.name == "report.html" else "report")


if __name__ == "__main__":
    command()
