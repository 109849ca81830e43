"""Words for effects and verdicts, the same in sentences, tables and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

ONE_SEED = "cannot tell (one seed)"
NOT_ESTIMABLE = "not estimable"
BETWEEN = " x "  # joins the factors, and the levels, of an interaction in `summary.analysis`


@dataclass(frozen=True)
class Wording:
    """Words for the effects of a design.

    Parameters
    ----------
    factors : sequence of mapping
        The factors as design.json has them. Only ``name`` is required: ``title`` is the factor in words,
        ``words`` are its ``levels`` in words, ``phrase`` and ``claim`` are about the two levels of
        ``change``. Default: none, as for a table of one's own.
    """

    factors: Sequence[Mapping[str, Any]] = ()

    def effect(self, row: pd.Series) -> str:
        """Name an effect: ``"Three convolutions instead of one"``, ``"3 conv × SMOTE"``."""
        if row["kind"] == "interaction":
            names, levels = row["factor"].split(BETWEEN), row["level"].split(BETWEEN)
            if len(names) != len(levels):  # a name that holds " x " itself
                return f"{row['factor']} ({row['level']})"
            return " × ".join(map(self.level, names, levels))
        factor = self._factor(row["factor"])
        if factor.get("phrase") and _is_described(factor, row):
            return factor["phrase"]
        title = factor.get("title", "")
        name = f"{title[:1].upper()}{title[1:]}" if title else row["factor"]
        return f"{name} {row['level']} instead of {row['reference']}"

    def level(self, name: str, level: str) -> str:
        """Return a factor's level in words: ``"3 conv"``."""
        factor = self._factor(name)
        words = dict(zip(factor.get("levels", ()), factor.get("words", ()), strict=False))
        return words.get(level, f"{name} {level}")

    def claim(self, row: pd.Series) -> str:
        """Return the study's claim about an effect; empty if there is none.

        Suites that recorded no ``change`` kept the claim whatever the levels were.
        """
        factor = self._factor(row["factor"])
        return factor.get("claim", "") if "change" in factor and _is_described(factor, row) else ""

    def _factor(self, name: str) -> Mapping[str, Any]:
        return next((factor for factor in self.factors if factor["name"] == name), {})


def _is_described(factor: Mapping[str, Any], row: pd.Series) -> bool:
    """Return True if a factor's phrase and claim are about this effect."""
    change = factor.get("change", factor.get("levels"))
    return change is not None and [row["reference"], row["level"]] == list(change)


def has_one_seed(row: pd.Series) -> bool:
    """Return True if nothing is known of other seeds: the only interval is that for these trainings."""
    return pd.isna(row["p"])


def verdict(row: pd.Series) -> str:
    """Return the verdict on an effect, as it stands in tables and figures and begins its sentence."""
    return ONE_SEED if has_one_seed(row) else row["verdict"]
