"""What a command loads before it needs it: libraries take seconds, and the first line waits for them."""

import os
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


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "ablations.cli.predict", "--model", "runs:/0123/model", "a.png"],
        [str(ROOT / "results" / "summarize.py")],
    ],
    ids=["predict", "summarize"],
)
def test_an_address_that_cannot_be_used_is_refused_before_mlflow_is_loaded(words, tmp_path):
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}"}  # a folder
    command = [sys.executable, "-X", "importtime", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    *imports, last = done.stderr.strip().splitlines()
    assert f"the database {tmp_path} is a folder" in last
    assert not {line.split()[-1] for line in imports} & {"torch", "mlflow"}
