"""Databases that hold runs: whether one can be used, found out within seconds."""

import os
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import urlopen

from ablations.process.addresses import is_ambiguous, mask_passwords, without_credentials
from ablations.process.errors import DEFAULT_TRACKING_URI, UserError, first_line

ENGINES = ("mysql", "mssql", "postgresql")  #: that MLflow can use, beside SQLite
CONNECT_SECONDS = (
    "WIKIART_CONNECT_SECONDS"  #: environment variable: seconds that a database may take to answer
)


class AddressError(UserError):
    """The tracking server or database cannot be used; the message says why, without its password."""


def check_tracking_uri() -> None:
    """Check the address in MLFLOW_TRACKING_URI as `check_address` does, without MLflow."""
    check_address(os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_TRACKING_URI)


def check_address(uri: str) -> None:
    """Check the address of a tracking server or database; connect to it if it is a database server.

    MLflow itself tries a database for two minutes, and waits for one that accepts connections but does not
    answer without end.

    Raises
    ------
    AddressError
        It cannot be used.
    """
    if is_ambiguous(uri):
        raise AddressError(
            f"the address {mask_passwords(uri)} is ambiguous: percent-encode its password (/ as %2F, @ as "
            "%40, ? as %3F, # as %23, a space as %20), or set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD"
        )
    engine = uri.partition(":")[0].partition("+")[0]
    if engine in ("http", "https"):
        _check_answer(uri)
    elif engine == "sqlite":
        _check_file(uri)
    elif engine in ENGINES:
        _check_server(uri)


def _seconds() -> float:
    return float(os.environ.get(CONNECT_SECONDS, "10"))


def _check_answer(uri: str) -> None:
    """Refuse a server that accepts connections and does not answer; leave all other errors to MLflow."""
    try:
        urlopen(f"{without_credentials(uri)}/health", timeout=_seconds()).close()
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(getattr(error, "reason", error), TimeoutError):
            raise AddressError(
                f"the tracking server {mask_passwords(uri)} cannot be used (no answer within "
                f"{_seconds():.0f} s): start it or repair it, or name another with MLFLOW_TRACKING_URI"
            ) from error


def _check_file(uri: str) -> None:
    parts = urlsplit(uri)
    if parts.path.lstrip("/") in ("", ":memory:") or "mode=memory" in parts.query:
        raise AddressError(
            f"{uri} is a database in memory, which other processes cannot read: name a file, as in "
            "MLFLOW_TRACKING_URI=sqlite:///mlflow.db"
        )
    if Path(parts.path[1:]).is_dir():
        raise AddressError(
            f"the database {parts.path[1:]} is a folder: name a file in it, as in "
            f"MLFLOW_TRACKING_URI={uri.rstrip('/')}/mlflow.db"
        )


def _check_server(uri: str) -> None:
    import sqlalchemy  # here: most commands need no database server

    try:
        engine = sqlalchemy.create_engine(uri)  # imports the driver
        _within(_seconds(), lambda: engine.connect().close())
        engine.dispose()
    except ModuleNotFoundError as error:
        raise AddressError(
            f"{mask_passwords(uri)} needs the Python package {error.name}, which is not installed: "
            f"pip install {error.name}"
        ) from error
    except Exception as error:  # each driver has errors of its own
        raise AddressError(
            f"the database {mask_passwords(uri)} cannot be used ({first_line(error)}): start it or repair "
            "it, or name another with MLFLOW_TRACKING_URI"
        ) from error


def _within(seconds: float, function: Callable[[], None]) -> None:
    """Call a function; raise its exception, or TimeoutError if it takes longer, and leave it behind then."""
    errors: list[Exception] = []

    def call() -> None:
        try:
            function()
        except Exception as error:
            errors.append(error)

    # A thread that does not keep the process alive: the time limits of the drivers have other names each.
    thread = Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    for error in errors:
        raise error
