"""Simulated tables of answers whose true effects are known.

The probability that a run answers an item correctly is logistic in the sum of

    run + item + interaction of the item and the cell's levels (+ the run's swing on the item's class).

The run's part is set so that its expected accuracy over items is exactly that of its cell plus the
effects of its seed, which are given in points of accuracy. Effects of the cells are thus known exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod

import numpy as np
import pandas as pd
from scipy import special

from summary.analysis import Design, Factor

# Test images per style in the study's data; the shares that truths are drawn from.
STYLES = (17, 2, 2, 32, 34, 6, 3, 15, 9, 52, 8, 9, 101, 12, 10, 19, 1, 23, 6, 15, 51, 82, 13, 51, 44, 1, 12)
SHARES = np.array(STYLES) / sum(STYLES)

# Standard deviations on the logistic scale, of items and of their interactions with the levels.
ITEM, ITEM_LEVEL = 2.2, 0.8


@dataclass(frozen=True)
class Shared:
    """An effect of the seed that cells have in common.

    Cells with the same levels of the factors at the positions ``by`` share one effect per seed; if
    ``only`` is given, just those with these levels have one.
    """

    deviation: float  #: in points
    by: tuple[int, ...] = ()
    only: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Structure:
    """How the runs vary over seeds; standard deviations in points of accuracy."""

    own: tuple[float, ...]  #: of each run by itself, for each level of the first factor
    shared: tuple[Shared, ...] = ()
    collapse: float = 0.0  #: share of the runs whose accuracy falls by 12 points
    swing: float = 0.0  #: of a run on each class, on the logistic scale

    def run_effects(
        self, rng: np.random.Generator, levels: np.ndarray, tables: int, seeds: int
    ) -> np.ndarray:
        """Draw effects of runs on accuracy, (tables, cells, seeds) in 0..1, with mean 0.

        ``levels`` holds codes of the cells' levels, (cells, factors).
        """
        cells = len(levels)
        own = np.resize(self.own, levels[:, 0].max() + 1)[levels[:, 0]] if levels.size else self.own[:1]
        effects = rng.normal(size=(tables, cells, seeds)) * np.reshape(own, (-1, 1))
        for part in self.shared:
            groups, group = np.unique(levels[:, part.by], axis=0, return_inverse=True)
            drawn = part.deviation * rng.normal(size=(tables, len(groups), seeds))
            if part.only is not None:
                drawn[:, (groups != part.only).any(1)] = 0
            effects += drawn[:, group.reshape(-1)]
        effects -= 12 * ((rng.random(effects.shape) < self.collapse) - self.collapse)
        return effects / 100


def _with_architecture(share: float) -> Structure:
    """Total standard deviation 2 points, a share of the variance common to the cells of an architecture."""
    return Structure((2 * np.sqrt(1 - share),), (Shared(2 * np.sqrt(share), (0,)),))


STRUCTURES = {
    "independent, 0.7 points": Structure((0.7,)),
    "independent, 2 points": Structure((2.0,)),
    "a seed moves all cells": Structure((1.0,), (Shared(2.0),)),
    "20 % by architecture": _with_architecture(0.2),
    "50 % by architecture": _with_architecture(0.5),
    "80 % by architecture": _with_architecture(0.8),
    "as on paintings": Structure((1.0,), (Shared(2.0, (0,), (0,)),)),
    "by two factors": Structure((1.0,), (Shared(1.2, (0,)), Shared(1.2, (1,)))),
    "by a pair of levels": Structure((1.0,), (Shared(2.0, (0, 1), (1, 1)),)),
    "unequal spread": Structure((3.0, 0.7)),
    "collapsing runs": Structure((1.0,), collapse=0.05),
    "classes swing": Structure((1.0,), swing=0.7),
}


def draw(
    rng: np.random.Generator,
    structure: Structure,
    levels: np.ndarray,
    accuracy: np.ndarray,
    seeds: int,
    items: int,
    tables: int = 1,
    class_of_item: np.ndarray | None = None,
) -> np.ndarray:
    """Draw tables of correct answers, bool (tables, cells, seeds, items).

    Parameters
    ----------
    rng : Generator
    structure : Structure
    levels : (cells, factors) array of int
        Codes of the cells' levels.
    accuracy : (cells,) array
        Expected accuracies over seeds and items, 0..1.
    seeds, items, tables : int
    class_of_item : (items,) array of int, optional
        Default: drawn by the styles' shares.
    """
    run = accuracy[:, None] + structure.run_effects(rng, levels, tables, seeds)
    deviation = np.sqrt(ITEM**2 + ITEM_LEVEL**2 + structure.swing**2)
    logit = _logit_of_accuracy(run, deviation)[..., None].astype(np.float32)
    item = rng.normal(0, ITEM, (tables, 1, items)) + _level_effects(rng, levels, tables, items)
    logit = logit + item[:, :, None].astype(np.float32)
    if structure.swing:
        classes = rng.choice(len(STYLES), items, p=SHARES) if class_of_item is None else class_of_item
        swings = rng.normal(0, structure.swing, (*run.shape, len(STYLES)))
        logit += swings[..., classes].astype(np.float32)
    return rng.random(logit.shape, np.float32) < special.expit(logit)


def _level_effects(rng: np.random.Generator, levels: np.ndarray, tables: int, items: int) -> np.ndarray:
    """Draw interactions of items with levels, (tables, C, n): half the variance by level, half by cell."""
    cells, factors = levels.shape
    effects = rng.normal(0, ITEM_LEVEL / np.sqrt(2 if factors else 1), (tables, cells, items))
    for codes in levels.T:
        by_level = rng.normal(0, ITEM_LEVEL / np.sqrt(2 * factors), (tables, codes.max() + 1, items))
        effects += by_level[:, codes]
    return effects


def _logit_of_accuracy(accuracy: np.ndarray, deviation: float) -> np.ndarray:
    """Find x such that the logistic function of x + deviation * Z has the mean ``accuracy``."""
    return np.interp(accuracy, *_mean_of_logistic(round(float(deviation), 6))[::-1])


@cache
def _mean_of_logistic(deviation: float) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    x = np.linspace(-16, 16, 3201)
    return x, special.expit(x[:, None] + deviation * nodes) @ weights / np.sqrt(2 * np.pi)


def full_factorial(factors: Sequence[Factor], base: Mapping[str, str] | None = None) -> Design:
    """All combinations of the levels."""
    combinations = product(*(factor.levels for factor in factors))
    cells = [dict(zip((f.name for f in factors), levels, strict=True)) for levels in combinations]
    return Design(tuple(factors), tuple(cells), base=base or {})


def half_fraction(factors: tuple[Factor, ...], base: Mapping[str, str]) -> Design:
    """The half of the combinations of two-level factors whose product of signs is the base cell's."""
    full = full_factorial(factors)

    def side(cell: Mapping[str, str]) -> int:
        return prod(1 if cell[factor.name] == factor.levels[1] else -1 for factor in full.trained)

    return Design(factors, tuple(cell for cell in full.cells if side(cell) == side(base)), "half", base)


