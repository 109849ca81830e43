"""The tracking server: whether it is there and lets us in, and what counts as its being away."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import click
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException

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

    Raises
    ------
    ServerError
    """
    if not remote(uri):
        return
    try:
        with hurried():
            MlflowClient(uri).search_experiments(max_results=1)
    except MlflowException as error:
        raise ServerError(_reason(uri, error)) from error


def answers(uri: str) -> bool:
    """Whether `check` finds nothing amiss."""
    try:
        check(uri)
    except ServerError:
        return False
    return True


def _reason(uri: str, error: MlflowException) -> str:
    status = error.get_http_status_code()
    if " 401 " in str(error) or status == 401:
        user = os.environ.get("MLFLOW_TRACKING_USERNAME")
        who = f"the password of {user}" if user else "requests without a user name"
        return (
            f"the tracking server at {uri} refuses {who}: "
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    if away(error):
        return (
            f"no tracking server answers at {uri}: start it, or set MLFLOW_TRACKING_URI to where it is "
            "(without it, runs go into mlflow.db here)"
        )
    return f"the tracking server at {uri} refuses to list experiments: {str(error).splitlines()[0]}"


def refused(uri: str, error: RestException) -> ServerError:
    """What to say where the server answers, and does not let the suite begin its run."""
    return ServerError(
        f"the tracking server at {uri} refuses the suite's run: {str(error).splitlines()[0]} (where you may "
        "only read an experiment, choose one of your own by MLFLOW_EXPERIMENT_NAME)"
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


@contextmanager
def hurried() -> Iterator[None]:
    """Within, a request that nobody answers fails within seconds, not after MLflow's minutes."""
    before = {name: os.environ.get(name) for name in HURRY}
    os.environ.update(HURRY)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
