"""Simulated tables of answers whose true effects are known.

A run answers an item correctly if a standard normal variable falls below a threshold (probit model):

    cell + item + interaction of item and the cell's levels + seed (shared by all cells) + run.

The expected accuracy of a cell then has a closed form, so that effects can be given in points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from summary.analysis import Design, Factor
from summary.analysis.contrasts import Contrast, paired_contrasts, trained_contrasts
from summary.analysis.designs import Cell
from summary.analysis.layout import Layout
from summary.analysis.samples import Sample
from summary.analysis.uncertainty import interval, p_value

# Test images per style in the study's data; the shares that truths are drawn from.
STYLES = (17, 2, 2, 32, 34, 6, 3, 15, 9, 52, 8, 9, 101, 12, 10, 19, 1, 23, 6, 15, 51, 82, 13, 51, 44, 1, 12)


@dataclass(frozen=True)
class Noise:
    """Standard deviations on the probit scale, where that of a single answer is 1.

    ``architecture`` is a seed's effect shared by the cells with one level of the first factor only.
    """

    item: float = 1.5
    item_level: float = 0.5
    seed: float = 0.0
    run: float = 0.0
    architecture: float = 0.0

    @property
    def total(self) -> float:
        return float(np.sqrt(1 + self.item**2 + self.item_level**2 + self._runs))

    @property
    def _runs(self) -> float:
        return self.seed**2 + self.run**2 + self.architecture**2

    def thresholds(self, accuracy: np.ndarray) -> np.ndarray:
        """Thresholds of cells with these expected accuracies (0..1)."""
        return stats.norm.ppf(accuracy) * self.total


#: Standard deviation of one run's accuracy over seeds: none, about 1 point, about 3 points.
SETTINGS = {
    "none": Noise(),
    "some": Noise(seed=0.04, run=0.06),
    "much": Noise(seed=0.12, run=0.17),
}


def full_factorial(factors: Sequence[Factor], base: Mapping[str, str] | None = None) -> Design:
    """All combinations of the levels."""
    combinations = product(*(factor.levels for factor in factors))
    cells = [dict(zip((f.name for f in factors), levels, strict=True)) for levels in combinations]
    return Design(tuple(factors), tuple(cells), base=base or {})


def accuracies(base: float, mains: Sequence[float], interaction: float = 0.0) -> np.ndarray:
    """Expected accuracies of the cells of a 2^k design, in the order of itertools.product.

    ``mains`` are the main effects of the factors, ``interaction`` that of the first two (the
    difference of differences); all in 0..1.
    """
    codes = np.array(np.meshgrid(*[[-0.5, 0.5]] * len(mains), indexing="ij")).reshape(len(mains), -1)
    return base + np.asarray(mains) @ codes + (interaction * codes[0] * codes[1] if len(mains) > 1 else 0)


def simulate(rng: np.random.Generator, accuracy: np.ndarray, noise: Noise, seeds: int, items: int) -> tuple:
    """Draw one table of correct answers, and their expectations over seeds on the same items.

    Returns
    -------
    correct : (C, S, n) bool array
    expected : (C, n) float array
        Probability that a new run of the cell answers the item correctly.
    """
    cells, half = len(accuracy), len(accuracy) // 2
    item_effects = rng.normal(0, noise.item, items) + _level_effects(rng, noise.item_level, cells, items)
    threshold = noise.thresholds(accuracy)[:, None] + item_effects
    run_effects = rng.normal(0, noise.seed, seeds) + rng.normal(0, noise.run, (cells, seeds))
    run_effects += np.repeat(rng.normal(0, noise.architecture, (2, seeds)), [half, cells - half], axis=0)
    correct = rng.normal(size=(cells, seeds, items)) < threshold[:, None] + run_effects[:, :, None]
    return correct, stats.norm.cdf(threshold / np.sqrt(1 + noise._runs))


def _level_effects(rng: np.random.Generator, size: float, cells: int, items: int) -> np.ndarray:
    """Interactions of items with factors, shape (C, n): half the variance by level, half by cell."""
    factors = max(int(np.log2(cells)), 1)
    codes = (np.arange(cells)[:, None] >> np.arange(factors)[::-1]) & 1
    by_level = rng.normal(0, size / np.sqrt(2 * factors), (factors, 2, items))
    return sum(by_level[f, codes[:, f]] for f in range(factors)) + rng.normal(
        0, size / np.sqrt(2), (cells, items)
    )


def answers(rng: np.random.Generator, correct: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Class codes for a table of correctness; wrong answers favour the frequent classes."""
    share = np.array(STYLES) / sum(STYLES)
    guess = rng.choice(len(share), correct.shape, p=share)
    guess = np.where(
        guess == truth, (guess + 1 + rng.integers(len(share) - 1, size=guess.shape)) % len(share), guess
    )
    return np.where(correct, truth, guess)


