"""Simulated suites to which seeds are added one at a time: where they stop, and what they then say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import simulation
from simulation import Structure
from studies import BASE, BATCH, DESIGN
from summary.analysis.contrasts import Contrast, trained_contrasts
from summary.analysis.layout import Layout
from summary.analysis.precision import enough
from summary.analysis.samples import Sample, mean_score
from summary.analysis.verdicts import after_looks, holm

FEWEST, MOST = 3, 20  # seeds


@dataclass(frozen=True)
class Growth:
    """The answers of B suites with FEWEST to MOST seeds, to E effects; the first axis is the seeds."""

    truth: np.ndarray  #: (E,) true effects, 0..1
    estimate: np.ndarray  #: (S, B, E)
    half: np.ndarray  #: (S, B, E) half-width of the 95 % interval on new items
    p_holm: np.ndarray  #: (S, B, E)
    enough: np.ndarray  #: (S, B) every main effect is known well enough

    def stops(self, first: int, extra: int = 1) -> np.ndarray:
        """Numbers of seeds of suites that begin with some, (B,); ``extra`` seeds follow the first enough."""
        known = self.enough[first - FEWEST :]
        steps = np.where(known.any(0), known.argmax(0), len(known))
        return np.minimum(first + steps + extra, MOST)

    def coverage(self, seeds: np.ndarray) -> np.ndarray:
        """Share of intervals that hold the truth, per effect, at these numbers of seeds, (B,)."""
        inside = np.abs(self.estimate - self.truth) <= self.half
        return self._at(inside, seeds).mean(0)

    def false_positives(self, seeds: np.ndarray) -> float:
        """Share of tables with a null effect that is significant at these numbers of seeds, (B,)."""
        return float((self._at(self.p_holm, seeds) < 0.05)[:, self._null].any(1).mean())

    def false_positives_of_looks(self, looks: Sequence[int], factors: Sequence[int]) -> float:
        """Share of tables with a null effect that is significant at any look, p times its factor."""
        found = [
            after_looks(self.p_holm[seeds - FEWEST], factor) < 0.05
            for seeds, factor in zip(looks, factors, strict=True)
        ]
        return float(np.any(found, axis=0)[:, self._null].any(1).mean())

    @property
    def _null(self) -> np.ndarray:
        return np.abs(self.truth) < 1e-9

    def _at(self, values: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        return values[seeds - FEWEST, np.arange(len(seeds))]


def grow(
    structure: Structure,
    tables: int,
    until: float,
    *,
    accuracy: np.ndarray | None = None,
    items: int = 472,
    random_seed: int = 0,
) -> Growth:
    """Analyse many suites with 3 to 20 seeds; ``until`` is the wanted half-width in points."""
    rng = np.random.default_rng(random_seed)
    levels = simulation.level_codes(DESIGN)
    accuracy = np.full(len(levels), BASE) if accuracy is None else accuracy
    contrasts = trained_contrasts(DESIGN)
    batches = []
    for _ in range(0, tables, BATCH):
        correct = simulation.draw(rng, structure, levels, accuracy, MOST, items, min(BATCH, tables))
        sample = mean_score(correct.reshape(len(correct), -1, items).astype(np.float32))
        effects = [_of_seeds(sample, contrast) for contrast in contrasts]
        batches.append([_analyse(effects, seeds, until) for seeds in range(FEWEST, MOST + 1)])
    # batches x seeds x columns of (B, ...) -> columns of (seeds, all B, ...)
    by_seeds = zip(*batches, strict=True)
    columns = zip(*([np.concatenate(c) for c in zip(*rows, strict=True)] for rows in by_seeds), strict=True)
    expected = dict(zip(DESIGN.trained_cells, accuracy, strict=True))
    truth = [sum(w * expected[cell] for cell, w in contrast.weights().items()) for contrast in contrasts]
    return Growth(np.array(truth), *map(np.stack, columns))


def _of_seeds(sample: Sample, contrast: Contrast) -> Sample:
    """Compute an effect in each of MOST seeds, from runs that are ordered by cell, then seed."""
    weights = [contrast.weights()[cell] for cell in DESIGN.trained_cells]
    transform = np.kron(weights, np.eye(MOST))  # (MOST, runs)
    covariance = transform @ sample.covariance.astype(float) @ transform.T
    return Sample(sample.value @ transform.T, covariance, sample.items)


def _analyse(effects: Sequence[Sample], seeds: int, until: float) -> tuple[np.ndarray, ...]:
    """Analyse the first seeds; where all cells have the same, an effect's values in each suffice."""
    layout = Layout([()] * seeds, range(seeds))
    mean = Contrast("mean", "", "", "", ({(): 1},))
    parts = [Sample(e.value[:, :seeds], e.covariance[:, :seeds, :seeds], e.items) for e in effects]
    estimates, components = zip(*(layout.estimate(mean, part) for part in parts), strict=True)
    pairs = zip(estimates, components, strict=True)
    p = np.stack([component.p_value(estimate) for estimate, component in pairs], 1)
    half = np.stack([component.half_width() for component in components], 1)
    known = [enough(component, until / 100) for component in components[: len(DESIGN.factors)]]
    return np.stack(estimates, 1), half, holm(p), np.all(known, axis=0)
