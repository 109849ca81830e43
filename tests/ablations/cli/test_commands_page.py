"""docs/commands.md agrees with the help of the commands; bash completes options and their choices."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

sys.path.append(str(ROOT / "docs"))
import commands


def test_the_page_agrees_with_the_help():
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == commands.page(), "run: python docs/commands.py"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-m", "ablations.smote", "--de"], "--design --device --debug"),
        (["-m", "ablations.cli.prepare", "--resize", ""], "stretch crop pad"),
        (["-m", "ablations.cli.predict", "--form"], "--format"),
        (["-m", "http.server", "--b"], ""),
        (["script.py", "--de"], ""),
    ],
)
def test_bash_completes_options_and_choices_of_this_projects_commands(words, expected):
    script = """
    source docs/completion.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _wikiart_complete
    echo "${COMPREPLY[*]}"
    """
    done = subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == expected, done.stderr
