"""Responses: the numbers that contrasts are taken of, each a linear combination of the runs' values.

For the train-stage factors a response is a run's own value, within one level of the
evaluate-stage factor (one class order); for that factor itself it is the difference between two
readings of one training.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from summary.analysis.contrasts import Contrast, paired_contrasts, trained_contrasts
from summary.analysis.designs import ONE_AT_A_TIME, Cell, Design
from summary.analysis.layout import Layout
from summary.analysis.samples import Runs, Sample
from summary.errors import AnswersError

SORTED, UNSORTED = "sorted", "unsorted"  # class orders; under the second every cell sits near chance


@dataclass(frozen=True)
class Responses:
    """Q responses and the contrasts to be taken of them."""

    contrasts: tuple[Contrast, ...]
    transform: np.ndarray  #: (Q, R): response q = transform[q] @ values of the runs
    layout: Layout  #: trained cell and seed of each response
    within: str = ""  #: the class order that they hold in, as "class_order=sorted"
    paired: bool = False  #: differences between two readings of the same weights

    def apply(self, sample: Sample) -> Sample:
        """Transform the runs' values and their covariance into those of the responses."""
        value = self.transform @ sample.value
        return Sample(value, self.transform @ sample.covariance @ self.transform.T, sample.items)

    def run_count(self, contrast: Contrast) -> int:
        """Count the runs that a contrast rests on."""
        return int((np.abs(self.layout.weights(contrast)) @ np.abs(self.transform) > 0).sum())

    def seed_counts(self, contrast: Contrast) -> list[int]:
        """Count the seeds in each of the cells of a contrast."""
        counts = dict(zip(self.layout.labels, self.layout.counts.astype(int).tolist(), strict=True))
        return [counts[cell] for cell in sorted(contrast.cells)]

    def missing(self, contrast: Contrast) -> list[Cell]:
        """List the cells that a contrast needs and that have no response."""
        return sorted(contrast.cells - set(self.layout.labels))

    def estimable(self) -> "Responses":
        """Restrict to the contrasts whose cells all have a response."""
        return replace(self, contrasts=tuple(c for c in self.contrasts if not self.missing(c)))

    def not_estimable(self) -> "Responses":
        """Restrict to the contrasts that lack the responses of a cell."""
        return replace(self, contrasts=tuple(c for c in self.contrasts if self.missing(c)))

    def partial(self) -> "Responses":
        """Restrict to the settings whose cells all have a response."""
        partial = (contrast.over(self.layout.labels) for contrast in self.contrasts)
        return replace(self, contrasts=tuple(contrast for contrast in partial if contrast))


def cells_of_runs(runs: Runs, design: Design) -> list[Cell]:
    """Find the trained cell of each run.

    Raises
    ------
    AnswersError
        A run has a level that its factor lacks, or lies in a cell that is not planned.
    """
    for factor in design.factors:
        if unknown := set(runs.table[factor.name]) - set(factor.levels):
            raise AnswersError(
                f"a run has {factor.name}={min(unknown)}; the design has {', '.join(factor.levels)}"
            )
    cells = [design.trained_cell(levels) for levels in runs.table.to_dict("records")]
    if unplanned := set(cells) - set(design.trained_cells):
        raise AnswersError(f"a run lies outside the {design.kind} design: {design.label(min(unplanned))}")
    return cells


def primary_level(runs: Runs, design: Design) -> str | None:
    """Choose the class order that the other factors are judged in: ``sorted`` if any run has it.

    One at a time it is that of the base cell, the only one that every cell is read in. None if
    the class order is no factor.
    """
    if design.evaluated is None:
        return None
    if design.kind == ONE_AT_A_TIME:
        return str(design.base[design.evaluated.name])
    present = [level for level in design.evaluated.levels if level in set(runs.table[design.evaluated.name])]
    return SORTED if SORTED in present else present[-1]


def trained_responses(runs: Runs, design: Design, cells: Sequence[Cell], primary: str | None) -> Responses:
    """Take the runs' own values, within the primary class order if there are several.

    Parameters
    ----------
    runs : Runs
        R runs.
    design : Design
        Gives the contrasts.
    cells : sequence of Cell
        Trained cell of each run.
    primary : str or None
        From `primary_level`.
    """
    chosen, within = np.arange(len(cells)), ""
    if design.evaluated is not None:
        chosen = np.flatnonzero(runs.table[design.evaluated.name] == primary)
        within = f"{design.evaluated.name}={primary}"
    layout = Layout([cells[run] for run in chosen.tolist()], [*runs.table["seed"][chosen]])
    return Responses(tuple(trained_contrasts(design)), np.eye(len(cells))[chosen], layout, within)


def paired_responses(runs: Runs, design: Design, cells: Sequence[Cell]) -> list[Responses]:
    """Take the differences between readings of the same training, for each level of the class order."""
    readings = np.eye(len(cells))
    responses = []
    for contrast in paired_contrasts(design):
        keys = zip(cells, runs.table["seed"], runs.table[contrast.factor], strict=True)
        run_at = {key: run for run, key in enumerate(keys)}
        pairs = {
            (cell, seed): readings[run_at[cell, seed, contrast.level]] - readings[run]
            for (cell, seed, level), run in run_at.items()
            if level == contrast.reference and (cell, seed, contrast.level) in run_at
        }
        transform = np.array([*pairs.values()]).reshape(-1, len(cells))
        layout = Layout([cell for cell, _ in pairs], [seed for _, seed in pairs])
        responses.append(Responses((contrast,), transform, layout, paired=True))
    return responses