def one_at_a_time(factors: tuple[Factor, ...], base: Mapping[str, str]) -> Design:
    """The base cell, and the cells that differ from it in one factor."""
    cells = [
        cell
        for cell in full_factorial(factors).cells
        if sum(level != base[name] for name, level in cell.items()) <= 1
    ]
    return Design(factors, tuple(cells), "one-at-a-time", base)


def level_codes(design: Design) -> np.ndarray:
    """Codes of the levels of the trained cells, (cells, factors)."""
    codes = [
        [factor.levels.index(level) for factor, level in zip(design.trained, cell, strict=True)]
        for cell in design.trained_cells
    ]
    return np.array(codes, int).reshape(len(codes), -1)


def answers(rng: np.random.Generator, correct: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Class codes for a table of correctness; wrong answers favour the frequent classes."""
    guess = rng.choice(len(STYLES), correct.shape, p=SHARES)
    guess = np.where(
        guess == truth, (guess + 1 + rng.integers(len(STYLES) - 1, size=guess.shape)) % len(STYLES), guess
    )
    return np.where(correct, truth, guess)


def truths(rng: np.random.Generator, items: int) -> np.ndarray:
    """Class codes of items, drawn by the styles' shares."""
    return rng.choice(len(STYLES), items, p=SHARES)


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
