"""Numbers as text, and tables of text as Markdown."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ablations.process import escape


def bracket(low: float, high: float, digits: int = 1) -> str:
    """Format an interval: ``"[+3.9, +8.3]"``; a dash where there is none."""
    return "–" if np.isnan(low) else f"[{low:+.{digits}f}, {high:+.{digits}f}]"


def p_text(p: float) -> str:
    """Format a p-value: ``"0.012"``, ``"< 0.001"``; a dash where there is none."""
    return "–" if np.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def number(value: float, pattern: str) -> str:
    """Format a number; a dash where there is none."""
    return "–" if np.isnan(value) else pattern.format(value)


def markdown(table: pd.DataFrame) -> str:
    """Format a table of text as Markdown."""
    return escaped(table, escape.markdown).to_markdown(index=False, disable_numparse=True)


def escaped(table: pd.DataFrame, escape_text: Callable[[str], str]) -> pd.DataFrame:
    """Escape all cells and column names of a table."""
    return table.map(lambda cell: escape_text(str(cell))).rename(columns=escape_text)
