"""Options of the command line, generated from their declarations in `ablations.suite.options`."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from ablations.process.commands import YES_OR_NO, FilledPath, Options
from ablations.suite.options import GROUPS, OptionGroup, SuiteOptions


class FiniteRange(click.FloatRange):
    """A range of numbers without "nan", which no comparison refuses, and "inf"."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        """Convert the text of an option to its number."""
        number = super().convert(value, parameter, context)
        if not math.isfinite(number):
            self.fail(f"{value} is not a number.", parameter, context)
        return number


RANGES = {"integer": click.IntRange, "number": FiniteRange}


def option_groups(groups: Sequence[type[OptionGroup]]) -> Options:
    """Generate the options of some groups: title of each group in the help -> its options."""
    return {
        str(group.model_config["title"]): [option(group, name) for name in group.model_fields]
        for group in groups
    }


def option(group: type[OptionGroup], name: str) -> Callable:
    """Generate one option of a group, as a decorator of Click."""
    declaration = _declarations(group)[name]
    settings: dict[str, Any] = {"default": declaration["default"], **_type(declaration)}
    if "default_text" in declaration:
        settings["show_default"] = declaration["default_text"]
    return click.option(f"--{name.replace('_', '-')}", help=declaration["description"], **settings)


def deciding_options(options: SuiteOptions) -> dict[str, str]:
    """Return the options, as text, that affect the results and differ from their defaults."""
    values = {}
    for group in GROUPS:
        for name, declaration in _declarations(group).items():
            value = getattr(options, name)
            if declaration["affects_results"] and value != declaration["default"]:
                values[name] = "yes" if value is True else str(value)
    return values


def _declarations(group: type[OptionGroup]) -> Mapping[str, Mapping[str, Any]]:
    return group.model_json_schema()["properties"]


def _type(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a Click option that follow from the type and the range of its values."""
    if declaration["type"] == "boolean":
        return {**YES_OR_NO, "default": "yes" if declaration["default"] else "no"}
    if "enum" in declaration:
        return {"type": click.Choice(declaration["enum"])}
    if "minLength" in declaration or declaration.get("format") == "path":
        return {"type": FilledPath()}
    if declaration["type"] not in RANGES:
        return {}
    minimum = declaration.get("minimum", declaration.get("exclusiveMinimum"))
    exclusive = "exclusiveMinimum" in declaration
    number_range = RANGES[declaration["type"]]
    return {"type": number_range(minimum, declaration.get("maximum"), min_open=exclusive)}
