"""Designs: factors, and the combinations of their levels that are planned.

Words as in Box, Hunter and Hunter, *Statistics for Experimenters*, 2nd ed., chapters 5 and 6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from summary.errors import AnswersError

ONE_AT_A_TIME = "one-at-a-time"

Cell = tuple[str, ...]  #: a trained cell: levels of the train-stage factors, in the design's order


@dataclass(frozen=True)
class Factor:
    """A setting that is varied: its levels in order, the first being the reference.

    ``stage`` is ``"train"`` if every level costs a training, ``"evaluate"`` if the levels
    are readings of the same trainings.

    Raises
    ------
    AnswersError
        No level, a level twice, or another stage.
    """

    name: str
    levels: tuple[str, ...]
    stage: str = "train"

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(map(str, self.levels)))
        if not self.levels or len(set(self.levels)) < len(self.levels):
            raise AnswersError(
                f"factor {self.name}: levels must be there and differ, not {list(self.levels)}"
            )
        if self.stage not in ("train", "evaluate"):
            raise AnswersError(f"factor {self.name}: stage must be train or evaluate, not {self.stage}")


@dataclass(frozen=True)
class Design:
    """Factors and the cells that are planned of them.

    Which effects a design can estimate, and what they are confounded with, follows from its
    cells (``contrasts.py``); how the cells were chosen need not be known.

    Parameters
    ----------
    factors : tuple of Factor
        Of either stage.
    cells : iterable of mapping
        Factor name -> level, for every planned combination; repetitions count once. Kept in
        the order of the factors' levels.
    kind : str
        ``"full"`` (default), ``"one-at-a-time"`` (effects are then measured against the base
        cell) or the name of a fraction, as ``"half"``.
    base : mapping, optional
        Name -> level in the base cell, of the factors and of settings that are held fixed.
        Needed one at a time. The effects of all other factors are judged at the base level of
        each evaluate-stage factor; without one, at its first level.

    Raises
    ------
    AnswersError
        A factor twice, a cell without a level of each factor, or no base where one is needed.
    """

    factors: tuple[Factor, ...]
    cells: tuple[Mapping[str, str], ...] = field(hash=False)
    kind: str = "full"
    base: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", tuple(self.factors))
        if len(set(self.names)) < len(self.names):
            raise AnswersError(f"a factor is given twice: {', '.join(self.names)}")
        if self.kind == ONE_AT_A_TIME:
            self._levels_of(self.base or {}, "the base")
        object.__setattr__(self, "cells", self._ordered(self.cells))

    def _ordered(self, cells: Iterable[Mapping[str, str]]) -> tuple[dict[str, str], ...]:
        distinct = {self._levels_of(cell, "a cell") for cell in cells}

        def positions(cell: tuple[str, ...]) -> list[int]:
            return [f.levels.index(level) for f, level in zip(self.factors, cell, strict=True)]

        ordered = sorted(distinct, key=positions)
        return tuple(dict(zip(self.names, cell, strict=True)) for cell in ordered)

    def _levels_of(self, cell: Mapping[str, str], what: str) -> tuple[str, ...]:
        levels = tuple(str(cell.get(factor.name)) for factor in self.factors)
        for factor, level in zip(self.factors, levels, strict=True):
            if level not in factor.levels:
                raise AnswersError(
                    f"{what} of the {self.kind} design must hold a level of {factor.name}, not {level}"
                )
        return levels

    @property
    def names(self) -> list[str]:
        """Names of the factors."""
        return [factor.name for factor in self.factors]

    @property
    def trained(self) -> tuple[Factor, ...]:
        """The factors whose levels cost a training."""
        return tuple(factor for factor in self.factors if factor.stage == "train")

    @property
    def evaluated(self) -> tuple[Factor, ...]:
        """The factors whose levels are readings of the same trainings."""
        return tuple(factor for factor in self.factors if factor.stage == "evaluate")

    @property
    def trained_cells(self) -> list[Cell]:
        """The trained cells; one empty cell if no factor costs a training."""
        return list(dict.fromkeys(map(self.trained_cell, self.cells)))

    def trained_cell(self, levels: Mapping[str, str]) -> Cell:
        """Take the levels of the train-stage factors from those of all factors."""
        return tuple(levels[factor.name] for factor in self.trained)

    def reading(self, levels: Mapping[str, str]) -> tuple[str, ...]:
        """Take the levels of the evaluate-stage factors from those of all factors."""
        return tuple(levels[factor.name] for factor in self.evaluated)

    def cells_read_at(self, reading: Mapping[str, str]) -> list[Cell]:
        """List the trained cells that are planned in a reading (evaluate-stage factor -> level)."""
        return [self.trained_cell(cell) for cell in self.cells if reading.items() <= cell.items()]

    def label(self, cell: Cell) -> str:
        """Format a trained cell: ``conv_layers=3, dropout=0.1``."""
        return ", ".join(f"{factor.name}={level}" for factor, level in zip(self.trained, cell, strict=True))
