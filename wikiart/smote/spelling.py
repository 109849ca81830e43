"""Spelling of a level of SMOTE: ``[copy:]threshold``.

The threshold says how many images each class gets (`wikiart.smote.levels.planned_counts`). With
``copy:`` before it, the images that are missing are copies; without it they are blended.
"""

from pathlib import Path

FILES = (".json", ".yaml", ".yml")  #: suffixes of files of styles and counts


def split_level(level: str) -> tuple[bool, str]:
    """Return whether a level copies images, and its threshold; that of ``copy`` alone is ``on``."""
    if level == "copy":
        return True, "on"
    return level.startswith("copy:"), level.removeprefix("copy:")


def join_level(copies: bool, threshold: str) -> str:
    """Return the one spelling of a level."""
    if not copies:
        return threshold
    return "copy" if threshold == "on" else f"copy:{threshold}"


def check_level(level: str) -> str:
    """Return the one spelling of a level.

    Raises
    ------
    ValueError
        It is no level, or names a file that does not exist.
    """
    copies, threshold = split_level(level)
    if threshold.isdecimal() and int(threshold) > 0:
        threshold = str(int(threshold))
    elif not (threshold in ("on", "auto") or level == "off" or _is_file(threshold)):
        raise ValueError(
            "must be off, on, auto, a positive integer, or a file of styles and counts; "
            "or copy, or copy: and one of these but off"
        )
    return join_level(copies, threshold)


def _is_file(threshold: str) -> bool:
    return threshold.endswith(FILES) and Path(threshold).is_file()


def level_file(level: str) -> Path | None:
    """Return the file of styles and counts that a level names, or None."""
    threshold = split_level(level)[1]
    return Path(threshold) if threshold.endswith(FILES) else None
