"""Precision of the main effects: how wide their intervals are, and how many seeds would narrow them.

Adding seeds until an effect is significant finds effects that are not there. Adding them until the intervals
are narrow does not, since widths say nothing of the effects. The rule of `enough`: stop when every main
effect's half-width is at most the one that is wanted, or at most 1.15 times the half-width that endless
seeds would leave, because more seeds cannot get below that. A width is small also by chance, most of all
where the rule stops, so one more seed is added afterwards; benchmarks/interval_coverage.py measures the
coverage of the intervals that come of it.
"""

import numpy as np
import pandas as pd
from scipy import stats

from summary.analysis.designs import Design
from summary.analysis.estimates import EFFECT, effect_columns, main_effects
from summary.analysis.measure import POINTS
from summary.analysis.responses import cells_of_runs, common_reading, families_of
from summary.analysis.samples import accuracy, read_runs
from summary.analysis.uncertainty import LEVEL, Components, Numbers

NEAR_THE_FLOOR = 1.15
MOST_SEEDS = 1000  #: of a prediction


def target(parts: Components, until: float) -> Numbers:
    """Compute the half-width at which an effect is known well enough.

    Parameters
    ----------
    parts : Components
        Components of the effect's variance.
    until : float
        The half-width that is wanted, in the unit of the effect.
    """
    floor = stats.norm.isf((1 - LEVEL) / 2) * np.sqrt(parts.floor)
    return np.maximum(until, NEAR_THE_FLOOR * floor)


def enough(parts: Components, until: float) -> Numbers:
    """Return True if an effect is known well enough; False if its width is unknown, as with one seed."""
    return parts.half_width() <= target(parts, until)


def seeds_needed(parts: Components, seeds: float, until: float) -> float:
    """Predict with how many seeds an effect will be known well enough; NaN if unknown or above MOST_SEEDS.

    The variance components are taken to stay as they are with the present number of seeds.
    """
    if np.isnan(parts.variance):
        return np.nan
    numbers = np.arange(np.ceil(seeds), MOST_SEEDS + 1)
    known = enough(parts.with_seeds(numbers / seeds, seeds), until)
    return float(numbers[known.argmax()]) if known.any() else np.nan


def precision(answers: pd.DataFrame, design: Design, until: float) -> pd.DataFrame:
    """Measure how precisely the main effects on accuracy are known.

    Parameters
    ----------
    answers, design
        As for `summary.analysis.analyse`.
    until : float
        Half-width of the 95 % intervals on new items that is wanted, in points.

    Returns
    -------
    DataFrame
        One row per main effect that can be estimated: kind, factor, level, reference, within; ``half_width``
        in points (NaN with one seed); ``enough``; ``seeds``, the number with which it will be (NaN: unknown).

    Raises
    ------
    AnswersError
        As `summary.analysis.analyse`.
    """
    runs = read_runs(answers, design.names)
    sample, share = accuracy(runs), until / POINTS
    rows = []
    for responses in families_of(runs, design, cells_of_runs(runs, design), common_reading(runs, design)):
        estimable = responses.estimable()
        response_sample = estimable.apply(sample)
        for contrast in main_effects(estimable):
            _, parts = estimable.layout.estimate(contrast, response_sample)
            seeds = float(np.mean(estimable.seed_counts(contrast)))
            numbers = {
                "half_width": POINTS * parts.half_width(),
                "enough": bool(enough(parts, share)),
                "seeds": seeds_needed(parts, seeds, share),
            }
            rows.append({**effect_columns(estimable, contrast), **numbers})
    return pd.DataFrame(rows, columns=[*EFFECT, "half_width", "enough", "seeds"])
