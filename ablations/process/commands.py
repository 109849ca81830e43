"""The base of every command: help in groups with an example, errors in one line, exit codes."""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click
import cloup

from ablations import __version__
from ablations.process import errors, interrupts, terminal
from ablations.process.errors import NONE_EXPECTED, Expected

UNEXPECTED = 70  #: exit code of a mistake in this project; EX_SOFTWARE in sysexits.h
DEBUG = "WIKIART_DEBUG"  #: environment variable that stands for --debug
COMPLETE = "_WIKIART_COMPLETE"  #: environment variable by which docs/completion.* ask for completions
#: settings of a yes/no option, which `mlflow run` can set as well (it knows no flags); alone it means yes
YES_OR_NO: dict[str, Any] = {
    "type": bool,
    "default": "no",
    "is_flag": False,
    "flag_value": "yes",
    "metavar": "yes|no",
}

Options = Mapping[str, Sequence[Callable]]  #: title of a group in the help -> decorators of its options


class FilledPath(click.ParamType):
    """A path that is not empty: an empty one would mean the current folder."""

    name = "text"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        """Return the path."""
        if not str(value).strip():
            self.fail("an empty path: name a folder or a file.", parameter, context)
        return str(value)


class Unexpected(click.ClickException):
    """A mistake in this project."""

    exit_code = UNEXPECTED


@contextmanager
def _safe_messages() -> Iterator[None]:
    """Make the messages of Click's errors in this block printable."""
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = terminal.safe(error.message)  # its type says Final
        raise


class Command(cloup.Command):
    """A command whose errors are one line; with ``--debug`` the traceback stands before it."""

    expected_errors: Expected = NONE_EXPECTED  #: beside UserError
    last_line = interrupts.STOPPED  #: printed after an interrupt

    def main(self, args: Sequence[str] | None = None, *rest: Any, **settings: Any) -> Any:
        """Run the command; as a program, stop at the first Ctrl-C and ignore the next."""
        if args is not None:  # another program calls the command
            return super().main(args, *rest, **settings)
        interrupts.exit_on_signal(self.last_line)
        settings.setdefault("complete_var", COMPLETE)
        try:
            return super().main(args, *rest, **settings)
        except SystemExit as end:
            if interrupts.has_arrived() and isinstance(end.code, int):
                interrupts.exit_at_once(end.code)
            raise

    def call(self, args: Sequence[str]) -> int:
        """Call the command within another one, which handles the signals; return its exit code."""
        try:
            with _safe_messages(), self.make_context(str(self.name), list(args)) as context:
                self._call(context)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        return 0

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line."""
        with _safe_messages():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command's function.

        Raises
        ------
        click.ClickException
            In place of every exception that Click does not handle itself.
        """
        with _safe_messages():
            return self._invoke(ctx)

    def _invoke(self, ctx: click.Context) -> Any:
        """Call the command's function; an interrupt ends it with a line and an exit code."""
        try:
            # A signal can raise KeyboardInterrupt from the first of these calls to the last, and only here.
            interrupts.interrupt_once()
            try:
                return self._call(ctx)
            finally:
                interrupts.ignore_signals()
        except KeyboardInterrupt:
            interrupts.ignore_signals()
            with suppress(OSError):  # Ctrl-C has ended the program behind a pipe as well
                click.echo(f"\n{self.last_line}", err=True)
            ctx.exit(interrupts.exit_code())

    def _call(self, ctx: click.Context) -> Any:
        """Call the command's function; make its errors those of Click."""
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except Exception as error:
            if interrupts.has_arrived():  # a library has made an error of its own of the interrupt
                raise KeyboardInterrupt from error
            if isinstance(error, (click.Abort, BrokenPipeError)):
                raise
            if ctx.meta.get(DEBUG):
                terminal.echo(traceback.format_exc(), err=True)
            if isinstance(error, click.ClickException):
                raise
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> click.ClickException:
        message = errors.message_for_user(error, self.expected_errors)
        if message is not None:
            return click.ClickException(message)
        return Unexpected(
            f"unexpected {type(error).__name__}: {errors.first_line(error)} (a mistake in this program: "
            f"--debug or {DEBUG}=1 shows the traceback; please report it)"
        )


def command(
    text: str,
    example: str,
    options: Options,
    *,
    expected: Expected = NONE_EXPECTED,
    last_line: str = Command.last_line,
) -> Callable[[Callable], Command]:
    """Make a command of a function.

    Parameters
    ----------
    text : str
        First part of the help.
    example : str
        A whole command line, for the end of the help.
    options : mapping
        Options by the title of their group, in the order of the help.
    expected : mapping, optional
        Types of errors of other packages that are for the user, as `errors.UserError` is -> function that
        returns the message of one.
    last_line : str
        Printed after an interrupt. Default `interrupts.STOPPED`.

    Returns
    -------
    callable
        A decorator.
    """

    def decorate(function: Callable) -> Command:
        function = _version(_debug(function))
        for title, group in reversed(list(options.items())):
            function = cloup.option_group(title, *group)(function)
        settings = {"show_default": True, "max_content_width": 100, "help_option_names": ["-h", "--help"]}
        epilog = f"\b\nExample: {example}"
        decorated = cloup.command(cls=Command, help=text, epilog=epilog, context_settings=settings)(function)
        decorated.expected_errors, decorated.last_line = expected, last_line
        return decorated

    return decorate


_version = click.version_option(__version__, prog_name="wikiart-ablations", message="%(prog)s %(version)s")

_debug = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=lambda context, _, value: context.meta.update({DEBUG: value}),
    envvar=DEBUG,
    show_default=False,
    help=f"After an error, show the traceback too.  [or: {DEBUG}=1]",
)
