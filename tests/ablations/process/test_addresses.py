"""Passwords in addresses are printed by no command, whatever characters they consist of."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.environment_variables import MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT

from ablations.process import addresses, commands, environment, errors, progress
from ablations.process.addresses import is_ambiguous, mask_passwords, without_credentials
from ablations.process.errors import UserError

PASSWORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1)
SPACED = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), min_size=1)
ADDRESSES = (
    "http://me:{}@server:5000",
    "https://me:{}@server/base/path",
    "postgresql+psycopg2://me:{}@server:5432/runs",
    "mysql://:{}@server/runs?charset=utf8",
)
PARAMETERS = ("password", "passwd", "sslpassword", "PASSWORD")
HOSTILE = ("a/b", "p@ss", "%2F", "x?y#z", "a:b@c/d", "://", "http://u:v@w", "***", "'\"`)")


@given(PASSWORDS, st.sampled_from(ADDRESSES))
@example("a/b@c", ADDRESSES[0])
@example("http://u:v@w", ADDRESSES[0])
def test_a_message_does_not_depend_on_the_password(password, address):
    message = "no answer from {0} (Failed to parse: {0}/api/2.0), then from {0}"
    shown = mask_passwords(message.format(address.format(password)))
    assert shown == mask_passwords(message.format(address.format("secret")))
    assert "secret" not in shown
    assert shown.count("://me:***@server" if "me:" in address else "://:***@server") == 3


@given(PASSWORDS.filter(lambda text: "&" not in text), st.sampled_from(PARAMETERS))
@example("s:e@c", "password")
def test_a_message_does_not_depend_on_a_password_in_a_parameter(password, parameter):
    message = f"no answer from postgresql://server/runs?user=me&{parameter}={{}}&sslmode=require today"
    assert mask_passwords(message.format(password)) == message.format("***")


@given(SPACED, st.sampled_from(ADDRESSES))
def test_the_address_of_the_environment_may_hold_any_password(password, address):
    uri = address.format(password)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses.os, "environ", {"MLFLOW_TRACKING_URI": uri})
        assert (
            mask_passwords(f"no suite on {uri}: run one") == f"no suite on {address.format('***')}: run one"
        )


@pytest.mark.parametrize("password", HOSTILE)
def test_commands_print_no_password(password, capsys, monkeypatch):
    uri = f"http://me:{password}@server"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)

    def cause() -> UserError:
        error = UserError(f"the server {uri} is away")
        error.__cause__ = OSError(f"Failed to parse: {uri}/api")
        return error

    @commands.command("Fails.", example="fail", options={"O": [click.option("--how", type=int)]})
    def fails(how: int) -> None:
        raise (
            cause(),
            click.UsageError(f"{uri} is wrong"),
            ValueError(f"{uri} is unexpected"),
            UserError(errors.tracking_message(cause(), uri)),
        )[how]

    for how in ("0", "1", "2", "3", uri):
        for debug in ([], ["--debug"]):
            result = CliRunner().invoke(fails, ["--how", how, *debug])
            assert "server" in result.output
            assert f":{password}@" not in result.output.replace(":***@", "")
    progress.say(f"see {uri}", always=True)
    assert capsys.readouterr().out == "see http://me:***@server\n"


def test_links_hold_no_credentials():
    for uri in ("http://me:p@ss@server:5000/base/", "http://token@server:5000/base?password=secret"):
        assert without_credentials(uri) == "http://server:5000/base"


def test_mlflow_prints_no_links_to_runs(monkeypatch):
    """Its links hold the address with the password."""
    monkeypatch.delenv(MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.name, raising=False)
    assert not MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.get()
    environment.quiet_libraries()
    assert MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.get()


@pytest.mark.parametrize(
    ("uri", "ambiguous"),
    [
        ("http://me:a%2Fb@server", False),
        ("http://me:a@b@server", False),  # all readers take the last "@"
        ("http://me:a/b@server", True),
        ("http://me:12/b@server", True),
        ("http://me:a?b@server", True),
        ("http://me:a b@server", True),
        ("http://server:5000", False),
        ("postgresql://me:a/b@server/runs", False),
        ("postgresql://me:a@b@server/runs", True),
        ("postgresql://me:a@b/c@server/runs", True),
        ("postgresql://me:a@b?c@server/runs", True),
        ("postgresql://me@server/runs?password=a@b", False),
        ("sqlite:///folder/mlflow.db", False),
    ],
)
def test_an_ambiguous_address_is_refused(uri, ambiguous):
    assert is_ambiguous(uri) == ambiguous


def test_every_message_of_the_source_goes_through_one_function():
    root = Path(commands.__file__).parents[2]
    printing = {
        file.name
        for folder in ("ablations", "results/summary")
        for file in (root / folder).rglob("*.py")
        if re.search(r"click\.echo\(|(?<![\w.])print\(", file.read_text())
    }
    assert printing <= {"terminal.py", "commands.py", "predict.py"}  # predict: JSON, which must stay JSON
