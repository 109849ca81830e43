"""Environment variables: set for a block, or for MLflow before it is imported."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

#: of MLflow: seconds until an unanswered request fails, and number of times that it is sent again
TIMEOUT, RETRIES = "MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
FEW_SECONDS = 8.0


@contextmanager
def environment_variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables in this block, and restore the previous ones after it."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def few_retries() -> AbstractContextManager[None]:
    """Let MLflow's unanswered requests fail within 20 seconds in this block, instead of many minutes."""
    seconds = min(FEW_SECONDS, float(os.environ.get(TIMEOUT, FEW_SECONDS)))
    return environment_variables({TIMEOUT: f"{seconds:.0f}", RETRIES: "1"})


def quiet_libraries() -> None:
    """Turn off MLflow's progress bars, links and advice, which would bury a command's own lines.

    To be called before MLflow is imported. Variables that the user has set are left as they are.
    """
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # they may hold a password
    warnings.filterwarnings("ignore", "Glyph .* missing")  # Matplotlib draws a box for it
    logging.getLogger("alembic").setLevel(logging.WARNING)  # MLflow's migrations of its database
