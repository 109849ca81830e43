"""How sure a contrast of cells is: from the runs, from the test items, from both.

A run r has a value m_r (its accuracy, say). Over test sets drawn anew the values of all runs
vary together, with a covariance matrix; over seeds each run varies by itself. Everything here
follows from these two, so that accuracy, balanced accuracy, macro-F1 and single classes are
treated alike.

The variance of an effect is estimated as

    run + item - noise,

``run`` from the spread of the runs' values, ``item`` from the spread of the items' own effects,
``noise`` the part that both contain (whether a run gets an item right by luck). This is two-way
clustering by run and item (Cameron, Gelbach and Miller 2011, *JBES* 29), except that the part
subtracted is free of the cells, the seeds *and the items* (the interaction mean square of a
two-way layout; Searle, Casella and McCulloch, *Variance Components*, 1992, chapter 4). The
original subtracts squares that hold the items' difficulty as well, which contrasts are free of:
with few runs it is then far too small, or negative. Components below zero are set to zero, which
is wide rather than narrow where runs do not vary (MacKinnon, Nielsen and Webb 2024,
arXiv 2406.08880, bound the variance for the same reason).

Reference distribution: Student's t with Satterthwaite's degrees of freedom (1946), since
``run`` rests on few of them. The normal covers too little when runs vary; t with (seeds - 1), the
rule of thumb for few clusters (Cameron and Miller 2015, *J. Human Resources* 50, section VI),
far too much: the seeds' common part drops out of the contrasts, and the items are many.
benchmarks/interval_coverage.py shows the coverage of all of these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from summary.analysis.contrasts import Cell, Contrast

POOL = 0.15  # level of the test whether the runs of one seed go together: high, since a miss costs coverage


@dataclass(frozen=True)
class Components:
    """The parts of an effect's sampling variance (squared units of the effect), and their freedom.

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
        """Of the effect on new items with new seeds."""
        return float(np.maximum(self.run, self.noise) + np.maximum(self.item, self.noise) - self.noise)

    @property
    def df(self) -> float:
        """Satterthwaite's degrees of freedom of ``variance`` (Biometrics Bulletin 2, 110)."""
        parts = np.maximum(self.run, self.noise) ** 2, np.maximum(self.item, self.noise) ** 2
        spread = parts[0] / self.df_run + parts[1] / self.df_item if self.df_run else np.nan
        return float(self.variance**2 / spread) if spread else np.inf

    @property
    def floor(self) -> float:
        """What is left of ``variance`` with endless seeds: the items."""
        return float(np.maximum(self.item - self.noise, 0))

    def with_seeds(self, times: float, seeds: float) -> "Components":
        """As it would be with ``times`` as many seeds as the present ``seeds``."""
        noise = self.noise / times
        freedom = self.df_run * (times * seeds - 1) / (seeds - 1) if seeds > 1 else 0
        return Components(
            np.maximum(self.run, self.noise) / times,
            self.floor + noise,
            noise,
            freedom,
            self.df_item,
            self.by_seed,
        )

    def detectable(self, level: float = 0.05, power: float = 0.8) -> float:
        """The smallest effect found with this power by a two-sided test at this level (noncentral t)."""
        return detectable(np.sqrt(self.variance), self.df, level, power)


