"""Factors, levels and seeds in; the cells of a design out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from ablations.design.factors import Cell, DesignError, Factor, Level
from wikiart.learning.config import TrainingConfig

KINDS = ("full", "one-at-a-time", "half")


@dataclass(frozen=True)
class SuiteDescription:
    """The question that a suite answers, in words, and the command that runs it."""

    text: str
    command: str


@dataclass(frozen=True)
class Design:
    """The cells to run, each with every seed.

    ``base`` holds every setting: the levels of the factors in the base cell, and what the
    settings that are not varied are held at.
    """

    kind: str
    factors: tuple[Factor, ...]
    base: Cell
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]

    def config(self, cell: Cell, seed: int) -> TrainingConfig:
        """The training that a cell's weights come from."""
        settings = {**self.base, **cell, "seed": seed}
        return TrainingConfig(**{name: settings[name] for name in TrainingConfig.model_fields})

    def class_order(self, cell: Cell) -> str:
        """How a cell numbers its classes."""
        return str({**self.base, **cell}["class_order"])

    def label(self, cell: Cell) -> str:
        """A short name, unique within the design: ``sor-3-.1-off``."""
        return "-".join(_short(cell[factor.name], factor.levels) for factor in self.factors)


def make(kind: str, factors: Iterable[Factor], base: Mapping[str, Level], seeds: int) -> Design:
    """Cross the factors.

    Parameters
    ----------
    kind : {"full", "one-at-a-time", "half"}
        All combinations; the base cell and, for each factor, its other levels alone; or the
        half fraction of the factors that cost a training, at the highest resolution (defining
        relation I = +-AB...K, on the side that holds the base cell; Box, Hunter and Hunter,
        *Statistics for Experimenters*, 2nd ed., chapter 6), crossed with the others.
    factors : iterable of Factor
        Each with the levels it takes here.
    base : mapping
        Values for some settings in place of the defaults.
    seeds : int
        Replicates; every cell runs with seeds 0 .. seeds - 1.

    Raises
    ------
    DesignError
        No such design, a factor twice, fewer than one seed, or a half fraction of fewer than
        three factors or of a factor with more than two levels.
    """
    factors = tuple(factors)
    names = [factor.name for factor in factors]
    if twice := {name for name in names if names.count(name) > 1}:
        raise DesignError(f"factor {twice.pop()} is given twice")
    if kind not in KINDS:
        raise DesignError(f"design={kind}: must be one of {', '.join(KINDS)}")
    if seeds < 1:
        raise DesignError(f"seeds={seeds}: must be 1 or more")
    settings = _base(factors, base)
    cells = {"full": _full, "one-at-a-time": _one_at_a_time, "half": _half}[kind](factors, settings)
    return Design(kind, factors, settings, tuple(cells), tuple(range(seeds)))


def _base(factors: tuple[Factor, ...], base: Mapping[str, Level]) -> Cell:
    settings: Cell = {"class_order": "sorted", **TrainingConfig().model_dump(exclude={"seed"}), **base}
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
    centre = {factor.name: base[factor.name] for factor in factors}
    return [centre] + [
        {**centre, factor.name: level}
        for factor in factors
        for level in factor.levels
        if level != centre[factor.name]
    ]


def _half(factors: tuple[Factor, ...], base: Cell) -> list[Cell]:
    halved = [factor for factor in factors if factor.stage == "train"]
    if len(halved) < 3:
        raise DesignError(
            f"design=half needs three factors or more that cost a training; here are {len(halved)}: "
            f"with fewer, half of the cells would confound main effects with each other"
        )
    for factor in halved:
        if len(factor.levels) != 2:
            raise DesignError(
                f"design=half needs two levels for each factor; {factor.name} has {len(factor.levels)}"
            )

    def side(cell: Cell) -> int:
        return prod(1 if cell[f.name] == f.levels[1] else -1 for f in halved)

    return [cell for cell in _full(factors, base) if side(cell) == side(base)]


def _short(level: Level, levels: tuple[Level, ...]) -> str:
    def cut(value: Level) -> str:
        return value[:3] if isinstance(value, str) else f"{value:g}".removeprefix("0") or "0"

    unique = len({cut(each) for each in levels}) == len(levels)
    return cut(level) if unique else f"{level}"
