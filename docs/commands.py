"""Write commands.md, which holds the help of every command: python docs/commands.py."""

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import click
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def page() -> str:
    """Return the text of commands.md: commands.in.md, and a section for each entry point of MLproject."""
    entry_points = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
    sections = [section(entry, **point) for entry, point in entry_points.items()]
    introduction = (HERE / "commands.in.md").read_text(encoding="utf-8").rstrip()
    return "\n\n".join([introduction, *sections]) + "\n"


def section(entry: str, command: str, parameters: Mapping[str, dict] = MappingProxyType({})) -> str:
    """Return the section of an entry point: how it is started, and its help."""
    required = "".join(f" -P {name}=..." for name, about in parameters.items() if "default" not in about)
    words = command.replace("{question}", entry).split()
    program = words[:3] if words[1] == "-m" else words[:2]
    module = Path(program[-1]).stem if program[-1].endswith(".py") else program[-1]
    text = help_text(" ".join(program), importlib.import_module(module).command)
    return (
        f"## {entry}\n\n`mlflow run . -e {entry} --env-manager local{required}`, or directly: "
        f"`{' '.join(program)}`\n\n```text\n{text}\n```"
    )


def help_text(program: str, command: click.Command) -> str:
    """Return what ``--help`` prints, 100 columns wide."""
    context = command.make_context(program, [], resilient_parsing=True, terminal_width=100)
    return command.get_help(context)


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "results")]
    (HERE / "commands.md").write_text(page(), encoding="utf-8")
