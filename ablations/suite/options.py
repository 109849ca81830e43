"""Options of a suite: name, type, default, range or choices and help text of each, declared once.

The command line is generated from these classes. Each class is a group of the help; its title is
``model_config["title"]``. ``model_json_schema()["properties"]`` lists a group's options in order, with
the keys ``type``, ``default``, ``description`` (the help text), ``minimum``, ``exclusiveMinimum``,
``maximum``, ``enum`` (the choices) and two of this module: ``default_text``, shown in the help in place
of an empty default, and ``affects_results``.
"""

from collections.abc import Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from ablations.design.designs import KINDS
from ablations.design.factors import FACTOR_NAMES
from wikiart.images.building import ALLOW_SKIPPED
from wikiart.images.decoding import RESIZE
from wikiart.learning.config import TrainingConfig


def _option(
    default: object,
    text: str,
    *,
    default_text: str = "",
    choices: Sequence[str] = (),
    affects_results: bool = True,
    **bounds: Any,
) -> Any:
    """Declare an option.

    Parameters
    ----------
    default : object
        Value if the option is not given.
    text : str
        Help text.
    default_text : str
        What the help shows as the default, where the value itself says nothing.
    choices : sequence of str
        The only values allowed; none: any.
    affects_results : bool
        False if the same runs come out whatever the value: such an option is left out of the command that the
        suite records as the one that repeats it.
    **bounds : float
        ``ge``, ``gt``, ``le``, ``lt``, ``min_length``, as for pydantic's ``Field``.
    """
    extra: dict[str, Any] = {"affects_results": affects_results}
    if default_text:
        extra["default_text"] = default_text
    if choices:
        extra["enum"] = list(choices)
    return Field(default, description=text, json_schema_extra=extra, **bounds)


#: declares an option that decides how a suite runs and not what comes out
_run_option = partial(_option, affects_results=False)


def _setting(name: str) -> Any:
    """Declare an option with the default, the range and the description of a field of TrainingConfig."""
    field = copy(TrainingConfig.model_fields[name])
    description = str(field.description)
    field.description = f"{description[:1].upper()}{description[1:]}."
    field.json_schema_extra = {"affects_results": True}
    return field


class OptionGroup(BaseModel, frozen=True, extra="forbid"):
    """A group of options in the help, with a title."""


class ImageOptions(OptionGroup, title="Images"):
    """Which images are read, how, and where they are kept decoded."""

    data: str = _option("sample", "Folder of images in one of the layouts, or: sample.", min_length=1)
    image_size: int = _setting("image_size")
    resize: str = _option("stretch", "How images become square.", choices=list(RESIZE))
    allow_skipped: float = _option(
        ALLOW_SKIPPED, "Go on if at most this share of the images is unreadable.", ge=0, le=1
    )
    drop_leaks: bool = _option(False, "Train without images that are in the test split too.")
    cache: str = _run_option(
        "",
        "Folder of the decoded images.",
        default_text="$WIKIART_CACHE, else wikiart-ablations in $XDG_CACHE_HOME or ~/.cache",
    )


class DesignOptions(OptionGroup, title="What is asked"):
    """Which cells are compared."""

    factors: str = _option(
        "",
        f'What is varied: "name=level,level ...". Names: {", ".join(FACTOR_NAMES)}.',
        default_text="the question's own",
    )
    base: str = _option(
        "",
        'What the other settings are held at: "name=value ...".',
        default_text="the study's improved network",
    )
    design: str = _option("full", "Which cells run.", choices=KINDS)
    seeds: int = _option(5, "Repeats of every cell (combination of levels), each with its own seed.", ge=1)
    until: float = _option(
        0.0,
        "Then add one seed at a time until every main effect is known to +- N points on new images, or "
        "nearly as well as the test images allow; 0: do not.",
        ge=0,
    )
    max_seeds: int = _option(20, "Most seeds that --until reaches.", ge=1)
    fresh: bool = _run_option(False, "Run again what is finished.")


class TrainingOptions(OptionGroup, title="Training"):
    """Settings of every training, unless they are varied."""

    epochs: int = _setting("epochs")
    batch_size: int = _setting("batch_size")
    learning_rate: float = _setting("learning_rate")


class MachineOptions(OptionGroup, title="Machine"):
    """Machines, devices and processes that carry out the trainings."""

    device: str = _run_option("auto", "auto, cpu, cuda or cuda:N.")
    workers: int = _run_option(0, "Trainings that run concurrently; 0: as many as cores.", ge=0)
    threads: int = _run_option(0, "Threads of each worker; 0: the cores shared out.", ge=0)
    engine: str = _run_option(
        "local",
        "Where trainings run: on this machine, or on a Ray cluster (docs/many-machines.md).",
        choices=("local", "ray"),
    )
    ray_address: str = _run_option("auto", "Address of the Ray cluster: auto, or host:port.")


class OutputOptions(OptionGroup, title="Output"):
    """Output of the suite, and the folder of the summary."""

    out: Path = _run_option(Path("results"), "Folder in which the summary's folder is created.")
    margin: float = _run_option(
        0.0, 'Say "smaller than N points" of effects that certainly are; 0: do not.', ge=0
    )
    quiet: bool = _run_option(False, "Print only failures, the tables at the end and the link.")


class SuiteOptions(
    ImageOptions, DesignOptions, TrainingOptions, MachineOptions, OutputOptions, title="Suite"
):
    """Options of a suite, all groups together."""


#: in the order of the help
GROUPS: tuple[type[OptionGroup], ...] = SuiteOptions.__bases__
