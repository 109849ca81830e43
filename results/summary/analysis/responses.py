"""Responses by question: runs in one class order for the factors, paired differences for class order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from summary.analysis.contrasts import Cell, Contrast, Design
from summary.analysis.samples import Runs, Sample
from summary.analysis.uncertainty import Components, Layout


@dataclass(frozen=True)
class Question:
    """A family of contrasts on one set of responses, each a linear combination of the runs' values."""

    contrasts: tuple[Contrast, ...]
    transform: np.ndarray  #: (Q, R): response q = transform[q] @ values of the runs
    laid_out: Layout | None  #: cells and seeds of the responses; None if there are none
    within: str = ""  #: the class order that it holds in
    paired: bool = False  #: responses are differences on the same weights
    _last: list[Sample] = field(
        default_factory=list, compare=False, repr=False
    )  # of `sample`: asked, answered

    @property
    def layout(self) -> Layout:
        """Cells and seeds of the responses.

        Raises
        ------
        ValueError
            There are no responses.
        """
        if self.laid_out is None:
            raise ValueError("no run answers this question")
        return self.laid_out

    def sample(self, sample: Sample) -> Sample:
        """Value and covariance of the responses; the last answer is kept, since many runs make it costly."""
        if not self._last or self._last[0] is not sample:
            value = self.transform @ sample.value
            covariance = self.transform @ sample.covariance @ self.transform.T
            self._last[:] = [sample, Sample(value, covariance, sample.items)]
        return self._last[1]

    def components(self, contrast: Contrast, sample: Sample) -> tuple[float, Components]:
        """Estimate and variance of a contrast."""
        response = self.sample(sample)
        estimate = float(self.layout.weights(contrast) @ response.value)
        return estimate, self.layout.components(contrast, response.value, response.covariance, sample.items)

    def runs(self, contrast: Contrast) -> int:
        """Number of runs that a contrast rests on."""
        return int((np.abs(self.layout.weights(contrast)) @ np.abs(self.transform) > 0).sum())

    def seeds(self, contrast: Contrast) -> list[int]:
        """Number of seeds in each of the cells of a contrast."""
        counts = dict(zip(self.layout.labels, self.layout.counts.astype(int).tolist(), strict=True))
        return [counts[cell] for cell in sorted(contrast.cells)]

    def missing(self, contrast: Contrast) -> list[Cell]:
        """Cells that a contrast needs and that have no response."""
        present = self.laid_out.labels if self.laid_out else []
        return sorted(contrast.cells - set(present))


def trained_cells(runs: Runs, design: Design) -> list[Cell]:
    """The train-stage cell of each run."""
    for factor in design.factors:
        if strange := set(runs.table[factor.name]) - set(factor.levels):
            raise ValueError(
                f"a run has {factor.name}={min(strange)}; the design has {', '.join(factor.levels)}"
            )
    columns = [runs.table[factor.name] for factor in design.trained]
    cells: list[Cell] = list(zip(*columns, strict=True)) if columns else [()] * len(runs.table)
    if strange := set(cells) - set(design.cells()):
        raise ValueError(f"a run lies outside the {design.kind} design: {design.name(min(strange))}")
    return cells


def primary_order(runs: Runs, design: Design) -> str | None:
    """The class order that the other factors are judged in: ``sorted`` if any run has it.

    One at a time it is that of the base cell, the only one that every cell is read in.
    """
    if design.evaluated is None:
        return None
    if design.kind == "one-at-a-time":
        return design.held(design.evaluated.name)
    present = [level for level in design.evaluated.levels if level in set(runs.table[design.evaluated.name])]
    return "sorted" if "sorted" in present else present[-1]


def train_question(
    runs: Runs, design: Design, trained: Sequence[Cell], primary: str | None, by_seed: bool | None
) -> Question:
    """The effects of the train-stage factors, within the primary class order if there are several."""
    kept, within = np.arange(len(trained)), ""
    if design.evaluated is not None and primary is not None:
        kept = np.flatnonzero(runs.table[design.evaluated.name] == primary)
        within = f"{design.evaluated.name}={primary}"
    cells = [trained[r] for r in kept.tolist()]
    layout = Layout(cells, [*runs.table["seed"][kept]], by_seed) if cells else None
    return Question(tuple(design.contrasts()), np.eye(len(trained))[kept], layout, within)


def class_order_questions(runs: Runs, design: Design, trained: Sequence[Cell]) -> list[Question]:
    """One for each level: the difference of the two readings of each training."""
    questions = []
    for contrast in design.class_order_contrasts():
        order = runs.table[contrast.factor]
        at = {key: r for r, key in enumerate(zip(trained, runs.table["seed"], order, strict=True))}
        pairs = {
            (cell, seed): (at[cell, seed, contrast.level], r)
            for (cell, seed, level), r in at.items()
            if level == contrast.reference and (cell, seed, contrast.level) in at
        }
        eye = np.eye(len(trained))
        transform = np.array([eye[one] - eye[other] for one, other in pairs.values()]).reshape(
            -1, len(trained)
        )
        # All cells of a seed are read through one permutation: the seed is the unit.
        layout = Layout([cell for cell, _ in pairs], [seed for _, seed in pairs], True) if pairs else None
        questions.append(Question((contrast,), transform, layout, paired=True))
    return questions
