"""Errors of the command in one line, unless ``--debug`` asks for the traceback."""

import os
import re
import signal
import traceback
from typing import Any

import click
import cloup
import mlflow
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

DEBUG = "WIKIART_DEBUG"
INTERRUPTED = 130  #: exit code, as the suite's

#: an option that `mlflow run` can set as well, which knows no flags; by itself it means yes
YES_OR_NO: dict[str, Any] = {
    "type": bool,
    "default": "no",
    "is_flag": False,
    "flag_value": "yes",
    "metavar": "yes|no",
}

debug = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=lambda context, _, value: context.meta.update({DEBUG: value}),
    envvar=DEBUG,
    show_default=False,
    help=f"After an error, show the traceback too.  [or: {DEBUG}=1]",
)


class Unexpected(click.ClickException):
    """A mistake in this project."""

    exit_code = 70  # as the suite's


class Command(cloup.Command):
    """A command whose errors name what helps."""

    def invoke(self, ctx: click.Context) -> Any:
        """As in Click.

        Raises
        ------
        click.ClickException
            In place of whatever else went wrong.
        """  # noqa: DOC501  what Click itself deals with
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # MLflow would try for minutes
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # people press twice, and it is on its way
            click.echo("\nstopped", err=True)
            ctx.exit(INTERRUPTED)
        except Exception as error:
            if ctx.meta.get(DEBUG):
                traceback.print_exc()
            raise _in_one_line(error) from error


def _in_one_line(error: Exception) -> click.ClickException:
    if isinstance(error, (mlflow.MlflowException, RequestException, SQLAlchemyError)):
        server = f"the tracking server {mlflow.get_tracking_uri()} cannot be used ({_root(error)})"
        text = _without_passwords(f"{server}: start it or mend it, or name another with MLFLOW_TRACKING_URI")
        return click.ClickException(text)
    if isinstance(error, ValueError):
        return click.ClickException(str(error))
    if isinstance(error, OSError) and error.filename and error.strerror:
        return click.ClickException(f"{error.filename}: {error.strerror}")
    return Unexpected(
        f"unexpected {type(error).__name__}: {error} (a mistake in this program: --debug or {DEBUG}=1 shows "
        f"the traceback; please report it)"
    )


def _root(error: BaseException) -> str:
    while cause := error.__cause__ or error.__context__:
        error = cause
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _without_passwords(text: str) -> str:
    return re.sub(r"(://[^:/@\s]*):[^/@\s]*@", r"\1:***@", text)
