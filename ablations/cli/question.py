"""The command of a question: its options, and from these a design, which the suite runs."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from ablations.cli import commands
from ablations.cli.options import deciding_options, option_groups
from ablations.design import designs
from ablations.design.designs import Design, SuiteDescription
from ablations.design.factors import DesignError, Factor, parse_base, parse_factors
from ablations.design.wording import question_text
from ablations.engines.processes import start_fork_server
from ablations.process import databases, environment, interrupts, launcher, names, progress
from ablations.process.memory import without_garbage_collection
from ablations.suite.options import GROUPS, SuiteOptions
from ablations.suite.prepare import find
from wikiart.learning.config import TrainingConfig

OPTIONS = option_groups(GROUPS)
#: settings of a training that have options of their own
SETTINGS = [name for name in TrainingConfig.model_fields if name in SuiteOptions.model_fields]


def question(
    name: str, text: str, card: Sequence[Factor], example: str, metric: str = names.ACCURACY
) -> click.Command:
    """Make the command of a question.

    Parameters
    ----------
    name : str
        The question's entry point in MLproject, and its module in `ablations`.
    text : str
        What is asked and what the study claimed; the help and the suite's description.
    card : sequence of Factor
        The factors that are varied if ``--factors`` names none.
    example : str
        Parameters of the entry point, for the example in the help.
    metric : str
        Key of `ablations.process.names.METRICS` that decides; the others stand beside it. Default
        ``"accuracy"``.
    """

    def ask(**values: Any) -> None:
        options = SuiteOptions(**values)
        try:
            design = _design(card, options)
        except DesignError as error:
            raise click.UsageError(str(error)) from error
        title = question_text(text.strip(), card, design.factors, design.kind)
        description = SuiteDescription(title, name, deciding_options(options), metric)
        sys.exit(_run(design, options, description))

    example = f"mlflow run . -e {name} {example}"
    return commands.command(text, example, OPTIONS, last_line=interrupts.LAST_LINE)(ask)


def _design(card: Sequence[Factor], options: SuiteOptions) -> Design:
    factors = parse_factors(options.factors, card)
    varied = {factor.name for factor in factors}
    base = {name: getattr(options, name) for name in SETTINGS if name not in varied}
    return designs.make(options.design, factors, {**base, **parse_base(options.base)}, options.seeds)


def _run(design: Design, options: SuiteOptions, description: SuiteDescription) -> int:
    # 1. Workers come from a process that loads torch and MLflow while this one goes on.
    with interrupts.loading():
        launcher.end_with_launcher()
        environment.quiet_libraries()
        start_fork_server()
    # 2. Find the images, which needs no library that takes long to load.
    if options.quiet:
        progress.set_quiet()
    progress.say_warnings("wikiart.cache")
    dataset = find(options)
    progress.say(f"data: {dataset or 'the sample, which has to be painted first'}")
    # 3. Load MLflow, unless there is no server that answers.
    databases.check_tracking_uri()
    with interrupts.loading(), without_garbage_collection():
        from ablations.suite import course

    return course.run(design, dataset, options, description)
