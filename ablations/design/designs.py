"""Designs: which combinations of the levels are run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from ablations.design.factors import DEFAULTS, Cell, DesignError, Factor, Level
from ablations.design.wording import level_words
from ablations.process import names
from wikiart.learning.config import TrainingConfig
from wikiart.learning.reading import Reading

KINDS = ("full", "one-at-a-time", "half")


@dataclass(frozen=True)
class SuiteDescription:
    """The question that a suite answers, in words, and the options that it was asked with."""

    text: str
    entry_point: str
    parameters: Mapping[str, str]  #: options that affect the results and differ from their defaults
    metric: str = names.ACCURACY  #: key of `names.METRICS` that the question is decided by


@dataclass(frozen=True)
class Design:
    """The cells to run, each with every seed."""

    kind: str
    factors: tuple[Factor, ...]
    base: Cell  #: all settings: the base cell's levels, and the values of what is not varied
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]

    def settings(self, cell: Cell) -> Cell:
        """Return all settings of a cell, varied or not."""
        return {**self.base, **cell}

    def config(self, cell: Cell, seed: int) -> TrainingConfig:
        """Return the configuration of the training that a cell is read from."""
        settings = {**self.settings(cell), "seed": seed}
        return TrainingConfig(**{name: settings[name] for name in TrainingConfig.model_fields})

    def reading(self, cell: Cell) -> Reading:
        """Return how the outputs of that training are read in a cell."""
        settings = self.settings(cell)
        return Reading.model_validate({name: settings[name] for name in Reading.model_fields})

    def with_seeds(self, seeds: int) -> "Design":
        """Return the same cells with another number of seeds."""
        return replace(self, seeds=tuple(range(seeds)))

    def label(self, cell: Cell) -> str:
        """Return a cell's name, unique within the design: ``"sorted, 3 conv, dropout 0.1, no SMOTE"``."""
        return ", ".join(level_words(factor.name, cell[factor.name]) for factor in self.factors)


def make(kind: str, factors: Iterable[Factor], base: Mapping[str, Level], seeds: int) -> Design:
    """Create a design.

    Parameters
    ----------
    kind : {"full", "one-at-a-time", "half"}
        All combinations; the base cell and, for each factor, its other levels alone; or the
        half fraction of the factors of stage ``train``, at the highest resolution (defining
        relation I = +-AB...K, on the side that holds the base cell; Box, Hunter and Hunter,
        *Statistics for Experimenters*, 2nd ed., chapter 6), crossed with the other factors.
    factors : iterable of Factor
        The factors with their levels.
    base : mapping
        Values of settings that differ from the defaults.
    seeds : int
        Number of replicates; every cell runs with the seeds 0 .. seeds - 1.

    Raises
    ------
    DesignError
        An unknown kind, a factor that is given twice, fewer than one seed, a base that is not among a
        factor's levels, or a half fraction of fewer than three factors or of a factor that has more
        than two levels.
    """
    factors = tuple(factors)
    names = [factor.name for factor in factors]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise DesignError(f"factor {repeated.pop()} is given twice")
    if kind not in KINDS:
        raise DesignError(f"design={kind}: must be one of {', '.join(KINDS)}")
    if seeds < 1:
        raise DesignError(f"seeds={seeds}: must be 1 or more")
    settings = _base(factors, base)
    cells = {"full": _full, "one-at-a-time": _one_at_a_time, "half": _half}[kind](factors, settings)
    return Design(kind, factors, settings, tuple(cells), tuple(range(seeds)))


def _base(factors: tuple[Factor, ...], base: Mapping[str, Level]) -> Cell:
    """Return all settings; a factor whose default is none of its levels is held at its first level."""
    settings = {**DEFAULTS, **base}
    for factor in factors:
        if settings[factor.name] in factor.levels:
            continue
        if factor.name in base:
            raise DesignError(
                f"base has {factor.name}={base[factor.name]}, which is not among the factor's levels: "
                f"{', '.join(map(str, factor.levels))}"
            )
        settings[factor.name] = factor.levels[0]
    return settings


def _full(factors: tuple[Factor, ...], base: Cell) -> list[Cell]:
    names = [factor.name for factor in factors]
    return [dict(zip(names, levels, strict=True)) for levels in product(*(f.levels for f in factors))]


def _one_at_a_time(factors: tuple[Factor, ...], base: Cell) -> list[Cell]:
    base_cell = {factor.name: base[factor.name] for factor in factors}
    return [base_cell] + [
        {**base_cell, factor.name: level}
        for factor in factors
        for level in factor.levels
        if level != base_cell[factor.name]
    ]


def _half(factors: tuple[Factor, ...], base: Cell) -> list[Cell]:
    trained = [factor for factor in factors if factor.stage == "train"]
    if len(trained) < 3:
        raise DesignError(
            f"design=half needs three factors or more that cost a training; here are {len(trained)}: "
            f"with fewer, half of the cells would confound main effects with each other"
        )
    for factor in trained:
        if len(factor.levels) != 2:
            raise DesignError(
                f"design=half needs two levels for each factor; {factor.name} has {len(factor.levels)}"
            )

    def side(cell: Cell) -> int:
        """Return the product of the levels, coded -1 and +1: the defining relation's sign."""
        return prod(1 if cell[f.name] == f.levels[1] else -1 for f in trained)

    return [cell for cell in _full(factors, base) if side(cell) == side(base)]
