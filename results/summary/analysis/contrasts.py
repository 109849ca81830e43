"""Designs and their contrasts: which cells an effect is made of, with which signs.

Words as in Box, Hunter and Hunter, *Statistics for Experimenters*, 2nd ed., chapters 5 and 6.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import prod

KINDS = ("full", "one-at-a-time", "half")

Cell = tuple[str, ...]  #: levels of the train-stage factors, in the design's order


@dataclass(frozen=True)
class Factor:
    """A setting that is varied: its levels in order, the first being the reference.

    ``stage`` is ``"train"`` if every level costs a training, ``"evaluate"`` if the levels
    share their trainings (class order).

    Raises
    ------
    ValueError
        No level, a level twice, or another stage.
    """

    name: str
    levels: tuple[str, ...]
    stage: str = "train"

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(map(str, self.levels)))
        if not self.levels or len(set(self.levels)) < len(self.levels):
            raise ValueError(f"factor {self.name}: levels must be there and differ, not {list(self.levels)}")
        if self.stage not in ("train", "evaluate"):
            raise ValueError(f"factor {self.name}: stage must be train or evaluate, not {self.stage}")


@dataclass(frozen=True)
class Contrast:
    """An effect as a difference of cells.

    Each setting of the other factors gives one simple effect, a mapping from cell to sign;
    the effect is their mean, so every cell weighs the same whatever its number of seeds.
    For factors of two levels coded -1/2 and +1/2 this is the coefficient of ordinary least
    squares. An interaction is the difference of two differences (Box, Hunter and Hunter
    print half of it).
    """

    kind: str  #: "class order", "main", "interaction" or "base" (one at a time)
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
        """Cell -> weight; the effect is the weighted sum of the cells' means."""
        total: dict[Cell, float] = {}
        for signs in self.settings:
            for cell, sign in signs.items():
                total[cell] = total.get(cell, 0) + sign / len(self.settings)
        return total

    def over(self, present: Collection[Cell]) -> "Contrast | None":
        """The mean over those settings alone whose cells are all present; None if there are none."""
        kept = tuple(signs for signs in self.settings if set(signs) <= set(present))
        return replace(self, settings=kept) if kept else None


