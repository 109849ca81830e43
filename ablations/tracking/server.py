"""The tracking server: whether it is there and lets us in, and what counts as its being away."""

import os
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import click
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException

from ablations.process import errors as failures
from ablations.process.environment import variables
from ablations.tracking.destination import opening

# MLflow's own names: how often a request is tried again, and seconds until one counts as unanswered
HURRY = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
UNHEARD = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE")  # what MLflow calls requests without an answer


class ServerError(click.ClickException):
    """The tracking server cannot be used; the message says why and what helps."""


def remote(uri: str) -> bool:
    """Whether runs go through a tracking server, and not into a file or a database of one's own."""
    return uri.startswith(("http://", "https://"))


def of_one_machine(uri: str) -> bool:
    """Whether a server's address means another machine wherever it is said."""
    return urlsplit(uri).hostname in ("localhost", "127.0.0.1", "::1", "0.0.0.0")


def check(uri: str) -> None:
    """Find out within seconds whether a tracking server answers and knows the user.

    The tables of a database are there then.

    Raises
    ------
    ServerError
        It does not.
    """
    try:
        with hurried(), opening(uri):
            MlflowClient(uri).search_experiments(max_results=1)
    except Exception as error:  # of a database driver, of MLflow, of the connection: all mean the same here
        raise ServerError(_reason(uri, error)) from error


def answers(uri: str) -> bool:
    """Whether `check` finds nothing amiss."""
    try:
        check(uri)
    except ServerError:
        return False
    return True


def _reason(uri: str, error: Exception) -> str:
    if isinstance(error, MlflowException) and (" 401 " in str(error) or error.get_http_status_code() == 401):
        user = os.environ.get("MLFLOW_TRACKING_USERNAME")
        who = f"the password of {user}" if user else "requests without a user name"
        return (
            f"the tracking server {failures.without_password(uri)} refuses {who}: "
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    return failures.about_tracking(error, uri)


def refused(uri: str, error: RestException) -> ServerError:
    """What to say where the server answers, and does not let the suite begin its run."""
    why = str(error).splitlines()[0]
    return ServerError(
        f"the tracking server {failures.without_password(uri)} refuses the suite's run: {why} (where you "
        "may only read an experiment, choose one of your own by MLFLOW_EXPERIMENT_NAME)"
    )


def away(error: BaseException) -> bool:
    """Whether a request failed because nobody answered it, and not for what it asked."""
    if isinstance(error, requests.RequestException):
        return error.response is None or error.response.status_code >= 500
    return (
        isinstance(error, MlflowException)
        and not isinstance(error, RestException)
        and error.error_code in UNHEARD
    )


def hurried() -> AbstractContextManager[None]:
    """Within, a request that nobody answers fails within seconds, not after MLflow's minutes."""
    return variables(HURRY)
