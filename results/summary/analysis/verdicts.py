"""Verdicts: what the interval and the p-values of an effect say, in words."""

import numpy as np
import pandas as pd

from summary.analysis.uncertainty import SIGNIFICANCE, Numbers

CANNOT_TELL = "cannot tell"


def decide(effects: pd.DataFrame, margin: float, unit: str = " points") -> pd.DataFrame:
    """Correct p-values for the number of effects, within each metric, and fill ``verdict``.

    The simultaneous intervals are Bonferroni's, each at 1 - 5 %/m (Dunn 1961, *JASA* 56, 52). An effect that
    they exclude from zero is always significant after Holm. The reverse need not hold, since Holm
    rejects more: there the interval is cut at zero, so that the two never contradict each other.

    Parameters
    ----------
    effects : DataFrame
        With the columns of `Analysis.effects`, of which ``p_holm`` and ``verdict`` are still empty.
    margin : float
        As for `analyse`.
    unit : str
        Written behind the margin. Default ``" points"``.
    """
    for _, rows in effects.groupby("metric"):
        known = rows.index[rows["p"].notna()]
        effects.loc[known, "p_holm"] = holm(effects.loc[known, "p"].to_numpy())
    significant = effects["p_holm"] < SIGNIFICANCE
    for end, outside, sign in (("low", np.maximum, 1), ("high", np.minimum, -1)):
        cut = significant & (sign * effects["estimate"] > 0)
        column = f"{end}_simultaneous"
        effects.loc[cut, column] = outside(effects.loc[cut, column], 0)
    effects["verdict"] = [verdict(row, margin, unit) for _, row in effects.iterrows()]
    return effects


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values for the number m of effects, the length of the last axis.

    Holm 1979, *Scandinavian J. Statistics* 6: with the p-values in rising order, the i-th is
    multiplied by m - i + 1 and is at least as large as the one before it. That bounds the
    probability of any false positive in the table, whatever the dependence of the effects.
    """
    order = p.argsort(-1)
    steps = np.take_along_axis(p, order, -1) * np.arange(p.shape[-1], 0, -1)
    corrected = np.maximum.accumulate(steps, -1).clip(max=1)
    return np.take_along_axis(corrected, order.argsort(-1), -1)


def after_looks(p_holm: Numbers, looks: int) -> Numbers:
    """Correct p-values for the number of times that the effects were looked at, with more seeds each time.

    Bonferroni's correction: whoever adds seeds until an effect is significant has that many chances to err.
    """
    return np.minimum(1, looks * p_holm)


def verdict(row: pd.Series, margin: float, unit: str = " points") -> str:
    """Word what is known of one effect.

    Returns
    -------
    str
        "raises" or "lowers": significant after correction. "probably raises", "probably lowers":
        significant before it alone. "smaller than 2 points": none of these, and the 90 % interval
        lies within the margin (two one-sided tests at 5 %, not corrected; Schuirmann 1987, *J.
        Pharmacokinetics and Biopharmaceutics* 15, 657); an effect whose simultaneous interval lies
        within it is raised or lowered "by less than 2 points". Else "cannot tell".
    """
    direction = "raises" if row["estimate"] > 0 else "lowers"
    if row["p"] < SIGNIFICANCE:
        text = direction if row["p_holm"] < SIGNIFICANCE else f"probably {direction}"
        within = -margin < row["low_simultaneous"] and row["high_simultaneous"] < margin
        return f"{text}, by less than {margin:g}{unit}" if within else text
    within = -margin < row["low_90"] and row["high_90"] < margin
    return f"smaller than {margin:g}{unit}" if within else CANNOT_TELL


def is_certain(verdict: str) -> bool:
    """Return True if the verdict is "raises" or "lowers"."""
    return verdict.startswith(("raises", "lowers"))
