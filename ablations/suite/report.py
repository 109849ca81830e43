"""The report of a suite: its summary, links, images that were left out, trainings that failed."""

import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ablations.design.designs import Design
from ablations.process import interrupts
from ablations.process.environment import RETRIES, environment_variables
from ablations.process.errors import first_line
from ablations.process.memory import without_garbage_collection
from ablations.process.progress import say
from ablations.process.wording import count
from ablations.suite.execute import Execution
from ablations.suite.options import OutputOptions
from ablations.suite.plan import Plan
from ablations.suite.prepare import PreparedImages
from ablations.tracking import repetition, views
from ablations.tracking.destination import Destination
from ablations.tracking.repetition import FinishedSuite

RESULTS = Path(__file__).resolve().parents[2] / "results"
#: modules of RESULTS: the command's, and those that it imports
SUMMARY = ("summarize", "summary.published", "summary.report.terminal", "summary.tracking")


def report(
    destination: Destination, plan: Plan, images: PreparedImages, execution: Execution, options: OutputOptions
) -> int:
    """Summarize a suite and print what the user should know at its end.

    Returns
    -------
    int
        The exit code: 1 if a training failed, else that of the summary.
    """
    say("", always=True)
    code = summarize(destination, options)
    say(f"\n{views.publish(destination, plan.design, plan.reused)}", always=True)
    if lines := images.list_skipped():
        say(f"\n{lines}", always=True)
    if not execution.errors:
        return code
    failed = f"{len(execution.errors)} of {len(plan.trainings)} trainings failed"
    reasons = [f"  {name}: {first_line(error)}" for name, error in execution.errors.items()]
    say("\n".join(["", f"{failed}; the same command tries them again:", *reasons]), always=True)
    return 1


def report_again(suite: FinishedSuite, design: Design, images: PreparedImages, output: OutputOptions) -> int:
    """Summarize a suite that was finished by an earlier start; return the exit code."""
    runs = count(len(design.cells) * len(design.seeds), "run")
    say(f"{runs} finished already: suite {suite.name} is summarized again")
    repetition.mark_repetition(suite)
    say("", always=True)
    code = summarize(suite.destination, output)
    say(f"\n{views.addresses(suite.destination, design, suite.reused)}", always=True)
    if lines := images.list_skipped():
        say(f"\n{lines}", always=True)
    return code


def summarize(destination: Destination, output: OutputOptions) -> int:
    """Run ``results/summarize.py`` on a suite, as a user would; return its exit code.

    Its command is called in this process, which has loaded MLflow already.
    """
    options = ["--suite", destination.parent_id, "--out", str(output.out), "--log", "yes"]
    options += ["--margin", str(output.margin)]
    sys.path.append(str(RESULTS))  # as Python does for a script
    # Imports must not be interrupted. While the command itself imports, an interrupt would end this process
    # before it has ended the suite's run.
    with interrupts.deferred(), without_garbage_collection():
        script, *_ = map(importlib.import_module, SUMMARY)
    interrupts.check()
    with environment_variables({RETRIES: os.environ.get(RETRIES, "1")}):
        return script.command.call(options)


def results_program(
    name: str, options: Sequence[str], destination: Destination, stdout: int | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program of ``results``, which may not be imported; ``stdout`` is as for subprocess.run."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": destination.tracking_uri}
    # In a session of its own Ctrl-C does not reach it, which would end it with a traceback. An interrupt in
    # this process kills it as well (subprocess.run).
    command = [sys.executable, str(RESULTS / name), *options]
    return subprocess.run(command, env=environment, start_new_session=True, stdout=stdout)
