"""Names from data, such as styles, files and runs, as text of each medium. They may hold any characters.

For the terminal see `ablations.process.terminal`, for the metrics of styles `ablations.process.names`.
HTML is made from Markdown by a parser that allows no HTML.
"""

import re

from ablations.process.terminal import one_line

FIGURE_CHARACTERS = 60  #: longer names are cut in figures
FILE_BYTES = 120  #: longer names are cut in file names; two of them fit into one

# What Markdown, and GitHub's, would not show as it stands: marks; "_" at the edge of a word, "<" before a tag
# or an address, "&" before an entity, "]" before the target of a link.
_MARKDOWN = re.compile(
    r"[\\`*|$~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|<(?=[A-Za-z/!?])|&(?=[#A-Za-z])|\](?=[(\[:])|!(?=\[)"
)
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"±": r"$\pm$", "–": "--", "λ": r"$\lambda$", "×": r"$\times$", "<": "$<$", ">": "$>$"},
}


def markdown(text: str) -> str:
    """Return Markdown that shows a text."""
    return _MARKDOWN.sub(r"\\\g<0>", one_line(text))


def markdown_sentence(text: str) -> str:
    """Return Markdown that shows a text whose ``**`` enclose what is bold."""
    return "**".join(map(markdown, text.split("**")))


def markdown_code(text: str) -> str:
    """Return Markdown that shows a text as code."""
    text = one_line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


def latex(text: str) -> str:
    """Return LaTeX that shows a text."""
    return "".join(_LATEX.get(sign, sign) for sign in one_line(text))


def figure(text: str) -> str:
    """Return what Matplotlib shows as the text, cut to 60 characters; without the formulas of mathtext."""
    return short(text).replace("$", r"\$")


def short(text: str) -> str:
    """Return a text in one line, cut to 60 characters."""
    text = one_line(text)
    return text if len(text) <= FIGURE_CHARACTERS else f"{text[: FIGURE_CHARACTERS - 1]}…"


def file_name(text: str) -> str:
    """Return the name of a file or folder for a text: no path, not hidden, and short; may be empty."""
    name = re.sub(r"[^\w.-]+", "-", text).lstrip(".")
    return name.encode("utf-8", "ignore")[:FILE_BYTES].decode("utf-8", "ignore")
