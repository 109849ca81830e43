"""Responses: the numbers that contrasts are taken of, each a linear combination of the runs' values.

For the train-stage factors a response is a run's own value, within one reading (a level of each
evaluate-stage factor); for an evaluate-stage factor it is the difference between two readings of
one training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from summary.analysis.contrasts import Contrast, paired_contrasts, trained_contrasts
from summary.analysis.designs import ONE_AT_A_TIME, Cell, Design
from summary.analysis.layout import Layout
from summary.analysis.samples import Runs, Sample
from summary.errors import AnswersError


@dataclass(frozen=True)
class Responses:
    """Q responses and the contrasts to be taken of them."""

    contrasts: tuple[Contrast, ...]
    transform: np.ndarray  #: (Q, R): response q = transform[q] @ values of the runs
    layout: Layout  #: trained cell and seed of each response
    within: str = ""  #: the reading that they hold in, as "class_order=sorted"
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


def common_reading(runs: Runs, design: Design) -> dict[str, str]:
    """Choose the reading that effects are judged in: evaluate-stage factor -> level.

    Each factor's level is that of the base, or the first if there is no base; if no run has it, the
    first that some run has. One at a time it is that of the base in any case: no other is planned for
    every cell.
    """
    reading = {factor.name: design.base.get(factor.name, factor.levels[0]) for factor in design.evaluated}
    if design.kind == ONE_AT_A_TIME:
        return reading
    present = {factor.name: set(runs.table[factor.name]) for factor in design.evaluated}
    return {
        factor.name: next(
            level for level in (reading[factor.name], *factor.levels) if level in present[factor.name]
        )
        for factor in design.evaluated
    }


def _text(reading: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={level}" for name, level in reading.items())


def _read_at(runs: Runs, reading: Mapping[str, str]) -> list[int]:
    """List the runs that are read at these levels."""
    chosen = np.ones(len(runs.table), bool)
    for name, level in reading.items():
        chosen &= (runs.table[name] == level).to_numpy()
    return np.flatnonzero(chosen).tolist()


def families_of(
    runs: Runs, design: Design, cells: Sequence[Cell], reading: Mapping[str, str]
) -> list[Responses]:
    """Take the responses of a design: those of evaluate-stage effects, then the runs' own values.

    Parameters are those of `trained_responses`.
    """
    paired = paired_responses(runs, design, cells, reading)
    return [*paired, trained_responses(runs, design, cells, reading)]


def trained_responses(
    runs: Runs, design: Design, cells: Sequence[Cell], reading: Mapping[str, str]
) -> Responses:
    """Take the runs' own values, within one reading if there are several.

    Parameters
    ----------
    runs : Runs
        R runs.
    design : Design
        Gives the contrasts.
    cells : sequence of Cell
        Trained cell of each run.
    reading : mapping
        From `common_reading`.
    """
    chosen = _read_at(runs, reading)
    layout = Layout([cells[run] for run in chosen], [*runs.table["seed"][chosen]])
    transform = np.eye(len(cells))[chosen]
    return Responses(tuple(trained_contrasts(design)), transform, layout, _text(reading))


def paired_responses(
    runs: Runs, design: Design, cells: Sequence[Cell], reading: Mapping[str, str]
) -> list[Responses]:
    """Take the differences between two readings of the same training, for each evaluate-stage effect.

    Parameters are those of `trained_responses`.
    """
    values, seeds = np.eye(len(cells)), runs.table["seed"].tolist()
    responses = []
    for contrast in paired_contrasts(design, reading):
        reference, changed = (
            {(cells[run], seeds[run]): run for run in _read_at(runs, {**reading, contrast.factor: level})}
            for level in (contrast.reference, contrast.level)
        )
        trainings = [training for training in reference if training in changed]
        pairs = [values[changed[training]] - values[reference[training]] for training in trainings]
        transform = np.array(pairs).reshape(-1, len(cells))
        layout = Layout([cell for cell, _ in trainings], [seed for _, seed in trainings])
        within = _text({name: level for name, level in reading.items() if name != contrast.factor})
        responses.append(Responses((contrast,), transform, layout, within, paired=True))
    return responses
