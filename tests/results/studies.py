"""Estimates from many simulated tables: how often the intervals hold the truth, and the tests err."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import simulation
from simulation import Structure
from summary.analysis import Design, Factor
from summary.analysis.contrasts import Contrast, trained_contrasts
from summary.analysis.designs import Cell
from summary.analysis.layout import Layout
from summary.analysis.samples import Sample, mean_score
from summary.analysis.uncertainty import joint_level
from summary.analysis.verdicts import holm

DESIGN = simulation.full_factorial([Factor(name, ("0", "1")) for name in "ABC"])
BASE = 0.28  # mean accuracy of the cells
#: A and A x B are worth 3 points each
TWO_EFFECTS = BASE + 0.03 * np.array([-0.25, -0.25, -0.75, -0.75, 0.25, 0.25, 0.75, 0.75])
BATCH = 50  # tables that are analysed at once


@dataclass(frozen=True)
class Study:
    """Estimates from B simulated tables, of E contrasts."""

    truth: np.ndarray  #: (E,) true effects, 0..1
    estimate: np.ndarray  #: (B, E)
    half: np.ndarray  #: (B, E) half-width of the 95 % interval on new items
    half_joint: np.ndarray  #: (B, E) that of the simultaneous one
    p: np.ndarray  #: (B, E)
    detectable: np.ndarray  #: (B, E)

    @property
    def coverage(self) -> np.ndarray:
        """Share of intervals that hold the truth, per effect."""
        return (np.abs(self.estimate - self.truth) <= self.half).mean(0)

    @property
    def power(self) -> np.ndarray:
        """Power at the stated size: an effect as large as one table states is tested in the next one."""
        shifted = self.estimate - self.truth + np.roll(self.detectable, 1, axis=0)
        return (shifted > self.half).mean(0)

    @property
    def rejected(self) -> np.ndarray:
        """Which effects are significant after Holm's correction, (B, E)."""
        return holm(self.p) < 0.05

    @property
    def false_positives(self) -> float:
        """Share of tables with any null effect significant after Holm's correction."""
        return float((self.rejected & (np.abs(self.truth) < 1e-9)).any(1).mean())

    @property
    def joint_coverage(self) -> float:
        """Share of tables whose simultaneous intervals, cut at zero if Holm rejects, all hold the truth."""
        inside = np.abs(self.estimate - self.truth) <= self.half_joint
        cut = self.rejected & (self.estimate * self.truth <= 1e-12)
        return float((inside & ~cut).all(1).mean())


def study(
    structure: Structure,
    seeds: int,
    tables: int,
    *,
    design: Design = DESIGN,
    accuracy: np.ndarray | None = None,
    items: int = 472,
    random_seed: int = 0,
    **selection: Any,
) -> Study:
    """Analyse many tables of a design.

    ``accuracy`` holds the cells' expected accuracies (default: all are alike); ``selection`` is
    handed to `analyse_tables`.
    """
    rng = np.random.default_rng(random_seed)
    levels = simulation.level_codes(design)
    accuracy = np.full(len(levels), BASE) if accuracy is None else accuracy
    selection = {"contrasts": trained_contrasts(design), "cells": design.trained_cells, **selection}
    batches = []
    for _ in range(0, tables, BATCH):
        correct = simulation.draw(rng, structure, levels, accuracy, seeds, items, min(BATCH, tables))
        batches.append(analyse_tables(correct, accuracy, **selection))
    truth = batches[0].truth
    columns = ("estimate", "half", "half_joint", "p", "detectable")
    return Study(truth, *(np.concatenate([getattr(batch, name) for batch in batches]) for name in columns))


def analyse_tables(
    correct: np.ndarray,
    accuracy: np.ndarray,
    contrasts: Sequence[Contrast],
    cells: Sequence[Cell],
    runs: np.ndarray | None = None,
    seed_of_run: np.ndarray | None = None,
) -> Study:
    """Estimate contrasts in stacked tables (tables, cells, seeds, items).

    Parameters
    ----------
    correct : bool array
    accuracy : (cells,) array
        Expected accuracies of the cells.
    contrasts : sequence of Contrast
    cells : sequence of tuple
        Names of the cells.
    runs : bool (cells, seeds) array, optional
        The runs that there are; default: all.
    seed_of_run : (cells, seeds) array, optional
        Default: the same seeds in all cells.
    """
    _, count, seeds, items = correct.shape
    runs = np.ones((count, seeds), bool) if runs is None else runs
    seed_of_run = np.broadcast_to(np.arange(seeds), runs.shape) if seed_of_run is None else seed_of_run
    layout = Layout([cells[cell] for cell in np.nonzero(runs)[0]], seed_of_run[runs].tolist())
    sample = mean_score(correct[:, runs].astype(np.float32))
    sample = Sample(sample.value.astype(float), sample.covariance.astype(float), items)
    expected = dict(zip(cells, accuracy, strict=True))
    columns = []
    for contrast in contrasts:
        estimate, parts = layout.estimate(contrast, sample)
        half, half_joint = parts.half_width(), parts.half_width(joint_level(len(contrasts)))
        columns.append((estimate, half, half_joint, parts.p_value(estimate), parts.detectable()))
    truth = [sum(w * expected[cell] for cell, w in c.weights().items()) for c in contrasts]
    return Study(np.array(truth), *(np.stack(column, 1) for column in zip(*columns, strict=True)))