@dataclass(frozen=True)
class Design:
    """Factors and how they are crossed.

    Parameters
    ----------
    factors : tuple of Factor
        At most one of stage ``evaluate``.
    kind : {"full", "one-at-a-time", "half"}
        All combinations (default); a base cell and each other level alone; or half of the
        combinations of the two-level train-stage factors, with defining relation
        I = +-AB...K, on the side that holds the base cell.
    base : mapping, optional
        Factor name -> level of the base cell; other names are ignored, except that
        ``class_order`` is looked up where it is no factor. Needed unless the design is full.

    Raises
    ------
    ValueError
        Another kind, a factor twice, two evaluate-stage factors, no base where one is needed, or
        a half fraction of fewer than two factors or of a factor without exactly two levels.
    """

    factors: tuple[Factor, ...]
    kind: str = "full"
    base: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", tuple(self.factors))
        names = [factor.name for factor in self.factors]
        if self.kind not in KINDS:
            raise ValueError(f"design {self.kind}: must be one of {', '.join(KINDS)}")
        if len(set(names)) < len(names):
            raise ValueError(f"a factor is given twice: {', '.join(names)}")
        if len(self.factors) - len(self.trained) > 1:
            raise ValueError("there can be one factor of stage evaluate")
        if self.kind != "full":
            self._check_base()
        if self.kind == "half" and (len(self.trained) < 2 or any(len(f.levels) != 2 for f in self.trained)):
            raise ValueError("a half fraction needs two or more train-stage factors, of two levels each")

    def _check_base(self) -> None:
        for factor in self.factors:
            if str((self.base or {}).get(factor.name)) not in factor.levels:
                raise ValueError(f"design {self.kind}: base must hold a level of {factor.name}")

    @property
    def trained(self) -> tuple[Factor, ...]:
        """The factors whose levels cost a training."""
        return tuple(factor for factor in self.factors if factor.stage == "train")

    @property
    def evaluated(self) -> Factor | None:
        """The factor whose levels share their trainings, if there is one."""
        return next((factor for factor in self.factors if factor.stage == "evaluate"), None)

    @property
    def base_cell(self) -> Cell:
        """The base cell's levels of the train-stage factors."""
        return tuple(self.held(factor.name) for factor in self.trained)

    def held(self, name: str) -> str:
        """A setting's level in the base cell.

        Raises
        ------
        ValueError
            The design was made without a base.
        """
        if self.base is None:
            raise ValueError(f"this {self.kind} design has no base")
        return str(self.base[name])

    def cells(self) -> list[Cell]:
        """The cells that should have trainings; one empty cell if no factor costs a training."""
        everything = list(product(*(factor.levels for factor in self.trained)))
        if self.kind == "full":
            return everything
        if self.kind == "half":
            return [cell for cell in everything if self._side(cell) == self._side(self.base_cell)]
        changes = [sum(a != b for a, b in zip(cell, self.base_cell, strict=True)) for cell in everything]
        return [cell for cell, changed in zip(everything, changes, strict=True) if changed <= 1]

    def readings(self) -> list[tuple[Cell, str | None]]:
        """Every cell with its level of the evaluate-stage factor (None without such a factor).

        One at a time, only the base cell is read at all levels.
        """
        if self.evaluated is None:
            return [(cell, None) for cell in self.cells()]
        alone = self.held(self.evaluated.name) if self.kind == "one-at-a-time" else None
        return [
            (cell, level)
            for level in self.evaluated.levels
            for cell in self.cells()
            if alone in (None, level) or cell == self.base_cell
        ]

    def levels(self, cell: Cell, reading: str | None) -> dict[str, str]:
        """Factor name -> level, in the design's order."""
        chosen = dict(zip((factor.name for factor in self.trained), cell, strict=True))
        if self.evaluated is not None:
            chosen[self.evaluated.name] = str(reading)
        return {factor.name: chosen[factor.name] for factor in self.factors}

    def contrasts(self) -> list[Contrast]:
        """The effects of the train-stage factors that this design can tell, main effects first."""
        if self.kind == "one-at-a-time":
            return self._against_base()
        if self.kind == "half":
            return self._halved()
        return self._mains() + self._interactions()

    def class_order_contrasts(self) -> list[Contrast]:
        """The effects of the evaluate-stage factor on one training, to be taken on its paired differences.

        One at a time: at the base cell. Else: the mean over the cells.
        """
        if self.evaluated is None:
            return []
        cells = [self.base_cell] if self.kind == "one-at-a-time" else self.cells()
        reference, *others = self.evaluated.levels
        settings = tuple({cell: 1} for cell in cells)
        return [Contrast("class order", self.evaluated.name, level, reference, settings) for level in others]

    def name(self, cell: Cell) -> str:
        """``conv_layers=3, dropout=0.1``."""
        return ", ".join(f"{factor.name}={level}" for factor, level in zip(self.trained, cell, strict=True))

    def _side(self, cell: Cell) -> int:
        return prod(1 if level == f.levels[1] else -1 for f, level in zip(self.trained, cell, strict=True))

    def _mains(self) -> list[Contrast]:
        return [
            Contrast(
                "main", factor.name, level, factor.levels[0], self._crossed({at: (level, factor.levels[0])})
            )
            for at, factor in enumerate(self.trained)
            for level in factor.levels[1:]
        ]

    def _interactions(self) -> list[Contrast]:
        return [
            Contrast(
                "interaction",
                f"{one.name} x {two.name}",
                f"{a} x {b}",
                f"{one.levels[0]} x {two.levels[0]}",
                self._crossed({i: (a, one.levels[0]), j: (b, two.levels[0])}),
            )
            for (i, one), (j, two) in combinations(enumerate(self.trained), 2)
            for a, b in product(one.levels[1:], two.levels[1:])
        ]

    def _crossed(self, varied: Mapping[int, tuple[str, str]]) -> tuple[dict[Cell, int], ...]:
        """For each setting of the other factors: cell -> product of the varied factors' signs."""
        others = [[None] if at in varied else factor.levels for at, factor in enumerate(self.trained)]
        signs = list(product((1, -1), repeat=len(varied)))

        def cell(setting: tuple, sign: tuple[int, ...]) -> Cell:
            chosen = {at: pair[s < 0] for (at, pair), s in zip(varied.items(), sign, strict=True)}
            return tuple(chosen.get(at, level) for at, level in enumerate(setting))

        return tuple({cell(setting, sign): prod(sign) for sign in signs} for setting in product(*others))

    def _against_base(self) -> list[Contrast]:
        base = self.base_cell
        return [
            Contrast("base", f.name, level, base[at], ({(*base[:at], level, *base[at + 1 :]): 1, base: -1},))
            for at, f in enumerate(self.trained)
            for level in f.levels
            if level != base[at]
        ]

    def _halved(self) -> list[Contrast]:
        """Main effects; multiplying a factor by the defining relation gives its alias."""
        sign = "" if self._side(self.base_cell) > 0 else "minus "
        found = []
        for at, factor in enumerate(self.trained):
            reference, level = factor.levels
            upper = [cell for cell in self.cells() if cell[at] == level]
            lower = [cell for cell in self.cells() if cell[at] == reference]
            alias = sign + " x ".join(other.name for other in self.trained if other is not factor)
            pairs = tuple({a: 1, b: -1} for a, b in zip(upper, lower, strict=True))
            found.append(Contrast("main", factor.name, level, reference, pairs, alias))
        return found
