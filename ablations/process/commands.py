"""What every command does alike: help in groups with an example, errors in one line, exit codes."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import cloup

from ablations.process import errors as failures
from ablations.process import interrupts

MISSING = 1  #: exit code: something that was asked for cannot be had; the message says what helps
UNEXPECTED = 70  #: exit code of a mistake in this project; EX_SOFTWARE in sysexits.h
DEBUG = "WIKIART_DEBUG"
COMPLETE = "_WIKIART_COMPLETE"  # of docs/completion.bash
#: an option that `mlflow run` can set as well, which knows no flags; by itself it means yes
YES_OR_NO: dict[str, Any] = {
    "type": bool,
    "default": "no",
    "is_flag": False,
    "flag_value": "yes",
    "metavar": "yes|no",
}

Options = Mapping[str, Sequence[Callable]]  #: title of a group in the help -> its options


class Failure(click.ClickException):
    """An error that is shown in one line."""

    exit_code = MISSING


class Unexpected(Failure):
    """A mistake in this project."""

    exit_code = UNEXPECTED


class Command(cloup.Command):
    """A command that never ends in a traceback, unless ``--debug`` asks for one."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **settings: Any) -> Any:
        """As in Click. Started as a program, it takes the first Ctrl-C and ignores the next."""
        if args is None:
            interrupts.interrupt_once()
            settings.setdefault("complete_var", COMPLETE)
        return super().main(args, *rest, **settings)

    def invoke(self, ctx: click.Context) -> Any:
        """As in Click.

        Raises
        ------
        Failure
            In place of whatever else went wrong.
        """  # noqa: DOC501  what Click itself deals with
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):  # Click deals with them
            raise
        except KeyboardInterrupt:
            interrupts.ignore()
            click.echo("\nstopped", err=True)
            ctx.exit(interrupts.EXIT_CODE)
        except Exception as error:
            if ctx.meta.get(DEBUG):
                traceback.print_exc()
            if isinstance(error, click.ClickException):
                raise
            raise _failure(error) from error


def _failure(error: Exception) -> Failure:
    if (text := failures.told(error)) is not None:
        return Failure(text)
    return Unexpected(
        f"unexpected {type(error).__name__}: {failures.first_line(error)} (a mistake in this program: "
        f"--debug or {DEBUG}=1 shows the traceback; please report it)"
    )


def command(text: str, example: str, options: Options) -> Callable[[Callable], Command]:
    """A decorator that makes a command.

    Parameters
    ----------
    text : str
        What the help begins with.
    example : str
        A whole command line.
    options : mapping
        Options by the title of their group, in the order of the help.
    """

    def decorate(callback: Callable) -> Command:
        callback = _debug(callback)
        for title, group in reversed(list(options.items())):
            callback = cloup.option_group(title, *group)(callback)
        settings = {"show_default": True, "max_content_width": 100}
        epilog = f"\b\nExample: {example}"
        make = cloup.command(cls=Command, help=text, epilog=epilog, context_settings=settings)
        return make(callback)

    return decorate


def _keep(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[DEBUG] = value


_debug = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_keep,
    envvar=DEBUG,
    show_default=False,
    help=f"After an error, show the traceback too.  [or: {DEBUG}=1]",
)
