"""Contrasts: which cells an effect is the difference of, derived from the cells that are planned.

Words and formulas as in Box, Hunter and Hunter, *Statistics for Experimenters*, 2nd ed.,
chapters 5 (factorials) and 6 (fractions and their aliases).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import prod

import numpy as np

from summary.analysis.designs import ONE_AT_A_TIME, Cell, Design, Factor
from summary.errors import AnswersError

READING = "reading"  # kind of the effects of evaluate-stage factors, on the same weights


@dataclass(frozen=True)
class Contrast:
    """An effect as a difference of cells.

    Each setting of the other factors gives one simple effect, a mapping from cell to sign;
    the effect is their mean, so every cell weighs the same whatever its number of seeds.
    For factors of two levels coded -1/2 and +1/2 this is the coefficient of ordinary least
    squares. An interaction is the difference of two differences (Box, Hunter and Hunter
    print half of it).
    """

    kind: str  #: "reading", "main", "interaction" or "base" (one at a time)
    factor: str
    level: str
    reference: str
    settings: tuple[Mapping[Cell, int], ...]
    aliases: str = ""  #: what it is confounded with

    @property
    def cells(self) -> set[Cell]:
        """The cells that it needs."""
        return {cell for signs in self.settings for cell in signs}

    def weights(self) -> dict[Cell, float]:
        """Compute the cells' weights; the effect is the weighted sum of the cells' means."""
        total: dict[Cell, float] = {}
        for signs in self.settings:
            for cell, sign in signs.items():
                total[cell] = total.get(cell, 0) + sign / len(self.settings)
        return total

    def over(self, present: Collection[Cell]) -> "Contrast | None":
        """Restrict to the settings whose cells are all present; None if there are none."""
        settings = tuple(signs for signs in self.settings if set(signs) <= set(present))
        return replace(self, settings=settings) if settings else None


def trained_contrasts(design: Design) -> list[Contrast]:
    """Derive the effects of the train-stage factors that a design can estimate, main effects first.

    A factor's effect is measured against its first level; one at a time, against its level in
    the base cell. An interaction of two factors needs all four combinations of two levels each
    at some setting of the other factors.

    Raises
    ------
    AnswersError
        A fraction holds the two levels of a factor in different numbers of cells.
    """
    mains = [
        _main_effect(design, position, level, reference)
        for position, factor in enumerate(design.trained)
        for reference in [_reference(design, factor)]
        for level in factor.levels
        if level != reference
    ]
    return mains + _interactions(design)


def paired_contrasts(design: Design, reading: Mapping[str, str]) -> list[Contrast]:
    """Derive the effects of the evaluate-stage factors, to be taken on paired readings of each training.

    Each is the mean over the trained cells that are planned at both levels: one at a time, the
    base cell alone. The other evaluate-stage factors are held at their levels in ``reading``.
    """
    contrasts = []
    for factor in design.evaluated:
        reference, *others = factor.levels
        at_reference = set(design.cells_read_at({**reading, factor.name: reference}))
        for level in others:
            at_level = design.cells_read_at({**reading, factor.name: level})
            if settings := tuple({cell: 1} for cell in at_level if cell in at_reference):
                contrasts.append(Contrast(READING, factor.name, level, reference, settings))
    return contrasts


def _reference(design: Design, factor: Factor) -> str:
    return str(design.base[factor.name]) if design.kind == ONE_AT_A_TIME else factor.levels[0]


def _main_effect(design: Design, position: int, level: str, reference: str) -> Contrast:
    """Take the mean of the simple effects; in a fraction, which has none, the difference of all cells."""
    kind = "base" if design.kind == ONE_AT_A_TIME else "main"
    name = design.trained[position].name
    if settings := _simple_effects(design.trained_cells, {position: (level, reference)}):
        return Contrast(kind, name, level, reference, settings)
    upper = [cell for cell in design.trained_cells if cell[position] == level]
    lower = [cell for cell in design.trained_cells if cell[position] == reference]
    if not upper or len(upper) != len(lower):
        raise AnswersError(
            f"the cells of the {design.kind} design hold {name}={level} {len(upper)} times "
            f"and {name}={reference} {len(lower)} times: its effect is not estimable"
        )
    pairs = tuple({a: 1, b: -1} for a, b in zip(upper, lower, strict=True))
    return Contrast(kind, name, level, reference, pairs, _aliases(design, position, upper, lower))


def _interactions(design: Design) -> list[Contrast]:
    contrasts = []
    for (i, one), (j, two) in combinations(enumerate(design.trained), 2):
        for a, b in product(one.levels[1:], two.levels[1:]):
            varied = {i: (a, one.levels[0]), j: (b, two.levels[0])}
            if settings := _simple_effects(design.trained_cells, varied):
                names = f"{one.name} x {two.name}", f"{a} x {b}", f"{one.levels[0]} x {two.levels[0]}"
                contrasts.append(Contrast("interaction", *names, settings))
    return contrasts


def _simple_effects(
    cells: Sequence[Cell], varied: Mapping[int, tuple[str, str]]
) -> tuple[dict[Cell, int], ...]:
    """Sign the cells at each setting of the other factors that has every combination of the varied ones.

    ``varied`` maps a factor's position to (level, reference); a cell's sign is the product of
    +1 for each level and -1 for each reference.
    """
    settings: dict[Cell, dict[Cell, int]] = {}
    for cell in cells:
        if all(cell[position] in levels for position, levels in varied.items()):
            others = tuple(level for position, level in enumerate(cell) if position not in varied)
            sign = prod(1 if cell[position] == level else -1 for position, (level, _) in varied.items())
            settings.setdefault(others, {})[cell] = sign
    return tuple(signs for signs in settings.values() if len(signs) == 2 ** len(varied))


def _aliases(design: Design, position: int, upper: Sequence[Cell], lower: Sequence[Cell]) -> str:
    """Name the products of other factors that no cell of a fraction separates from a main effect.

    Code each two-level factor -1 and +1. A product of other factors' columns that equals the
    effect's own column in every cell moves with it: what is estimated is the sum of the two
    (the difference, if it equals the negative). With the defining relation I = ABC, for
    example, the column of A is that of B x C.
    """
    cells = [*upper, *lower]
    column = np.repeat([1, -1], [len(upper), len(lower)])
    columns = {
        factor.name: np.array([1 if cell[k] == factor.levels[1] else -1 for cell in cells])
        for k, factor in enumerate(design.trained)
        if k != position and len(factor.levels) == 2
    }
    aliases = []
    for size in range(1, len(columns) + 1):
        for names in combinations(columns, size):
            agreement = column @ np.prod([columns[name] for name in names], axis=0)
            if abs(agreement) == len(cells):
                aliases.append(("" if agreement > 0 else "minus ") + " x ".join(names))
    return ", ".join(aliases)
