"""Factors and their levels, and how they are read from text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from ablations.process.errors import UserError
from wikiart.learning.config import CLASS_ORDERS, TrainingConfig, allowed_values

FACTOR_NAMES = (
    "class_order",
    *(name for name in TrainingConfig.model_fields if name != "seed"),
)  # what can be varied

Level = int | float | str
Cell = dict[str, Level]  #: factor name -> level


class DesignError(UserError, ValueError):
    """A factor, level or design that cannot be had; the message names it and what is allowed."""


@dataclass(frozen=True)
class Factor:
    """One setting that is varied.

    ``levels`` are in the order of the tables; effects are measured against the first.
    ``phrase`` says the change from the first to the second of two levels in words;
    ``claim`` is what the study said of it, if it said anything.
    """

    name: str
    levels: tuple[Level, ...]
    phrase: str = field(default="", compare=False)
    claim: str = field(default="", compare=False)

    @property
    def stage(self) -> str:
        """``"evaluate"`` if all levels share their trainings, else ``"train"``."""
        return "evaluate" if self.name == "class_order" else "train"


def parse_factors(text: str, card: Iterable[Factor]) -> tuple[Factor, ...]:
    """``"smote dropout=0.01,0.1,0.3"`` -> factors; a name alone takes its levels from the card.

    An empty text means the whole card.

    Raises
    ------
    DesignError
        An unknown factor, a value out of its type or range, fewer than two different levels.
    """
    known = {factor.name: factor for factor in card}
    if not text.split():
        return tuple(known.values())
    return tuple(_parse_factor(word, known) for word in text.split())


def _parse_factor(word: str, known: Mapping[str, Factor]) -> Factor:
    name, _, values = word.partition("=")
    _check_name(name)
    if not values and name in known:
        return known[name]
    levels = tuple(parse_level(name, value) for value in values.split(",") if value)
    if len(set(levels)) < 2 or len(set(levels)) < len(levels):
        raise DesignError(
            f"factor {word}: give two or more different levels, as in dropout=0.01,0.1; "
            f"{name} allows: {_allowed(name)}; to hold it at one level, use base"
        )
    card = known.get(name, Factor(name, ()))
    return replace(card, levels=levels, phrase=card.phrase if levels == card.levels else "")


def parse_base(text: str) -> Cell:
    """``"conv_layers=1 dropout=0.3"`` -> settings.

    Raises
    ------
    DesignError
        A word that is not name=value, an unknown setting, a value out of its type or range.
    """
    settings: Cell = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            raise DesignError(f"base: {word} is not of the form name=value, as in conv_layers=1")
        settings[name] = parse_level(name, value)
    return settings


def parse_level(name: str, text: str) -> Level:
    """A setting's value from text, in the setting's own type.

    Raises
    ------
    DesignError
        The setting is unknown or the value is not allowed.
    """
    _check_name(name)
    if name == "class_order":
        if text in CLASS_ORDERS:
            return text
    else:
        try:
            return getattr(TrainingConfig(**{name: text}), name)
        except ValidationError:
            pass
    raise DesignError(f"{name}={text}: allowed are: {_allowed(name)}")


def _check_name(name: str) -> None:
    if name == "seed":
        raise DesignError("seed is no factor: it makes the replicates; use seeds=N")
    if name not in FACTOR_NAMES:
        raise DesignError(f"no setting is called {name}; there are: {', '.join(FACTOR_NAMES)}")


def _allowed(name: str) -> str:
    return ", ".join(CLASS_ORDERS) if name == "class_order" else allowed_values(name)
