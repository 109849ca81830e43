"""What a command loads before it needs it: libraries take seconds, and the first line waits for them."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

SLOW = ("torch", "sklearn", "imblearn", "scipy", "pandas", "matplotlib", "numba", "mlflow")
OF_WORKERS = ("torch", "sklearn", "imblearn", "matplotlib", "numba")


@pytest.mark.parametrize(
    ("statements", "absent"),
    [
        ("from ablations import ablate; ablate.command(['--help'], standalone_mode=False)", SLOW),
        ("from ablations.suite import course", OF_WORKERS),
    ],
    ids=["help", "course"],
)
def test_a_command_loads_no_library_before_it_needs_it(statements, absent):
    program = f"import sys; {statements}; print('loaded:', *(n for n in {absent} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1].split() == ["loaded:"], done.stderr
