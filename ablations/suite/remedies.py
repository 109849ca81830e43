"""What a user can do about images or a cache that cannot be used, in words of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from wikiart.errors import CacheError, DataError, TooManyUnreadable


def message_with_remedy(error: DataError) -> str:
    """Return the message of an error of the images or the cache, with the options that help."""
    if isinstance(error, TooManyUnreadable):
        remedy = f"replace them, or go on without them by --allow-skipped {error.share:.2f}"
        return f"{error.problem}: {remedy}\n{error.listing}"
    if isinstance(error, CacheError):
        remedy = "choose another folder with --cache or WIKIART_CACHE"
        if error.full:
            remedy += ", or make room with python -m ablations.cli.cache --clear yes"
        return f"{error.problem}: {remedy}"
    return str(error)


@contextmanager
def remedies() -> Iterator[None]:
    """Let errors of the images or the cache that leave this block name the options that help.

    Raises
    ------
    wikiart.errors.DataError
        With the message of `message_with_remedy`.
    """
    try:
        yield
    except (TooManyUnreadable, CacheError) as error:
        raise DataError(message_with_remedy(error)) from error
