"""The command line that every question shares."""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ablations.cli import commands
from ablations.cli.prepare import DATA_OPTIONS
from ablations.design import designs as design
from ablations.design import factors as settings
from ablations.design.designs import SuiteDescription
from ablations.design.factors import DesignError, Factor
from ablations.engines import local as engine
from ablations.process import environment, interrupts, progress
from ablations.process.commands import YES_OR_NO
from ablations.suite.prepare import cache_folder
from wikiart.learning.config import TrainingConfig


def _setting(name: str) -> Callable:
    field = TrainingConfig.model_fields[name]
    text = str(field.description)
    option, number = f"--{name.replace('_', '-')}", "INTEGER" if field.annotation is int else "FLOAT"
    return click.option(
        option, default=str(field.default), metavar=number, help=f"{text[:1].upper()}{text[1:]}."
    )


OPTIONS = {
    "Images": DATA_OPTIONS,
    "What is asked": (
        click.option(
            "--factors",
            default="",
            show_default="the question's own",
            help=f'What is varied: "name=level,level ...". Names: {", ".join(settings.FACTOR_NAMES)}.',
        ),
        click.option(
            "--base",
            default="",
            show_default="the study's improved network",
            help='What the other settings are held at: "name=value ...".',
        ),
        click.option(
            "--design", "kind", default="full", type=click.Choice(design.KINDS), help="Which cells run."
        ),
        click.option("--seeds", default=3, type=click.IntRange(1), help="Replicates of every cell."),
        click.option("--fresh", **YES_OR_NO, help="Run again what is finished."),
    ),
    "Training": (_setting("epochs"), _setting("batch_size"), _setting("learning_rate")),
    "Machine": (
        click.option("--device", default="auto", help="auto, cpu, cuda or cuda:N."),
        click.option(
            "--workers", default=0, type=click.IntRange(0), help="Trainings at a time; 0: as many as cores."
        ),
        click.option(
            "--threads",
            default=0,
            type=click.IntRange(0),
            help="Threads of each worker; 0: the cores shared out.",
        ),
        click.option(
            "--engine",
            default="local",
            type=click.Choice(["local", "ray"]),
            help="Where trainings run: on this machine, or on a Ray cluster (docs/many-machines.md).",
        ),
        click.option("--ray-address", default="auto", help="Of the cluster: auto, or host:port."),
    ),
    "Output": (
        click.option("--out", default="results", help="Folder of the summary's folder."),
        click.option(
            "--quiet", **YES_OR_NO, help="Only what ended badly, the tables at the end and the link."
        ),
    ),
}

INDIFFERENT = {  # to what comes out
    *("device", "workers", "threads", "engine", "ray_address", "cache", "out", "fresh", "quiet", "debug")
}


def question(text: str, card: Sequence[Factor], example: str) -> click.Command:
    """A question's command.

    Parameters
    ----------
    text : str
        What is asked and what the study claimed; the help and the suite's description.
    card : sequence of Factor
        The factors that are varied if ``--factors`` names none.
    example : str
        What follows ``mlflow run .`` in the help's example.
    """

    def callback(**options: Any) -> None:
        try:
            plan = _plan(card, options)
        except DesignError as error:
            raise click.UsageError(str(error)) from error
        sys.exit(_run(plan, options, SuiteDescription(text.strip(), _typed(options))))

    return commands.command(text, f"mlflow run . {example}", OPTIONS)(callback)


def _plan(card: Sequence[Factor], options: dict) -> design.Design:
    names = ("epochs", "batch_size", "learning_rate", "image_size")
    base = {name: settings.parse_level(name, str(options[name])) for name in names}
    factors = settings.parse_factors(options["factors"], card)
    varied = {factor.name for factor in factors}
    base = {name: value for name, value in base.items() if name not in varied}
    return design.make(
        options["kind"], factors, {**base, **settings.parse_base(options["base"])}, options["seeds"]
    )


def _typed(options: dict) -> str:
    """The command that asks the same again: the options that decide a result and are no defaults."""
    words = []
    context = click.get_current_context()
    for option in context.command.params:
        name = option.opts[0].lstrip("-").replace("-", "_")
        if name in INDIFFERENT:
            continue
        value = options[option.name]
        if value != option.type_cast_value(context, option.default):
            words.append(f"-P {name}={shlex.quote(str(value))}")
    return " ".join([f"mlflow run . -e {Path(sys.argv[0]).stem}", *words])


def _run(plan: design.Design, options: dict, asked: SuiteDescription) -> int:
    interrupts.exit_on_signal()
    interrupts.end_with_launcher()
    environment.quiet_libraries()
    engine.warm_up()
    from ablations.suite import course as suite  # here, so that --help need not load torch and MLflow

    if options["quiet"]:
        progress.set_quiet()
    how = suite.Options(
        data=options["data"],
        cache=cache_folder(options["cache"]),
        resize=options["resize"],
        device=_device(options["device"] if options["engine"] == "local" else "auto"),
        workers=options["workers"],
        threads=options["threads"],
        out=Path(options["out"]),
        fresh=options["fresh"],
        allow_skipped=options["allow_skipped"],
        drop_leaks=options["drop_leaks"],
        engine=options["engine"],
        ray_address=options["ray_address"],
        node_device=options["device"],
    )
    try:
        interrupts.interrupt_once()
        return suite.run(plan, how, asked)
    except KeyboardInterrupt:
        interrupts.ignore_signals()
        click.echo(f"\n{interrupts.LAST_LINE}", err=True)
        return interrupts.EXIT_CODE


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise click.BadParameter(f"{name}: {reason} (use cpu or auto)", param_hint="--device") from error
    return name
