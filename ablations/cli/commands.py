"""Commands that report errors of wikiart in one line, with the options that help."""

from functools import partial

from ablations.process import commands
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
        return f"{error}: {remedy}"
    return str(error)


command = partial(commands.command, expected={DataError: message_with_remedy})
