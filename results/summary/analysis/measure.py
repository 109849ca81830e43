"""What is compared between runs, and the words for it."""

from dataclasses import dataclass, replace
from math import floor, log10

import numpy as np
import pandas as pd

ACCURACY, BALANCED_ACCURACY, MACRO_F1 = "accuracy", "balanced_accuracy", "macro_f1"  # metrics of answers
POINTS = 100  # effects on accuracy are in percentage points, accuracies in 0..1
SIGNIFICANT_DIGITS = 2  # of the spread of the runs, which decide how scores are rounded


@dataclass(frozen=True)
class Measure:
    """The number of a run whose changes are effects: a metric of its answers, or its mean score.

    Parameters
    ----------
    name : str
        Of answers: ``"accuracy"`` (default), ``"balanced_accuracy"`` or ``"macro_f1"``, the metric that
        decides; the others stand beside it. Of scores: their name in tables and sentences.
    is_share : bool
        True (default) if it is a metric of answers; effects are then in percentage points. Else it is the
        mean of the column ``score``, and effects are in its unit.
    items : str
        Word for what the runs are tested on, in the plural. Default ``"items"``; empty if there is one number
        for each run, so that nothing is known of single items.
    digits : int
        Decimals in texts. Default 1.
    """

    name: str = ACCURACY
    is_share: bool = True
    items: str = "items"
    digits: int = 1

    @property
    def words(self) -> str:
        """Its name in sentences: ``"balanced accuracy"``."""
        return {BALANCED_ACCURACY: "balanced accuracy", MACRO_F1: "macro-F1"}.get(self.name, self.name)

    @property
    def scale(self) -> int:
        """Factor that turns a difference into an effect: 100 for accuracies, 1 for scores."""
        return POINTS if self.is_share else 1

    @property
    def unit(self) -> str:
        """``" points"``, with the space before it, or nothing for scores."""
        return " points" if self.is_share else ""

    @property
    def on_new(self) -> str:
        """What the interval that decides holds for: ``"on new items"``, or ``"for other seeds"`` alone."""
        return f"on new {self.items}" if self.items else "for other seeds"

    def rounded_for(self, values: np.ndarray) -> "Measure":
        """Choose ``digits`` for scores: two significant digits of the spread of the runs' ``values``."""
        spread = np.nanstd(values) if len(values) else 0
        if self.is_share or not spread > 0:
            return self
        return replace(self, digits=max(0, SIGNIFICANT_DIGITS - 1 - floor(log10(spread))))


def measure_of(answers: pd.DataFrame) -> Measure:
    """Choose the measure of a table: accuracy if it has predictions or ``correct``, else its ``score``."""
    items = "items" if "item" in answers else ""
    if {"prediction", "correct"} & set(answers):
        return Measure(items=items)
    return Measure("score", is_share=False, items=items)