def interval(estimate: float, variance: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """The two ends of a t interval; NaN where the variance is unknown."""
    half = stats.t.isf((1 - level) / 2, df) * np.sqrt(variance) if df > 0 else np.nan
    return float(estimate - half), float(estimate + half)


def p_value(estimate: float, variance: float, df: float) -> float:
    """Two-sided. 1 for an estimate of exactly zero, 0 for another one that never varies."""
    if not variance > 0:
        return np.nan if np.isnan(variance) else float(estimate == 0)
    return float(2 * stats.t.sf(abs(estimate) / np.sqrt(variance), df))


def detectable(error: float, df: float, level: float = 0.05, power: float = 0.8) -> float:
    """The smallest effect that a two-sided t test finds with this power; unit: that of the standard error."""
    if not error > 0 or not df > 0:
        return float(error) if df > 0 else np.nan
    if df > 1000:  # scipy's noncentral t loses digits where the normal has long taken over
        return float(error * (stats.norm.isf(level / 2) - stats.norm.isf(power)))
    critical = stats.t.isf(level / 2, df)
    # The noncentrality at which t exceeds its critical value with this power; the far tail is nothing.
    return float(error * special.nctdtrinc(df, 1 - power, critical))


class Layout:
    """Which cell and seed each run belongs to, and what is left of the runs once cells and seeds are known.

    Parameters
    ----------
    cells : sequence of tuple, length R
    seeds : sequence of int, length R
        Seeds are paired: replicate s has the same seed in every cell. Where all cells hold the
        same seeds they are blocks, and what a seed does to all cells alike drops out of the
        error as it drops out of the contrasts (Box, Hunter and Hunter, chapter 4). Else runs
        count as independent, which is wide rather than narrow.
    by_seed : bool, optional
        Let the seed be the independent unit, for responses that share something through it that
        does *not* drop out: under ``unsorted`` all cells of a seed are read through one
        permutation, and a small network may owe much to its first weights whatever else is
        changed. Costs degrees of freedom: seeds - 1. Default: each contrast by itself is asked
        whether its runs go together by seed (pooling unless a preliminary test objects;
        Bancroft and Han 1983, *J. Amer. Statist. Assoc.* 78).
    """

    def __init__(self, cells: Sequence[Cell], seeds: Sequence[int], by_seed: bool | None = None) -> None:
        self.labels, code = _codes(cells)
        _, seed = _codes(seeds)
        self.cell = np.eye(len(self.labels))[code]  # (R, C)
        self.seed = np.eye(seed.max() + 1)[seed]  # (R, S)
        self.counts = self.cell.sum(0)
        self.by_seed = by_seed
        self.balanced = bool((self.cell.T @ self.seed == 1).all())
        self.within, self.df_within = _residual(self.cell)
        blocks = np.hstack([self.cell, self.seed]) if self.balanced and len(self.labels) > 1 else self.cell
        self.residual, self.df = _residual(blocks)

    def weights(self, contrast: Contrast) -> np.ndarray:
        """Weight of each run, shape (R,): the cell's weight, shared by the cell's runs."""
        return self.cell @ (self._per_cell(contrast.weights()) / self.counts)

    def components(
        self, contrast: Contrast, value: np.ndarray, covariance: np.ndarray, items: int
    ) -> Components:
        """The variance of ``weights(contrast) @ value``.

        Parameters
        ----------
        contrast : Contrast
            The effect, a difference of cells.
        value : (R,) array
            A value for each run.
        covariance : (R, R) array
            Of ``value`` over test sets drawn anew.
        items : int
            Test items that the covariance was estimated from.
        """
        weight = self.weights(contrast)
        item = max(weight @ covariance @ weight, 0.0)
        by_run = self._run_parts(weight, value, covariance)
        by_seed = self._seed_parts(weight, value, covariance)
        seeds_count = self._go_together(by_run, by_seed) if self.by_seed is None else self.by_seed
        run, noise, df = by_seed if seeds_count else by_run
        return Components(run, item, noise, df, items - 1, seeds_count)

    def _go_together(self, by_run: tuple[float, float, int], by_seed: tuple[float, float, int]) -> bool:
        """By an F test at level POOL: do the seeds' own effects spread more than the rest of the runs?"""
        (run, _, df_run), (seed, _, df_seed) = by_run, by_seed
        df_rest = df_run - df_seed
        if not self.balanced or df_seed < 1 or df_rest < 1:
            return False
        rest = max(df_run * run - df_seed * seed, 0.0) / df_rest
        return seed > rest * stats.f.isf(POOL, df_seed, df_rest)

    def _run_parts(
        self, weight: np.ndarray, value: np.ndarray, covariance: np.ndarray
    ) -> tuple[float, float, int]:
        if self.df < 1:
            return np.nan, np.nan, 0
        scale = weight @ weight / self.df
        run = scale * (value @ self.residual @ value)
        return max(run, 0.0), max(scale * (self.residual * covariance).sum(), 0.0), self.df

    def _seed_parts(
        self, weight: np.ndarray, value: np.ndarray, covariance: np.ndarray
    ) -> tuple[float, float, int]:
        """Each seed's share in the deviation of the effect; clustering by seed with its usual correction."""
        share = (self.seed.T * weight) @ self.within  # (S, R)
        seeds = int((np.abs(self.seed.T * weight).sum(1) > 0).sum())
        if seeds < 2 or self.df_within < 1:
            return np.nan, np.nan, 0
        scale = seeds / (seeds - 1)
        run, noise = scale * ((share @ value) ** 2).sum(), scale * np.trace(share @ covariance @ share.T)
        return run, max(noise, 0.0), seeds - 1

    def sign_probability(self, contrast: Contrast, value: np.ndarray, covariance: np.ndarray) -> float:
        """P(A > B): that one single run per cell, on one such test set, shows the sign of the estimate.

        Bouthillier et al. 2021 (MLSys) call it the probability of outperforming. Mean
        over the contrast's settings, normal approximation, the estimate taken as the truth (so it
        flatters small effects: never below 1/2). Seeds of the single runs are not paired.
        """
        if self.df_within < 1:
            return np.nan
        spread = value @ self.within @ value - (self.within * covariance).sum()
        run = max(spread / self.df_within, 0.0)
        mean = self.cell / self.counts
        between = mean.T @ covariance @ mean
        np.fill_diagonal(between, np.diag(covariance) @ mean)
        signs = np.array([self._per_cell(signs) for signs in contrast.settings])
        variance = np.einsum("sc,cd,sd->s", signs, between, signs) + run * (signs**2).sum(1)
        estimate = abs(self.weights(contrast) @ value)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.nan_to_num(stats.norm.cdf(estimate / np.sqrt(variance)), nan=0.5).mean())

    def _per_cell(self, signs: Mapping[Cell, float]) -> np.ndarray:
        return np.array([signs.get(label, 0) for label in self.labels], float)


def _codes(labels: Sequence) -> tuple[list, np.ndarray]:
    seen = {label: at for at, label in enumerate(dict.fromkeys(labels))}
    return list(seen), np.array([seen[label] for label in labels])


def _residual(columns: np.ndarray) -> tuple[np.ndarray, int]:
    """The projection onto what the columns leave unexplained, and its rank."""
    fitted = columns @ np.linalg.pinv(columns)
    return np.eye(len(columns)) - fitted, len(columns) - round(np.trace(fitted))
