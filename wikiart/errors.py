"""Errors whose messages are meant for the user: they name the file or folder and the remedy."""


class DataError(ValueError):
    """The images cannot be used as they are."""


class CacheError(DataError):
    """The cache folder cannot be read or written."""
