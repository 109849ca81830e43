"""Text for the terminal and for logs: without passwords, and without characters that steer a terminal."""

import re

import click

from ablations.process.addresses import mask_passwords

# Control characters but line feed and tabulator (a file name may hold an escape code), line and paragraph
# separators, marks that change the direction of text, and halves of surrogate pairs, which no encoding takes.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Replace characters that must not reach a terminal by their escape codes."""
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


def one_line(name: str) -> str:
    """Return the name of a file or a style as printable text without line breaks and tabulators."""
    return printable(name).replace("\n", "\\n").replace("\t", "\\t")


def safe(text: str) -> str:
    """Return a message as it may be printed."""
    return printable(mask_passwords(text))


def echo(text: str, *, err: bool = False) -> None:
    """Print a message, on standard error if ``err`` is true."""
    click.echo(safe(text), err=err)
