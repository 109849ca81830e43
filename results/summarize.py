"""What a suite found: the table of its cells, the effects with intervals, figures and a report.

Reads MLflow, prints the answers, and writes everything under results/<name>/. The newest suite
of the tracking server (MLFLOW_TRACKING_URI) is taken unless another is named. With --table, reads
a table with one row per run and test item instead, and no MLflow. With --experiment and --metric,
reads runs that no suite made.
"""

import os
import sys

# A script finds its own folder alone. Not by pathlib: until the next lines, Ctrl-C prints a traceback.
sys.path.append(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))  # noqa: PTH120

from ablations.process import interrupts

if __name__ == "__main__":
    interrupts.exit_on_signal()

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablations.process import commands, databases, environment, escape
from ablations.process.errors import UserError
from ablations.process.terminal import echo
from ablations.process.wording import count
from summary.errors import AnswersError

if TYPE_CHECKING:
    from summary.table import Columns

SELECTION = (
    click.option("--suite", default="", show_default="the newest", help="Name or id of the suite's run."),
    click.option(
        "--experiment",
        default="",
        show_default="all",
        help="Experiment to find the newest suite in; with --metric, that of your own runs.",
    ),
    click.option("--metric", default="", help="Metric of your own runs, instead of a suite."),
    click.option(
        "--table",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Table of answers of your own (.csv or .parquet), instead of a suite.",
    ),
    click.option(
        "--compare", "pair", nargs=2, metavar="A B", help="What suite B changed against suite A, instead."
    ),
)
ANSWERS = (
    click.option(
        "--margin",
        default=0.0,
        type=click.FloatRange(0),
        help='Say "smaller than N points" of effects that certainly are; 0: do not. Of scores: their unit.',
    ),
)
TABLE = (
    click.option("--factors", default="", show_default="all other columns", help="Its factors: a,b,c."),
    click.option("--seed", default="seed", help="Column that tells the runs of a cell apart."),
    click.option("--item", default="item", help="Column of the test item."),
    click.option("--truth", default="truth", help="Column of the right answer."),
    click.option("--prediction", default="prediction", help="Column of the answer."),
    click.option("--correct", default="correct", help="Instead of these two: 1 if right, else 0."),
    click.option(
        "--score",
        default="",
        show_default="score, if no other is there",
        help="Instead of all three: any number. Without a column of items: one row per run.",
    ),
    click.option(
        "--reference", default="", show_default="the first level", help='Reference levels: "a=off b=0.1".'
    ),
    click.option(
        "--shared-trainings",
        default="",
        help="Factors whose levels are readings of the same trainings: a,b.",
    ),
)


def _check_name(context: click.Context, parameter: click.Parameter, name: str) -> str:
    if name and (Path(name).name != name or name == ".."):
        raise click.BadParameter(f"{name} is not the name of a folder below --out", context, parameter)
    return name


OUTPUT = (
    click.option(
        "--out", default="results", type=commands.FilledPath(), help="Folder of the summary's folder."
    ),
    click.option(
        "--name",
        default="",
        callback=_check_name,
        show_default="the name of the suite's run",
        help="Folder below --out.",
    ),
    click.option("--log", **commands.YES_OR_NO, help="Log the report onto the suite's run."),
    click.option(
        "--answers",
        **commands.YES_OR_NO,
        help="Also write a suite's answers, from which --table makes the same folder again.",
    ),
)


@commands.command(
    __doc__,
    example="python results/summarize.py --experiment Default --name report",
    options={
        "What is summarized": SELECTION,
        "With --table or --metric": TABLE,
        "Answers": ANSWERS,
        "Output": OUTPUT,
    },
    expected={AnswersError: str},
)
def command(
    suite: str,
    experiment: str,
    metric: str,
    table: Path | None,
    margin: float,
    name: str,
    out: str,
    log: bool,
    answers: bool,
    pair: tuple[str, str] | None,
    **columns: str,
) -> None:
    """Summarize one suite, compare two, or analyse a table."""
    os.environ.setdefault(environment.RETRIES, "1")  # by default, MLflow retries for minutes
    environment.quiet_libraries()
    if not table:
        databases.check_tracking_uri()
    parent = Path(out)
    if table:
        folder = parent / (name or table.name.split(".")[0])
        files = _summarize_table(table, columns, folder, margin)
    elif metric:
        folder = parent / (name or escape.file_name(experiment) or "experiment")
        files = _summarize_experiment(experiment, metric, columns, folder, margin)
    elif pair:
        folder, files = _compare(pair, parent, name)
    else:
        folder, files = _summarize_suite(suite, experiment, margin, parent, name, log, answers)
    names = "  ".join(file.name for file in files)
    echo(f"\n{folder}{os.sep}")
    echo(textwrap.fill(names, 100, initial_indent="  ", subsequent_indent="  "))


# The functions import what they need, so that the help does not wait for MLflow and pandas.


def _summarize_suite(
    suite: str, experiment: str, margin: float, out: Path, name: str, log: bool, answers: bool
) -> tuple[Path, list[Path]]:
    with interrupts.loading():
        from summary import published
        from summary.report import terminal
        from summary.tracking import check_server, log_report, newest_suite, read_suite, record_look

    check_server()
    chosen = read_suite(suite or newest_suite(experiment))
    folder = out / (name or terminal.folder_name(chosen))
    files = terminal.summarize(chosen, folder, margin)
    record_look(chosen)
    if log:
        log_report(chosen, files)
    return folder, [*files, *(published.write(chosen, margin, folder) if answers else [])]


def _compare(pair: tuple[str, str], out: Path, name: str) -> tuple[Path, list[Path]]:
    with interrupts.loading():
        from summary.report import terminal
        from summary.tracking import check_server, read_suite

    check_server()
    one, other = map(read_suite, pair)
    folder = out / (name or f"{terminal.folder_name(other)}-less-{terminal.folder_name(one)}")
    return folder, terminal.write_comparison(one, other, folder)


def _summarize_table(path: Path, columns: dict[str, str], folder: Path, margin: float) -> list[Path]:
    with interrupts.loading():
        from summary import published
        from summary.report import terminal
        from summary.report.plain import summarize_table
        from summary.table import read_table

    if published.is_suite(path):
        suite, recorded_margin = published.read(path.parent)
        return terminal.summarize(suite, folder, margin or recorded_margin)
    named = _columns(columns)
    return summarize_table(read_table(path, named), named, folder, margin)


def _summarize_experiment(
    experiment: str, metric: str, columns: dict[str, str], folder: Path, margin: float
) -> list[Path]:
    with interrupts.loading():
        from summary.experiment import read_experiment
        from summary.report.plain import summarize_table
        from summary.tracking import check_server

    if not experiment:
        raise UserError("--metric needs --experiment, the name of the experiment that holds the runs")
    check_server()
    named = _columns(columns)
    table, left_out = read_experiment(experiment, metric, named)
    if left_out:
        echo(f"Left out, without the metric {metric}: {count(left_out, 'finished run')}.\n")
    return summarize_table(table, named, folder, margin)


def _columns(options: dict[str, str]) -> "Columns":
    from summary.table import Columns

    factors, shared = (_names(options.pop(name)) for name in ("factors", "shared_trainings"))
    references = dict(_reference(word) for word in options.pop("reference").split())
    return Columns(**options, factors=factors, shared_trainings=shared, references=references)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name)


def _reference(word: str) -> tuple[str, str]:
    name, equals, level = word.partition("=")
    if not equals:
        raise UserError(f"--reference takes factor=level, not {word}")
    return name, level


if __name__ == "__main__":
    command()
