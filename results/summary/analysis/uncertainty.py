"""Uncertainty of an estimate: variance components, intervals, p-values, smallest detectable effect.

The variance of an effect is estimated as

    variance = run + item - noise,

``run`` from the spread of the runs' values, ``item`` from the spread of the items' own effects,
``noise`` the part that both contain (whether a run gets an item right by luck); ``layout.py``
computes the three. This is two-way clustering by run and item (Cameron, Gelbach and Miller 2011,
*JBES* 29), except that the part subtracted is free of the cells, the seeds *and the items* (the
interaction mean square of a two-way layout; Searle, Casella and McCulloch, *Variance Components*,
1992, chapter 4). The original subtracts squares that hold the items' difficulty as well, which
contrasts are free of: with few runs it is then far too small, or negative. ``run`` and ``item``
are never taken smaller than the ``noise`` that they contain, which is wide rather than narrow where
runs do not vary (MacKinnon, Nielsen and Webb 2024, arXiv 2406.08880, bound the variance for the same
reason).

The reference distribution is Student's t with Satterthwaite's degrees of freedom (1946), since
``run`` rests on few of them. The normal covers too little when runs vary; t with (seeds - 1), the
rule of thumb for few clusters (Cameron and Miller 2015, *J. Human Resources* 50, section VI),
far too much: the seeds' common part drops out of the contrasts, and the items are many.
benchmarks/interval_coverage.py shows the coverage of all of these.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats


@dataclass(frozen=True)
class Components:
    """Parts of the sampling variance of an effect, in its squared unit, and their degrees of freedom.

    ``run`` and ``item`` both contain ``noise``. With one seed ``run`` is NaN, and so is all
    that needs it.
    """

    run: float
    item: float
    noise: float
    df_run: float
    df_item: float
    by_seed: bool = False  #: the seeds are the units, not the runs

    @property
    def variance(self) -> float:
        """Variance of the effect over new items and new seeds.

        max(run, noise) + max(item, noise) - noise: each part holds the noise once, so their sum
        holds it twice.
        """
        return float(np.maximum(self.run, self.noise) + np.maximum(self.item, self.noise) - self.noise)

    @property
    def df(self) -> float:
        """Degrees of freedom of ``variance`` (Satterthwaite 1946, *Biometrics Bulletin* 2, 110).

        An estimate v_i with f_i degrees of freedom has the variance 2 v_i^2 / f_i. The sum V of
        independent ones is approximated by the chi-square with the same mean and variance, whose
        degrees of freedom are V^2 / sum(v_i^2 / f_i).
        """
        squares = np.maximum(self.run, self.noise) ** 2, np.maximum(self.item, self.noise) ** 2
        spread = squares[0] / self.df_run + squares[1] / self.df_item if self.df_run else np.nan
        return float(self.variance**2 / spread) if spread else np.inf

    @property
    def floor(self) -> float:
        """Variance that remains with endless seeds: that of the items."""
        return float(np.maximum(self.item - self.noise, 0))

    def with_seeds(self, factor: float, seeds: float) -> "Components":
        """Predict the components with ``factor`` as many seeds as the present ``seeds``.

        ``run`` and ``noise`` are variances of means over the seeds and shrink by the factor; the
        items' own effects remain. Degrees of freedom grow with (seeds - 1).
        """
        noise = self.noise / factor
        df_run = self.df_run * (factor * seeds - 1) / (seeds - 1) if seeds > 1 else 0
        run = np.maximum(self.run, self.noise) / factor
        return Components(run, self.floor + noise, noise, df_run, self.df_item, self.by_seed)

    def detectable(self, level: float = 0.05, power: float = 0.8) -> float:
        """Compute the smallest effect that a two-sided test at this level finds with this power."""
        return detectable(np.sqrt(self.variance), self.df, level, power)


def interval(estimate: float, variance: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """Compute the two ends of a t interval; NaN where the variance is unknown."""
    half = stats.t.isf((1 - level) / 2, df) * np.sqrt(variance) if df > 0 else np.nan
    return float(estimate - half), float(estimate + half)


def p_value(estimate: float, variance: float, df: float) -> float:
    """Compute the two-sided p-value of a t test against zero.

    1 for an estimate of exactly zero that never varies, 0 for another one that never varies.
    """
    if not variance > 0:
        return np.nan if np.isnan(variance) else float(estimate == 0)
    return float(2 * stats.t.sf(abs(estimate) / np.sqrt(variance), df))


def detectable(error: float, df: float, level: float = 0.05, power: float = 0.8) -> float:
    """Compute the smallest effect that a two-sided t test finds with a given power, in the unit of ``error``.

    The test finds an effect d if the noncentral t with noncentrality d / error exceeds the
    critical value; the far tail, which would find the opposite sign, is neglected.

    Parameters
    ----------
    error : float
        Standard error of the effect.
    df : float
        Its degrees of freedom.
    level : float
        Of the test; default 0.05.
    power : float
        Default 0.8.
    """
    if not error > 0 or not df > 0:
        return float(error) if df > 0 else np.nan
    if df > 1000:  # scipy's noncentral t loses digits where the normal has long taken over
        return float(error * (stats.norm.isf(level / 2) - stats.norm.isf(power)))
    critical = stats.t.isf(level / 2, df)
    return float(error * special.nctdtrinc(df, 1 - power, critical))
