"""Suites on real folders: each layout, unreadable images, leaks."""

import shutil

import mlflow
import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

from ablations.cli import prepare
from tests.conftest import environment_for, mlflow_run
from tests.layouts import LAYOUTS, split_folders

TINY = {"factors": "class_order=unsorted,sorted", "image_size": 16, "batch_size": 4, "epochs": 1, "seeds": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the tracking store and the cache of all suites here, and its environment."""
    folder = tmp_path_factory.mktemp("images")
    return folder, environment_for(folder)


def suite(place, data, **more: object):
    folder, environment = place
    return mlflow_run(environment, "ablate", data=data, out=folder / "results", **TINY, **more)


def parent(place):
    """The newest suite's run."""
    client = MlflowClient(place[1]["MLFLOW_TRACKING_URI"])
    return client.search_runs(["0"], "tags.role = 'suite'")[0]


def logged(place, name: str) -> dict:
    return mlflow.artifacts.load_dict(f"{parent(place).info.artifact_uri}/{name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_suite_on_each_layout(name, place, tmp_path):
    done = suite(place, LAYOUTS[name](tmp_path / "images"))
    assert done.returncode == 0, done.stdout + done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("data: ")]
    assert name in line
    assert "2 styles" in line
    assert "[2/2 runs" in done.stdout
    audit = logged(place, "audit.json")
    assert audit["unreadable"] == 0
    for split, words in {"train": "images for training", "test": "for testing"}.items():
        assert f"{audit['images'][split]} {words}" in line


def test_unreadable_images_and_leaks(place, tmp_path):
    """Refused first; then allowed, listed on the run and at the end, and the leak is dropped."""
    root = split_folders(tmp_path / "images")
    (root / "train" / "Amber" / "broken.jpg").write_bytes(b"")
    shutil.copy(root / "test" / "Amber" / "0.jpg", root / "train" / "Blue" / "leak.jpg")
    stopped = suite(place, root)
    assert stopped.returncode != 0
    assert "train/Amber/broken.jpg: empty" in stopped.stderr
    assert "--allow-skipped 0.10" in stopped.stderr
    assert "Traceback" not in stopped.stderr.split("ERROR mlflow")[0]

    done = suite(place, root, allow_skipped=0.1, drop_leaks="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LEAK: 1 of 8 training images" in done.stdout
    assert "dropped: 1 training image\n" in done.stdout
    assert "THIN: 1 of 2 styles (Amber (2)) with fewer than 5 test images" in done.stdout
    assert "SMOTE" not in done.stdout.partition("runs from")[0]
    last = done.stdout[done.stdout.index("in the interface") :]
    assert "left out: 1 of 11" in last
    assert "train/Amber/broken.jpg: empty" in last
    assert logged(place, "skipped.json")["data"] == [["train/Amber/broken.jpg", "empty"]]
    assert logged(place, "audit.json")["leaks"] == [["train/Blue/leak.jpg", "test/Amber/0.jpg", "exact"]]
    assert sum(style["train"] for style in logged(place, "design.json")["data"]["styles"]) == 7


def test_prepare_prints_the_audit(tmp_path):
    root = split_folders(tmp_path / "images")
    shutil.copy(root / "test" / "Amber" / "0.jpg", root / "train" / "Blue" / "leak.jpg")
    options = ["--data", str(root), "--image-size", "16", "--cache", str(tmp_path / "cache")]
    done = CliRunner().invoke(prepare.command, options)
    assert done.exit_code == 0
    assert "train and test folders, 2 styles, 8 images for training and 2 for testing" in done.output
    assert "LEAK: 1 of 8 training images in the test split too" in done.output
    assert "median size of the files in pixels: train 24 x 24" in done.output
    assert "THIN: 1 of 2 styles (Amber (2)) with fewer than 5 test images" in done.output
    assert "with fewer than 6 training images: SMOTE has fewer" in done.output
    assert "--drop-leaks yes trains without them" in done.output
    assert "store: " in done.output
    (root / "train" / "Amber" / "broken.jpg").write_bytes(b"")
    stopped = CliRunner().invoke(prepare.command, options)
    assert stopped.exit_code == 1
    assert "1 of 11 images" in stopped.output
    done = CliRunner().invoke(prepare.command, [*options, "--allow-skipped", "1"])
    assert (
        "images that cannot be read and are left out: 1 of 11\n  train/Amber/broken.jpg: empty" in done.output
    )
