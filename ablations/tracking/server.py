"""The tracking server: its address, whether it can be used, and errors that mean it cannot be reached."""

import os
from urllib.parse import urlsplit

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException

from ablations.process.addresses import mask_passwords
from ablations.process.databases import check_address
from ablations.process.environment import few_retries
from ablations.process.errors import UserError, tracking_message
from ablations.tracking.destination import locked_database

UNANSWERED = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE")  # MLflow's error codes of unanswered requests


class ServerError(UserError):
    """The tracking server cannot be used; the message gives the reason and a remedy."""


def tracking_uri() -> str:
    """Return the address of the tracking server or database that MLflow uses."""
    return mlflow.get_tracking_uri()


def is_remote(uri: str) -> bool:
    """Return True if runs are sent to a tracking server, False if they are written to a file or database."""
    return uri.startswith(("http://", "https://"))


def is_loopback(uri: str) -> bool:
    """Return True if an address means the machine on which it is used, and so another one on each machine."""
    return urlsplit(uri).hostname in ("localhost", "127.0.0.1", "::1", "0.0.0.0")


def check(uri: str) -> None:
    """Check within seconds that the tracking server answers and accepts the user; create missing tables.

    Raises
    ------
    ServerError
        The server cannot be used.
    ablations.process.databases.AddressError
        Its address cannot be used, or no database answers there.
    """
    check_address(uri)
    try:
        with few_retries(), locked_database(uri):
            MlflowClient(uri).search_experiments(max_results=1)
    except Exception as error:  # from a database driver, MLflow or the connection: all mean the same here
        message = tracking_message(error, uri)
        if isinstance(error, MlflowException) and (
            " 401 " in str(error) or error.get_http_status_code() == 401
        ):
            user = os.environ.get("MLFLOW_TRACKING_USERNAME")
            refused = f"the password of {user}" if user else "requests without a user name"
            message = (
                f"the tracking server {mask_passwords(uri)} refuses {refused}: "
                "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            )
        raise ServerError(message) from error


def answers(uri: str) -> bool:
    """Return True if `check` raises no error."""
    try:
        check(uri)
    except UserError:
        return False
    return True


def refused(uri: str, error: RestException) -> ServerError:
    """Return the error for a server that answers but does not let the suite create its run."""
    reason = str(error).splitlines()[0]
    return ServerError(
        f"the tracking server {mask_passwords(uri)} refuses the suite's run: {reason} (if you may "
        "only read this experiment, choose one of your own with MLFLOW_EXPERIMENT_NAME)"
    )


def is_unreachable(error: BaseException) -> bool:
    """Return True if a request failed because no server answered it, False if the server refused it."""
    if isinstance(error, requests.RequestException):
        return error.response is None or error.response.status_code >= 500
    return (
        isinstance(error, MlflowException)
        and not isinstance(error, RestException)
        and error.error_code in UNANSWERED
    )
