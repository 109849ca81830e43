"""Layout of responses in trained cells and seeds, and the variance components of contrasts.

A response r (a run's accuracy, say) has the value y_r. Over test sets drawn anew the values of all
responses vary together, with the covariance matrix S; over seeds those of one seed vary together.
Everything here follows from these two, so that accuracy, balanced accuracy, macro-F1 and single
classes are treated alike.
"""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from scipy import stats
from scipy.sparse.csgraph import connected_components

from summary.analysis.contrasts import Contrast
from summary.analysis.designs import Cell
from summary.analysis.samples import Sample
from summary.analysis.uncertainty import Components, Numbers, satterthwaite

ROUNDING = 1e-12


class Layout:
    """The trained cell and seed of each of R responses.

    Parameters
    ----------
    cells : sequence of tuple, length R
        Trained cell of each response.
    seeds : sequence of int, length R
        Seed of each response. Cells trained from one seed share initialisation and order, so
        the seed is the independent unit.

    Attributes
    ----------
    labels : list of Cell
        The C cells that have a response.
    counts : (C,) array
        Their numbers of responses.
    """

    def __init__(self, cells: Sequence[Cell], seeds: Sequence[Hashable]) -> None:
        self.labels, self._cell = _indicators(cells)  # (R, C)
        _, self._seed = _indicators(seeds)  # (R, S)
        self.counts = self._cell.sum(0)
        self._linked = (self._cell @ self._cell.T + self._seed @ self._seed.T) != 0  # by a cell or a seed
        # Takes from each response the mean of its cell.
        self._deviation = np.eye(len(self._cell)) - self._cell / self.counts @ self._cell.T

    def weights(self, contrast: Contrast) -> np.ndarray:
        """Share out a contrast's weights: each response's is its cell's, divided by the cell's responses."""
        return self._cell @ (self._per_cell(contrast.weights()) / self.counts)

    def estimate(self, contrast: Contrast, sample: Sample) -> tuple[Numbers, Components]:
        """Estimate a contrast and the components of its variance.

        The estimate is w'y with the weights w. Its variance over test sets (``item``) is w'S w; its
        variance over seeds (``run``) is estimated from its own spread from seed to seed.

        Parameters
        ----------
        contrast : Contrast
            Its cells must have responses.
        sample : Sample
            Values and covariance of the responses; those of several tables at once if stacked.
        """
        weight = self.weights(contrast)
        item = (sample.covariance @ weight @ weight).clip(0)
        forms, degrees = zip(*map(self._seed_form, self._independent_parts(weight)), strict=True)
        runs = [((sample.value @ form) * sample.value).sum(-1).clip(0) for form in forms]
        # Part of that spread is luck with the items: the expectation of y'Fy over test sets exceeds its value
        # at the runs' expected values by tr(FS).
        noise = (sum(forms) * sample.covariance).sum((-2, -1))
        run = sum(runs)
        df_run = satterthwaite(run, runs, degrees)
        estimate = sample.value @ weight
        # Equal values may leave a difference of some 1e-16, by rounding.
        estimate = np.where(np.abs(estimate) < ROUNDING, 0, estimate)[()]
        df_item = sample.items - 1 if sample.items else np.inf  # without items: no part of theirs
        return estimate, Components(run, item, noise, df_run, df_item)

    def _independent_parts(self, weight: np.ndarray) -> list[np.ndarray]:
        """Split weights between responses that are linked by common cells and seeds.

        One part where the cells share their seeds. Cells that share none are independent of each
        other, so that each has its own spread and degrees of freedom (Welch 1947, *Biometrika* 34, 28).
        """
        involved = np.flatnonzero(weight)
        count, part = connected_components(self._linked[np.ix_(involved, involved)], directed=False)
        parts = np.zeros((count, len(weight)))
        parts[part, involved] = weight[involved]
        return [*parts]

    def _seed_form(self, weight: np.ndarray) -> tuple[np.ndarray, float]:
        """Compute F such that y'Fy estimates the variance of w'y over seeds, and its degrees of freedom.

        Each seed has a share in the deviation of the estimate from its expectation: the weighted sum
        of its responses' deviations from their cells' means. The shares are independent, so the
        variance is the sum of their squares. A deviation from the mean of n responses has (1 - 1/n)
        times the variance of a response, hence the division by the root of that (the estimator CR2
        of Bell and McCaffrey 2002, *Survey Methodology* 28, 169, for cell means; so are the degrees
        of freedom, which are those of independent responses of one spread). Where each cell has
        the same S seeds this is the square of the usual standard error of the mean of S effects,
        one from each seed, with S - 1 degrees of freedom.

        A cell with one response has no deviation; its part of the variance is taken to be
        as large, for its weight, as that of the others. NaN if no cell has two responses.
        """
        leverage = self._cell @ (1 / self.counts)
        scale = np.divide(weight, np.sqrt(1 - leverage), out=np.zeros_like(weight), where=leverage < 1)
        shares = (self._seed.T * scale) @ self._deviation  # (S, R)
        gram = shares @ shares.T
        trace = np.trace(gram)
        if not trace > 0:
            return np.full(self._deviation.shape, np.nan), 0.0
        return shares.T @ shares * (weight @ weight / trace), trace**2 / (gram**2).sum()

    def sign_probability(self, contrast: Contrast, sample: Sample) -> float:
        """Estimate P(A > B): that one single run per cell, on one such test set, shows the estimate's sign.

        Bouthillier et al. 2021 (MLSys) call it the probability of outperforming. Mean
        over the contrast's settings, normal approximation, the estimate taken as the truth (so it
        flatters small effects: never below 1/2). Seeds of the single runs are not paired.
        """
        df = len(self._cell) - len(self.labels)
        if df < 1:
            return np.nan
        # Variance of one run over seeds alone: the spread within cells less what luck with items adds to it.
        spread = sample.value @ self._deviation @ sample.value - (self._deviation * sample.covariance).sum()
        run = max(spread / df, 0.0)
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
