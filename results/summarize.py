"""What a suite found: the table of its cells, the effects with intervals, figures and a report.

Reads MLflow, prints the answers, and writes everything under results/<name>/. The newest suite
of the tracking server (MLFLOW_TRACKING_URI) is taken unless another is named.
"""

import os
import sys
import textwrap
from pathlib import Path

import click

sys.path.append(str(Path(__file__).resolve().parent.parent))  # a script finds its own folder alone

from ablations.process import commands, environment
from ablations.process.terminal import echo

SELECTION = (
    click.option("--suite", default="", show_default="the newest", help="Name or id of the suite's run."),
    click.option(
        "--experiment", default="", show_default="all", help="Experiment to find the newest suite in."
    ),
    click.option(
        "--compare", "pair", nargs=2, metavar="A B", help="What suite B changed against suite A, instead."
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
)


@commands.command(
    __doc__,
    example="python results/summarize.py --experiment Default --name report",
    options={"What is summarized": SELECTION, "Output": OUTPUT},
    expected={ValueError: str},  # summary.analysis, which is usable by itself, raises no other
)
def command(
    suite: str, experiment: str, name: str, out: str, log: bool, pair: tuple[str, str] | None
) -> None:
    """Summarize one suite, or compare two."""
    os.environ.setdefault(environment.RETRIES, "1")  # by default, MLflow retries for minutes
    environment.quiet_libraries()
    from summary.report import terminal  # here, so that the help does not wait for MLflow and pandas
    from summary.suite import check_server, log_report, newest_suite, read_suite

    check_server()
    if pair:
        one, other = map(read_suite, pair)
        folder = Path(out) / (name or f"{terminal.folder_name(other)}-less-{terminal.folder_name(one)}")
        files = terminal.write_comparison(one, other, folder)
    else:
        chosen = read_suite(suite or newest_suite(experiment))
        folder = Path(out) / (name or terminal.folder_name(chosen))
        files = terminal.summarize(chosen, folder)
        if log:
            log_report(chosen, files)
    names = "  ".join(file.name for file in files)
    echo(f"\n{folder}{os.sep}")
    echo(textwrap.fill(names, 100, initial_indent="  ", subsequent_indent="  "))


if __name__ == "__main__":
    command()
