"""Factors and their levels, and how both are read from text.

Every field of TrainingConfig but the seed can be a factor, and so can every field of Reading.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ValidationError

from ablations.process.errors import UserError
from wikiart.learning.config import TrainingConfig, allowed_values
from wikiart.learning.reading import Reading

Level = int | float | str
Cell = dict[str, Level]  #: factor -> level

#: All settings, at the values of the study's improved network.
DEFAULTS: Cell = {**Reading().model_dump(), **TrainingConfig().model_dump(exclude={"seed"})}

FACTOR_NAMES = tuple(DEFAULTS)


class DesignError(UserError, ValueError):
    """A factor, level or design is not allowed; the message names it and what is allowed."""


@dataclass(frozen=True)
class Factor:
    """A setting that is varied.

    Parameters
    ----------
    name : str
        One of ``FACTOR_NAMES``.
    levels : tuple of int, float or str
        The levels in the order of the tables; effects are measured against the first.
    phrase : str
        The change from the first to the second of two levels in words. Default "".
    claim : str
        The study's claim about this change, on paintings of WikiArt. Default "", none.
    change : tuple of two levels
        The change that phrase and claim are about. Default: from the first level to the second.
    """

    name: str
    levels: tuple[Level, ...]
    phrase: str = field(default="", compare=False)
    claim: str = field(default="", compare=False)
    change: tuple[Level, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        """Fill in ``change``."""
        object.__setattr__(self, "change", self.change or self.levels[:2])

    @property
    def stage(self) -> str:
        """``"evaluate"`` if the setting acts only when outputs are read, else ``"train"``.

        All levels of a factor of stage ``evaluate`` are read from the same trainings.
        """
        return "evaluate" if self.name in Reading.model_fields else "train"


PRIOR = Factor("prior", ("train", "uniform"), phrase="Answers corrected for the styles' shares in training")

#: Factors that every question knows by name, with their levels and phrases.
COMMON = (PRIOR,)


def parse_factors(text: str, defaults: Iterable[Factor]) -> tuple[Factor, ...]:
    """Parse factors.

    Parameters
    ----------
    text : str
        Words of the form ``dropout=0.01,0.1,0.3``, or the name alone of a default factor or of one in
        ``COMMON``; an empty text means all default factors.
    defaults : iterable of Factor
        The factors of the question.

    Raises
    ------
    DesignError
        An unknown factor, a level that is not allowed, or fewer than two different levels.
    """
    defaults = tuple(defaults)
    if not text.split():
        return defaults
    known = {factor.name: factor for factor in (*COMMON, *defaults)}
    return tuple(_parse_factor(word, known) for word in text.split())


def _parse_factor(word: str, known: Mapping[str, Factor]) -> Factor:
    name, _, values = word.partition("=")
    _check_name(name)
    if not values and name in known:
        return known[name]
    levels = tuple(parse_level(name, value) for value in values.split(",") if value)
    if len(set(levels)) < max(2, len(levels)):
        raise DesignError(
            f"factor {word}: give two or more different levels, as in dropout=0.01,0.1; "
            f"{name} allows: {_allowed(name)}; to hold it at one level, use base"
        )
    return replace(known[name], levels=levels) if name in known else Factor(name, levels)


def parse_base(text: str) -> Cell:
    """Parse the levels of settings that are not varied: ``conv_layers=1 dropout=0.3``.

    Raises
    ------
    DesignError
        A word that is not of the form name=level, an unknown setting, or a level that is not allowed.
    """
    settings: Cell = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            raise DesignError(f"base: {word} is not of the form name=value, as in conv_layers=1")
        settings[name] = parse_level(name, value)
    return settings


def parse_level(name: str, text: str) -> Level:
    """Parse a level into the type of its setting.

    Raises
    ------
    DesignError
        The setting is unknown, or the level is not allowed.
    """
    _check_name(name)
    with suppress(ValidationError):
        return getattr(_record(name).model_validate({name: text}), name)
    raise DesignError(f"{name}={text}: allowed are: {_allowed(name)}")


def _check_name(name: str) -> None:
    if name == "seed":
        raise DesignError("seed is not a factor: it makes the replicates; use seeds=N")
    if name not in FACTOR_NAMES:
        raise DesignError(f"no setting is called {name}; there are: {', '.join(FACTOR_NAMES)}")


def _record(name: str) -> type[BaseModel]:
    """Return the record that a setting is a field of."""
    return Reading if name in Reading.model_fields else TrainingConfig


def _allowed(name: str) -> str:
    return allowed_values(_record(name), name)
