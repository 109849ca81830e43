"""A suite on images whose names hold whatever a file system allows, from decoding to the report."""

import os
import subprocess
import sys

import pytest
from mlflow import MlflowClient

from tests.ablations.small import environment
from tests.conftest import ROOT, STYLES, paint

FOLDERS = [
    b"$\\bad{$",
    b"truth",
    b"line\nbreak",
    b"\x1b[31mred",
    b"a?b",
    b"a_b",
    b"![x](y.png)",
    b"\\input x",
    b"\xff",
]
EXPERIMENT = "..</script>'![x](http://127.0.0.1/x.png)\x1b[31m"


@pytest.mark.slow
def test_a_suite_on_the_worst_names_ends_with_a_report(tmp_path):
    colours = list(STYLES.values())
    for number, folder in enumerate(FOLDERS):
        for split, images in (("train", 3), ("test", 2)):
            for image in range(images):
                path = tmp_path / "images" / split / os.fsdecode(folder) / f"{image}\x1b[31m\n.jpg"
                paint(path, colours[number % len(colours)], 10 * number + image)
    variables = {**environment(tmp_path), "MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
    options = {
        "data": tmp_path / "images",
        "image-size": 24,
        "epochs": 1,
        "seeds": 2,
        "factors": "smote=off,4",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    suite = subprocess.run(
        [sys.executable, "-m", "ablations.smote", *words, "--out", tmp_path / "first"],
        **{"env": variables, "cwd": tmp_path, "capture_output": True, "text": True},
    )
    assert suite.returncode == 0, suite.stdout + suite.stderr
    client = MlflowClient(variables["MLFLOW_TRACKING_URI"])
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = client.search_runs([experiment.experiment_id], "tags.role = 'cell'")
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        assert sum(name.startswith("test_class/") for name in run.data.metrics) == len(FOLDERS)
    [parent] = client.search_runs([experiment.experiment_id], "tags.role = 'suite'")
    client.set_tag(parent.info.run_id, "mlflow.runName", "..")
    summary = subprocess.run(
        [
            sys.executable,
            ROOT / "results" / "summarize.py",
            "--experiment",
            EXPERIMENT,
            "--out",
            tmp_path / "out",
        ],
        **{"env": variables, "cwd": tmp_path, "capture_output": True, "text": True},
    )
    assert summary.returncode == 0, summary.stdout + summary.stderr
    assert (tmp_path / "out" / parent.info.run_id / "report.html").is_file()
    for output in (suite, summary):
        assert "\x1b" not in output.stdout + output.stderr
        assert "Traceback" not in output.stdout + output.stderr
