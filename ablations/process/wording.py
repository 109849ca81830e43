"""Words of messages and of the report."""


def count(number: int, noun: str) -> str:
    """Return a number with its noun: ``"1 run"``, ``"1,200 runs"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
