"""Uncertainty of an estimate: variance components, intervals, p-values, smallest detectable effect.

The seeds and the test items are two random samples. The variance of an effect is estimated as

    variance = run + max(item - noise, 0),

``run`` from the spread of the effect's own value from seed to seed, ``item`` from the spread of the
items' own effects, ``noise`` the part that both contain (whether a run gets an item right by luck);
``layout.py`` computes the three. The reference distribution is Student's t with Satterthwaite's degrees of
freedom (1946). The interval is never narrower, and the p-value never smaller, than that of the
seeds alone: Satterthwaite's degrees of freedom rise faster than the variance.

Seeds x items is the design of multi-reader multi-case studies in radiology (readers x cases). For the
difference of two cells with the same S seeds the variance is that of Obuchowski and Rockette (1995,
*Communications in Statistics: Simulation and Computation* 24, 285),

    2 / S (MS + S max(Cov2 - Cov3, 0)),

MS being the mean square of cell x seed, Cov2 and Cov3 the covariances over items of two seeds' values in
the same cell and in different cells; run = 2 MS / S and item - noise = 2 (Cov2 - Cov3). Their degrees of
freedom are those of Hillis (2007, *Statistics in Medicine* 26, 596) for endless items. Here `run` is each
contrast's own, where theirs is pooled over all cells, which holds only if all contrasts vary alike.

benchmarks/interval_coverage.py measures the coverage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import interpolate, optimize, special, stats

Numbers = Any  #: a float, or an array with one element per table of answers

SIGNIFICANCE = 0.05  # level of tests
LEVEL = 1 - SIGNIFICANCE  # of intervals
POWER = 0.8  # at the smallest detectable effect


@dataclass(frozen=True)
class Components:
    """Parts of the sampling variance of an effect, in its squared unit, and their degrees of freedom.

    ``run`` and ``item`` both contain ``noise``. With one seed ``run`` is NaN, and so is all that
    needs it.
    """

    run: Numbers
    item: Numbers
    noise: Numbers
    df_run: Numbers
    df_item: Numbers

    @property
    def floor(self) -> Numbers:
        """Variance that remains with endless seeds: that of the items."""
        return np.maximum(np.subtract(self.item, self.noise), 0)

    @property
    def variance(self) -> Numbers:
        """Variance of the effect over new items and new seeds."""
        return self.run + self.floor

    @property
    def df(self) -> Numbers:
        """Degrees of freedom of ``variance``; the items' part is as uncertain as its larger term."""
        return satterthwaite(
            self.variance, [self.run, np.maximum(self.item, self.noise)], [self.df_run, self.df_item]
        )

    def half_width(self, level: float = LEVEL) -> Numbers:
        """Compute half the width of the interval for other seeds and new items."""
        return np.maximum(half_width(self.variance, self.df, level), half_width(self.run, self.df_run, level))

    def interval(self, estimate: Numbers, level: float = LEVEL) -> tuple:
        """Compute the two ends of that interval."""
        return estimate - self.half_width(level), estimate + self.half_width(level)

    def p_value(self, estimate: Numbers) -> Numbers:
        """Compute the two-sided p-value that belongs to `interval`."""
        return np.maximum(p_value(estimate, self.variance, self.df), p_value(estimate, self.run, self.df_run))

    def detectable(self) -> Numbers:
        """Compute the smallest effect that the test finds with a power of 80 %."""
        return np.maximum(detectable(self.variance, self.df), detectable(self.run, self.df_run))

    def with_seeds(self, factor: Numbers, seeds: float) -> "Components":
        """Predict the components with ``factor`` as many seeds as the present ``seeds``.

        ``run`` and ``noise`` are variances of means over the seeds and shrink by the factor; the
        items' own effects remain. Degrees of freedom grow with (seeds - 1).
        """
        noise = self.noise / factor
        df_run = self.df_run * (factor * seeds - 1) / (seeds - 1) if seeds > 1 else 0
        return Components(self.run / factor, self.floor + noise, noise, df_run, self.df_item)


def joint_level(effects: int) -> float:
    """Compute the level of each of several intervals that hold together with 95 % (Bonferroni)."""
    return 1 - SIGNIFICANCE / effects


def satterthwaite(variance: Numbers, parts: Sequence[Numbers], degrees: Sequence[Numbers]) -> Numbers:
    """Compute the degrees of freedom of a variance that independent parts make up.

    An estimate v_i with f_i degrees of freedom has the variance 2 v_i^2 / f_i. The sum V is
    approximated by the chi-square with the same mean and variance, whose degrees of freedom are
    V^2 / sum(v_i^2 / f_i) (Satterthwaite 1946, *Biometrics Bulletin* 2, 110); they are never taken
    below the smallest f_i.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = sum(np.square(part) / df for part, df in zip(parts, degrees, strict=True))
        return np.fmax(np.square(variance) / spread, np.min(np.broadcast_arrays(*degrees), axis=0))


def half_width(variance: Numbers, df: Numbers, level: float = LEVEL) -> Numbers:
    """Compute half the width of a t interval; NaN where the variance is unknown."""
    return -special.stdtrit(df, (1 - level) / 2) * np.sqrt(variance)


def interval(estimate: float, variance: float, df: float) -> tuple[float, float]:
    """Compute the two ends of a t interval; NaN where the variance is unknown."""
    half = half_width(variance, df)
    return estimate - half, estimate + half


def p_value(estimate: Numbers, variance: Numbers, df: Numbers) -> Numbers:
    """Compute the two-sided p-value of a t test against zero.

    1 for an estimate of exactly zero that never varies, 0 for another one that never varies.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(
            np.equal(estimate, 0) & np.equal(variance, 0), 0, np.abs(estimate) / np.sqrt(variance)
        )
    return 2 * special.stdtr(df, -ratio)


def detectable(variance: Numbers, df: Numbers) -> Numbers:
    """Compute the smallest effect that a two-sided t test at 5 % finds with a power of 80 %.

    This is k(df) times the standard error. That which states the size and that which will test
    it are both estimated, so k solves

        P(Z + k sqrt(X / df) > t sqrt(Y / df)) = 0.8

    with Z standard normal, X and Y chi-squares with df degrees of freedom, all independent, and t
    the critical value. (The noncentral t, for which the standard error is known, promises too
    much: 5.7 instead of 8.8 with 2 degrees of freedom.) The far tail, which would find the opposite
    sign, is neglected.
    """
    inside = np.clip(df, 1, MOST_DEGREES)  # of NaN: NaN
    return np.sqrt(variance) * np.where(np.greater(df, 0), np.exp(_log_multiples()(np.log(inside))), np.nan)


MOST_DEGREES = 1e5  # above, k is that of the normal distribution to five digits


@cache
def _log_multiples() -> interpolate.CubicSpline:
    """Interpolate log k as a function of log df."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    log_df = np.linspace(0, np.log(MOST_DEGREES), 60)
    multiples = [_power_multiple(df, (nodes + 1) / 2, weights / 2) for df in np.exp(log_df)]
    return interpolate.CubicSpline(log_df, np.log(multiples))


def _power_multiple(df: float, shares: np.ndarray, weights: np.ndarray) -> float:
    """Solve for k; the integrals over X and Y are weighted sums over their quantiles at some shares."""
    spread = np.sqrt(stats.chi2.ppf(shares, df) / df)
    threshold = stats.t.isf(SIGNIFICANCE / 2, df) * spread

    def lack(multiple: float) -> float:
        power = special.ndtr(multiple * spread[:, None] - threshold)
        return weights @ power @ weights - POWER

    return optimize.brentq(lack, 1, 100)
