"""Layout of responses in trained cells and seeds, and the variance components of contrasts.

A response r (a run's accuracy, say) has the value y_r. Over test sets drawn anew the values of all
responses vary together, with the covariance matrix S; over seeds each varies by itself.
Everything here follows from these two, so that accuracy, balanced accuracy, macro-F1 and single
classes are treated alike.
"""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from scipy import stats

from summary.analysis.contrasts import Contrast
from summary.analysis.designs import Cell
from summary.analysis.samples import Sample
from summary.analysis.uncertainty import Components

POOL = 0.15  # level of the test whether the runs of one seed go together: high, since a miss costs coverage


class Layout:
    """The trained cell and seed of each of R responses.

    Parameters
    ----------
    cells : sequence of tuple, length R
        Trained cell of each response.
    seeds : sequence of int, length R
        Seed of each response. Seeds are paired: replicate s has the same seed in every cell.
        Where all cells hold the same seeds they are blocks, and what a seed does to all cells
        alike drops out of the error as it drops out of the contrasts (Box, Hunter and Hunter,
        *Statistics for Experimenters*, 2nd ed., chapter 4). Else runs count as independent, which
        is wide rather than narrow.
    by_seed : bool, optional
        Let the seed be the independent unit, for responses that share something through it that
        does *not* drop out: under ``unsorted``, all cells of a seed are read through one
        permutation, and a small network may owe much to its first weights whatever else is
        changed. Costs degrees of freedom: seeds - 1. Default: for each contrast a test decides
        whether its runs go together by seed (pooling unless a preliminary test objects;
        Bancroft and Han 1983, *J. Amer. Statist. Assoc.* 78).

    Attributes
    ----------
    labels : list of Cell
        The C cells that have a response.
    counts : (C,) array
        Their numbers of responses.
    """

    def __init__(self, cells: Sequence[Cell], seeds: Sequence[int], by_seed: bool | None = None) -> None:
        self.labels, self._cell = _indicators(cells)  # (R, C)
        _, self._seed = _indicators(seeds)  # (R, S)
        self.counts = self._cell.sum(0)
        self._by_seed = by_seed
        self._balanced = bool((self._cell.T @ self._seed == 1).all())
        # Deviations from the cells' means, and from cells and seeds where the seeds are blocks.
        self._within, self._df_within = _residual_projection(self._cell)
        blocked = self._balanced and len(self.labels) > 1
        columns = np.hstack([self._cell, self._seed]) if blocked else self._cell
        self._residual, self._df_residual = _residual_projection(columns)

    def weights(self, contrast: Contrast) -> np.ndarray:
        """Share out a contrast's weights: each response's is its cell's, divided by the cell's responses."""
        return self._cell @ (self._per_cell(contrast.weights()) / self.counts)

    def estimate(self, contrast: Contrast, sample: Sample) -> tuple[float, Components]:
        """Estimate a contrast and the components of its variance.

        The estimate is w'y with the weights w. Its variance over test sets (``item``) is w'S w; its
        variance over seeds (``run``) is estimated from the spread of the responses themselves,
        with trainings or with seeds as the independent units.

        Parameters
        ----------
        contrast : Contrast
            Its cells must have responses.
        sample : Sample
            Values and covariance of the responses.
        """
        weight = self.weights(contrast)
        item = max(weight @ sample.covariance @ weight, 0.0)
        by_training = self._training_components(weight, sample)
        by_seed = self._seed_components(weight, sample)
        seeds_are_units = self._go_together(by_training, by_seed) if self._by_seed is None else self._by_seed
        run, noise, df = by_seed if seeds_are_units else by_training
        return float(weight @ sample.value), Components(
            run, item, noise, df, sample.items - 1, seeds_are_units
        )

    def _training_components(self, weight: np.ndarray, sample: Sample) -> tuple[float, float, int]:
        """Compute run, noise and the degrees of freedom of run, with trainings as the units."""
        if self._df_residual < 1:
            return np.nan, np.nan, 0
        # The residual mean square y'My / df estimates the variance of one run, M being the projection
        # onto what cells (and seeds as blocks) leave unexplained; that of w'y is w'w times as large.
        scale = weight @ weight / self._df_residual
        run = scale * (sample.value @ self._residual @ sample.value)
        # Part of that spread is luck with the items: over test sets, the expectation of y'My exceeds that of
        # the runs' expected values by tr(MS). What an item does to all runs alike, or to all runs of a
        # cell, is in S but not in tr(MS), since M projects it away.
        noise = scale * (self._residual * sample.covariance).sum()
        return max(run, 0.0), max(noise, 0.0), self._df_residual

    def _seed_components(self, weight: np.ndarray, sample: Sample) -> tuple[float, float, int]:
        """Compute the same with seeds as the units: clustering by seed with its usual correction.

        Each seed has a share d_s in the deviation of the estimate, the weighted sum of its
        runs' deviations from their cells' means. The shares are independent, so the variance is
        S / (S - 1) times the sum of their squares (Cameron and Miller 2015, *J. Human Resources*
        50, section II); the part due to items is the same of their covariance.
        """
        shares = (self._seed.T * weight) @ self._within  # (S, R): d = shares @ y
        seeds = int((np.abs(self._seed.T * weight).sum(1) > 0).sum())
        if seeds < 2 or self._df_within < 1:
            return np.nan, np.nan, 0
        scale = seeds / (seeds - 1)
        run = scale * ((shares @ sample.value) ** 2).sum()
        noise = scale * np.trace(shares @ sample.covariance @ shares.T)
        return run, max(noise, 0.0), seeds - 1

    def _go_together(self, by_training: tuple[float, float, int], by_seed: tuple[float, float, int]) -> bool:
        """Test by F at level POOL whether the seeds' own effects spread more than the rest of the runs.

        The residual sum of squares, df_run * run, is the seeds' share in this contrast,
        df_seed * seed, and the rest; without an interaction of seed and contrast both mean
        squares estimate the same variance, and their ratio follows F(df_seed, df_rest).
        """
        (run, _, df_run), (seed, _, df_seed) = by_training, by_seed
        df_rest = df_run - df_seed
        if not self._balanced or df_seed < 1 or df_rest < 1:
            return False
        rest = max(df_run * run - df_seed * seed, 0.0) / df_rest
        return seed > rest * stats.f.isf(POOL, df_seed, df_rest)

    def sign_probability(self, contrast: Contrast, sample: Sample) -> float:
        """Estimate P(A > B): that one single run per cell, on one such test set, shows the estimate's sign.

        Bouthillier et al. 2021 (MLSys) call it the probability of outperforming. Mean
        over the contrast's settings, normal approximation, the estimate taken as the truth (so it
        flatters small effects: never below 1/2). Seeds of the single runs are not paired.
        """
        if self._df_within < 1:
            return np.nan
        # Variance of one run over seeds alone: the spread within cells less what luck with items adds to it.
        spread = sample.value @ self._within @ sample.value - (self._within * sample.covariance).sum()
        run = max(spread / self._df_within, 0.0)
        # Covariance over test sets of single runs: between two cells the mean over their runs'
        # covariances, on the diagonal the mean variance of one run.
        mean = self._cell / self.counts
        between = mean.T @ sample.covariance @ mean
        np.fill_diagonal(between, np.diag(sample.covariance) @ mean)
        # At each setting with signs s the difference of single runs has the variance s'Bs + run s's.
        signs = np.array([self._per_cell(signs) for signs in contrast.settings])
        variance = np.einsum("sc,cd,sd->s", signs, between, signs) + run * (signs**2).sum(1)
        estimate = abs(self.weights(contrast) @ sample.value)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.nan_to_num(stats.norm.cdf(estimate / np.sqrt(variance)), nan=0.5).mean())

    def _per_cell(self, signs: Mapping[Cell, float]) -> np.ndarray:
        return np.array([signs.get(label, 0) for label in self.labels], float)


def _indicators(labels: Sequence[Hashable]) -> tuple[list, np.ndarray]:
    """List the distinct labels in order, and which of them each element has, shape (R, labels)."""
    position = {label: k for k, label in enumerate(dict.fromkeys(labels))}
    codes = np.array([position[label] for label in labels], int)
    return list(position), np.eye(len(position))[codes]


def _residual_projection(columns: np.ndarray) -> tuple[np.ndarray, int]:
    """Compute I - X X^+, the projection onto what the columns X leave unexplained, and its rank."""
    fitted = columns @ np.linalg.pinv(columns)
    return np.eye(len(columns)) - fitted, len(columns) - round(np.trace(fitted))
