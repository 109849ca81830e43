"""Names of styles and images as text that can be printed, logged and drawn."""

import re
from collections import Counter
from collections.abc import Iterable

from wikiart.errors import DataError

MOST_CHARACTERS = 200  #: of a style's name; MLflow's names of metrics have at most 250

# Control characters, separators of lines, marks that change the direction of text, and what file names that
# are not valid UTF-8 are decoded to.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(name: str) -> str:
    """Return a name with the escape codes of characters that cannot be printed in its line."""
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], name)


def style_names(styles: Iterable[str]) -> dict[str, str]:
    """Return the printable name of each style.

    Raises
    ------
    DataError
        A name is too long, or two styles would have the same.
    """
    names = {style: printable(style) for style in styles}
    for name, number in Counter(names.values()).items():
        if len(name) > MOST_CHARACTERS:
            raise DataError(
                f"the style {name[:40]}... has a name of {len(name):,} characters: rename it; "
                f"{MOST_CHARACTERS} are allowed"
            )
        if number > 1:
            raise DataError(f"{number} styles would be called {name}: rename one, without control characters")
    return names
