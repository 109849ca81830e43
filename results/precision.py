"""How precisely the main effects of a suite are known, as JSON.

Prints a list with an object for each main effect. "half_width" is that of its interval on new images, in
points of accuracy (NaN with one seed); "enough" says whether it is at most the wanted one, or nearly what the
test images allow; "seeds" is the number of seeds with which it is expected to be. With ``until``, a suite
reads this after each seed.
"""

import json
import os
import sys
from pathlib import Path

import click

sys.path.append(str(Path(__file__).resolve().parent.parent))  # a script finds its own folder alone

from ablations.process import commands, databases, environment
from summary.errors import AnswersError

OPTIONS = (
    click.option("--suite", required=True, help="Name or id of the suite's run."),
    click.option(
        "--until", required=True, type=click.FloatRange(0), help="Half-width in points that is wanted."
    ),
)


@commands.command(
    __doc__,
    example="python results/precision.py --suite 0123 --until 2.5",
    options={"What is measured": OPTIONS},
    expected={AnswersError: str},
)
def command(suite: str, until: float) -> None:
    """Print how precisely the main effects of a suite are known."""
    os.environ.setdefault(environment.RETRIES, "1")  # by default, MLflow retries for minutes
    environment.quiet_libraries()
    databases.check_tracking_uri()
    from summary.analysis import precision
    from summary.tracking import check_server, read_suite

    check_server()
    chosen = read_suite(suite)
    rows = precision(chosen.answers, chosen.design, until).to_dict("records")
    click.echo(json.dumps(rows))


if __name__ == "__main__":
    command()
