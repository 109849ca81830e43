"""Writes commands.md, which holds the help of every command: python docs/commands.py."""

import importlib
import sys
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent

#: how a command is started without MLflow; the name of its entry point, if it has one; its module
COMMANDS = (
    ("python -m ablations.ablate", "ablate", "ablations.ablate"),
    ("python -m ablations.class_order", "class_order", "ablations.class_order"),
    ("python -m ablations.conv_layers", "conv_layers", "ablations.conv_layers"),
    ("python -m ablations.dropout", "dropout", "ablations.dropout"),
    ("python -m ablations.smote", "smote", "ablations.smote"),
    ("python -m ablations.cli.prepare", "prepare", "ablations.cli.prepare"),
    ("python -m ablations.cli.cache", "cache", "ablations.cli.cache"),
    ("python -m ablations.cli.setup", "setup", "ablations.cli.setup"),
    ("python results/summarize.py", "summarize", "summarize"),
    ("python -m ablations.cli.predict", "", "ablations.cli.predict"),
)


def page() -> str:
    """The text of commands.md."""
    parts = [(HERE / "commands.in.md").read_text(encoding="utf-8").rstrip()]
    for start, entry, module in COMMANDS:
        title = entry or start.rpartition(" ")[2]
        by_mlflow = f"`mlflow run . -e {entry} --env-manager local`, or by itself: " if entry else ""
        parts.append(f"## {title}\n\n{by_mlflow}`{start}`\n\n```text\n{help_of(start, module)}\n```")
    return "\n\n".join(parts) + "\n"


def help_of(start: str, module: str) -> str:
    """What ``--help`` prints, 100 columns wide."""
    command: click.Command = importlib.import_module(module).command
    context = command.make_context(start, [], resilient_parsing=True, terminal_width=100)
    return command.get_help(context)


if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "results")]
    (HERE / "commands.md").write_text(page(), encoding="utf-8")
