"""Errors in one line, with what helps against them."""

import re
import sys
from collections.abc import Iterator

from ablations.design.factors import DesignError
from wikiart.cache.folder import FULL
from wikiart.errors import DataError


def told(error: BaseException) -> str | None:
    """What a person can do about an error, in one line, or None if it should not have happened."""
    if isinstance(error, (DataError, DesignError)):
        return str(error)
    for link in chain(error):
        if isinstance(link, OSError) and link.errno is not None and link.errno in FULL:
            where = f" for {link.filename}" if link.filename else ""
            return f"no space left{where}: make room, then type the same command again"
    if _of_tracking(error):
        return about_tracking(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return None


def about_tracking(error: BaseException, tracking_uri: str = "") -> str:
    """What to say of an error that came from the tracking server; default: the one in use."""
    import mlflow

    uri = without_password(tracking_uri or mlflow.get_tracking_uri())
    return (
        f"the tracking server {uri} cannot be used ({reason(error)}): start it or mend it, or name another "
        f"with MLFLOW_TRACKING_URI"
    )


def _of_tracking(error: BaseException) -> bool:
    """Whether MLflow, its database or its connection raised it; a program without MLflow has none of them."""
    if "mlflow" not in sys.modules:
        return False
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    return isinstance(error, (MlflowException, RequestException, SQLAlchemyError))


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it came from, and so on."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def reason(error: BaseException) -> str:
    """The first line of what an error came from in the end; the key alone of a KeyError says nothing."""
    *_, root = (link for link in chain(error) if link is error or not isinstance(link, KeyError))
    if isinstance(root, OSError) and root.strerror:
        return f"{root.strerror}: {root.filename}" if root.filename else root.strerror
    return without_password(first_line(root))


def first_line(error: BaseException) -> str:
    """What went wrong, in one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def without_password(text: str) -> str:
    """A text with the passwords of addresses in it replaced by ``***``."""
    return re.sub(r"(://[^:/@\s]*):[^/@\s]*@", r"\1:***@", text)
