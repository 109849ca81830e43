"""Errors in one line: what is wrong and what to do about it."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ablations.process.addresses import mask_passwords

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
TRACKING_PACKAGES = {"mlflow", "requests", "sqlalchemy"}  #: MLflow, its connection and its database
DEFAULT_TRACKING_URI = "sqlite:///mlflow.db"  #: MLflow's own, where MLFLOW_TRACKING_URI is not set


#: types of errors of other packages that are for the user -> function that returns the message of one
Expected = Mapping[type[BaseException], Callable[[Any], str]]
NONE_EXPECTED: Expected = MappingProxyType({})


class UserError(Exception):
    """An error whose message is for the user: one line that says what is wrong and what to do."""


def message_for_user(error: BaseException, expected: Expected = NONE_EXPECTED) -> str | None:
    """Say in one line what the user can do about an error.

    Parameters
    ----------
    error : BaseException
        The error that ends a command.
    expected : mapping
        Types of errors that are for the user as `UserError` is -> function that returns the message of one.

    Returns
    -------
    str or None
        None for an error that should not have happened: a mistake in the program.
    """
    if isinstance(error, UserError):
        return str(error)
    of_tracking = _is_of_tracking(error)
    for error_type, message in expected.items():
        if isinstance(error, error_type) and not of_tracking:  # some of requests' errors are ValueErrors
            return message(error)
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in DISK_FULL:
            where = f" for {cause.filename}" if cause.filename else ""
            return f"no space left{where}: make room, then type the same command again"
    if of_tracking:
        return tracking_message(error, os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_TRACKING_URI)
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return None


def tracking_message(error: BaseException, tracking_uri: str) -> str:
    """Say that the tracking server cannot be used, why, and what to do."""
    return (
        f"the tracking server {mask_passwords(tracking_uri)} cannot be used ({root_cause_line(error)}): "
        f"start it or repair it, or name another with MLFLOW_TRACKING_URI"
    )


def _is_of_tracking(error: BaseException) -> bool:
    """Return True if the exception's type comes from MLflow, its connection or its database.

    The type's module tells, so that a program without MLflow need not load it for this.
    """
    packages = {base.__module__.partition(".")[0] for base in type(error).__mro__}
    return not packages.isdisjoint(TRACKING_PACKAGES)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, the error that it was raised from or while handling, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def root_cause_line(error: BaseException) -> str:
    """Return the first line of the error at the root of a chain of causes.

    KeyErrors further down are passed over: their message is a key, which says nothing by itself.
    """
    *_, root = (cause for cause in _causes(error) if cause is error or not isinstance(cause, KeyError))
    if isinstance(root, OSError) and root.strerror:
        return f"{root.strerror}: {root.filename}" if root.filename else root.strerror
    return first_line(root)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its type if it has none; no passwords."""
    return mask_passwords((str(error).strip() or type(error).__name__).splitlines()[0])