def truths(rng: np.random.Generator, items: int) -> np.ndarray:
    """Class codes of items, drawn by the styles' shares."""
    return rng.choice(len(STYLES), items, p=np.array(STYLES) / sum(STYLES))


def misread(rng: np.random.Generator, answer: np.ndarray) -> np.ndarray:
    """The answers (C, S, n) read through one permutation of the classes per seed; expected accuracy 1/27."""
    permutation = np.array([rng.permutation(len(STYLES)) for _ in range(answer.shape[1])])
    return permutation[np.arange(answer.shape[1])[None, :, None], answer]


def table(answer: np.ndarray, truth: np.ndarray, cells: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """One row per run and item, for class codes (C, S, n)."""
    styles = np.array([f"style {code:02}" for code in range(len(STYLES))])
    items = pd.DataFrame({"item": [f"painting {k}" for k in range(len(truth))], "truth": styles[truth]})
    return pd.concat(
        items.assign(**cell, seed=seed, prediction=styles[answer[number, seed]])
        for number, cell in enumerate(cells)
        for seed in range(answer.shape[1])
    )


FACTORS = tuple(Factor(name, ("0", "1")) for name in "ABC")


@dataclass(frozen=True)
class Study:
    """Estimates from B simulated tables, of E effects in the order of ``names``."""

    names: tuple[str, ...]
    truth: np.ndarray  #: (E,) true effects, 0..1
    estimate: np.ndarray  #: (B, E)
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    detectable: np.ndarray
    df: np.ndarray
    covered_by_run: np.ndarray  #: (B, E) does the run-level interval hold the effect on these very items?
    run_deviation: float  #: mean standard deviation of a run's accuracy over seeds

    @property
    def coverage(self) -> np.ndarray:
        """Share of two-way intervals that hold the truth, per effect."""
        return ((self.low <= self.truth) & (self.truth <= self.high)).mean(0)

    def coverage_with(self, quantile: float) -> np.ndarray:
        """Coverage with another multiple of the standard error than that of Student's t."""
        scale = quantile / stats.t.isf(0.025, self.df)
        return (np.abs(self.estimate - self.truth) <= scale * (self.high - self.low) / 2).mean(0)

    @property
    def rejected(self) -> np.ndarray:
        """Share of uncorrected p-values below 5 %, per effect."""
        return (self.p < 0.05).mean(0)

    @property
    def false_positives(self) -> float:
        """Share of tables with any null effect significant after Holm's correction."""
        order = self.p.argsort(1)
        steps = np.take_along_axis(self.p, order, 1) * np.arange(self.p.shape[1], 0, -1)
        rejected = (
            np.maximum.accumulate(steps, 1) < 0.05
        )  # statsmodels' multipletests is slow for many tables
        return float((rejected & (self.truth[order] == 0)).any(1).mean())


def study(
    noise: Noise,
    seeds: int,
    replications: int,
    mains: Sequence[float] = (0.03, 0.0, 0.0),
    interaction: float = 0.03,
    *,
    items: int = 630,
    class_order: bool = True,
    by_seed: bool | None = None,
    random_seed: int = 0,
) -> Study:
    """Analyse many tables of 8 trained cells: two-level factors A, B, C, and class order if asked for."""
    rng = np.random.default_rng(random_seed)
    accuracy = accuracies(0.28, mains, interaction)
    orders = (Factor("class_order", ("unsorted", "sorted"), "evaluate"),) if class_order else ()
    design = full_factorial((*orders, *FACTORS))
    names = [contrast.factor for contrast in paired_contrasts(design) + trained_contrasts(design)]
    truth = np.array([*mains, interaction, 0.0, 0.0])
    if class_order:
        truth = np.array([accuracy.mean() - 1 / len(STYLES), *truth])
    tables = [_simulated(rng, design, accuracy, noise, seeds, items, by_seed) for _ in range(replications)]
    *columns, deviation = zip(*tables, strict=True)
    columns = [np.array(column) for column in columns]
    return Study(tuple(names), truth, *columns, float(np.mean(deviation)))


def _simulated(
    rng: np.random.Generator,
    design: Design,
    accuracy: np.ndarray,
    noise: Noise,
    seeds: int,
    items: int,
    by_seed: bool | None,
) -> tuple:
    correct, expected = simulate(rng, accuracy, noise, seeds, items)
    rows, cells = [], tuple(design.trained_cells)
    if design.evaluated:
        truth = truths(rng, items)
        difference = correct - 1.0 * (misread(rng, answers(rng, correct, truth)) == truth)
        # Over permutations each item is right by chance: 1/27.
        means = expected.mean(1) - 1 / len(STYLES)
        rows += _rows(balanced_layout(cells, seeds, True), paired_contrasts(design), difference, means)
    rows += _rows(
        balanced_layout(cells, seeds, by_seed), trained_contrasts(design), correct, expected.mean(1)
    )
    return *zip(*rows, strict=True), correct.mean(2).std(1, ddof=1).mean()


def _rows(
    layout: Layout, contrasts: Sequence[Contrast], responses: np.ndarray, means: np.ndarray
) -> list[tuple]:
    """Per contrast: estimate, two-way interval, p, smallest detectable, df, coverage of the run interval."""
    cells, seeds, items = responses.shape
    responses = responses.reshape(-1, items).astype(float)
    sample = Sample(responses.mean(1), np.cov(responses) / items, items)
    rows = []
    for contrast in contrasts:
        weight = layout.weights(contrast)
        estimate, parts = layout.estimate(contrast, sample)
        low, high = interval(estimate, parts.run, parts.df_run)
        covered = low <= weight.reshape(cells, seeds).sum(1) @ means <= high
        test = estimate, parts.variance, parts.df
        rows.append((estimate, *interval(*test), p_value(*test), parts.detectable(), parts.df, covered))
    return rows


@cache
def balanced_layout(cells: tuple[Cell, ...], seeds: int, by_seed: bool | None = None) -> Layout:
    """All cells with all seeds, cell by cell."""
    return Layout([cell for cell in cells for _ in range(seeds)], [*range(seeds)] * len(cells), by_seed)


def plain_two_way(correct: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares with plain two-way clustering (Cameron, Gelbach and Miller 2011), for comparison.

    Parameters
    ----------
    correct : (R, n) array
    design : (R, k) array
        Regressors of the runs, the constant included.

    Returns
    -------
    coefficients : (k,) array
    variances : (k,) array
        As statsmodels' ``cov_type="cluster"`` with the groups run and item.
    """
    runs, items = correct.shape
    bread = np.linalg.inv(design.T @ design) @ design.T / items  # (k, R)
    coefficients = bread @ correct.sum(1)
    scores = bread[:, :, None] * (correct - (design @ coefficients)[:, None])
    size, free = correct.size, correct.size - design.shape[1]
    parts = [(scores.sum(2) ** 2).sum(1), (scores.sum(1) ** 2).sum(1), (scores**2).sum((1, 2))]
    return coefficients, sum(
        sign * groups / (groups - 1) * (size - 1) / free * part
        for sign, groups, part in zip((1, 1, -1), (runs, items, size), parts, strict=True)
    )
