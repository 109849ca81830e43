"""Levels of settings, and designs, in words: for the names of cells and runs, and for the report."""

from collections.abc import Sequence

from ablations.design.factors import Factor, Level
from wikiart.smote.spelling import split_level

#: setting -> its name in words, where that is not the setting's own name with spaces
TITLES = {"smote": "SMOTE", "conv_layers": "convolutions", "augment": "augmentation"}
#: setting -> pattern of all its levels, where that is not the title with the level
PATTERNS = {
    "conv_layers": "{} conv",
    "learning_rate": "rate {}",
    "batch_size": "batch {}",
    "image_size": "{} px",
    "class_order": "{}",
    "precision": "{}",
}
#: kind of a design -> the cells that it has
CELLS = {
    "full": "every combination of their levels",
    "one-at-a-time": "one of them at a time",
    "half": "half of the combinations of their levels",
}


def factor_title(name: str) -> str:
    """Return the name of a setting in words: ``"learning rate"``."""
    return TITLES.get(name, name.replace("_", " "))


def level_words(name: str, level: Level) -> str:
    """Return a level in words: ``"3 conv"``, ``"dropout 0.1"``, ``"no SMOTE"``, ``"copies to 400"``.

    Different levels of a setting have different words.
    """
    if name in PATTERNS:
        return PATTERNS[name].format(level)
    title = factor_title(name)
    if level in ("off", "none"):
        return f"no {title}"
    if name == "smote":
        copies, threshold = split_level(str(level))
        return _resampling_words("copies" if copies else title, threshold)
    return title if level == "on" else f"{title} {level}"


def _resampling_words(kind: str, threshold: str) -> str:
    if threshold == "on":
        return kind
    return f"{kind} to {threshold}" if threshold.isdecimal() else f"{kind} {threshold}"


def question_text(text: str, card: Sequence[Factor], factors: Sequence[Factor], kind: str) -> str:
    """Return the text that describes a suite.

    Parameters
    ----------
    text : str
        The question's own text, of which the first line is the title.
    card : sequence of Factor
        The factors that the text speaks of.
    factors : sequence of Factor
        The factors of the suite.
    kind : str
        Kind of its design.

    Returns
    -------
    str
        ``text`` if it is true of the suite: it has the card's factors and, if they are several, the card's
        levels in a full design. Else one line, made from the factors and the kind of design.
    """
    alone = len(card) == 1 and [factor.name for factor in factors] == [card[0].name]
    if alone or (kind == "full" and list(factors) == list(card)):
        return text
    titles = [factor_title(factor.name) for factor in factors]
    if len(titles) == 1:
        return f"Effect of {titles[0]}: {', '.join(map(str, factors[0].levels))}."
    return f"Effects of {', '.join(titles[:-1])} and {titles[-1]}: {CELLS[kind]}."
