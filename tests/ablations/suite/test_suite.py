"""A real suite started by ``mlflow run``: the content of its runs, and a second start."""

import json
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from ablations import ablate
from tests.conftest import NOT_TESTED, ROOT, STYLES, TINY, mlflow_run
from tests.interface import link

KINDS = ("cells", "report")  # of the links that a suite prints
DRIVER = """
import sys
from ablations import ablate
try:
    ablate.command(sys.argv[1:])
finally:
    print("loaded:", [name for name in ("torch", "sklearn", "imblearn", "numba") if name in sys.modules])
"""
FACTORS = ("class_order", "conv_layers", "dropout", "smote")


@pytest.fixture(scope="module")
def parent(suite):
    return suite.parents()[-1]


@pytest.fixture(scope="module")
def cells(suite, parent):
    runs = [run for run in suite.cells() if run.data.tags["suite"] == parent.info.run_id]
    return {tuple(run.data.params[name] for name in FACTORS): run for run in runs}


@pytest.fixture(autouse=True)
def tracking_uri(suite):
    """Let MLflow's global functions use the suite's store, whichever store another file's tests used last."""
    mlflow.set_tracking_uri(suite.uri)


@pytest.fixture(scope="module")
def test_images(paintings_folder):
    """Paths and float pixels (n, 3, 24, 24) of the test images, in the order of the item tables."""
    paths = sorted(paintings_folder.glob("test/*/*.jpg"))
    pixels = [np.asarray(Image.open(path), np.float32).transpose(2, 0, 1) for path in paths]
    names = [path.relative_to(paintings_folder).as_posix() for path in paths]
    return names, torch.from_numpy(np.stack(pixels))


def test_sixteen_finished_cells_below_the_run_that_mlflow_made(suite, parent, cells):
    assert len(cells) == 16
    assert {run.info.status for run in cells.values()} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in cells.values()} == {parent.info.run_id}
    assert parent.info.status == "FINISHED"
    assert parent.data.params["epochs"] == str(TINY["epochs"])  # logged by mlflow run itself
    assert {run.data.tags["role"] for run in suite.client.search_runs(["0"])} == {"suite", "cell"}


def test_parameters_are_the_factors_and_the_seed(cells):
    for run in cells.values():
        assert set(run.data.params) == {*FACTORS, "seed"}


def test_metrics_curves_and_description(suite, cells):
    for run in cells.values():
        assert {"test/accuracy", "test/balanced_accuracy", "test/macro_f1"} <= set(run.data.metrics)
        tested = {f"test_class/{style}" for style in STYLES if style != NOT_TESTED}
        assert {name for name in run.data.metrics if name.startswith("test_class/")} == tested
        curve = suite.client.get_metric_history(run.info.run_id, "train/loss")
        assert [point.step for point in curve] == list(range(1, TINY["epochs"] + 1))
        assert not any(name.startswith("validation/") for name in run.data.metrics)
        assert "Cell" in run.data.tags["mlflow.note.content"]
        assert {inputs.dataset.name for inputs in run.inputs.dataset_inputs} == {
            "train images",
            "test images",
        }
    assert "as given" in cells["unsorted", "1", "0.01", "off"].data.tags["mlflow.note.content"]
    assert "0.2841" in cells["sorted", "3", "0.1", "off"].data.tags["mlflow.note.content"]


def test_artifacts(suite, cells):
    expected = {"items.json", "confusion.json", "confusion.png", "classes.json"}
    for run in cells.values():
        assert expected <= {artifact.path for artifact in suite.client.list_artifacts(run.info.run_id)}


def test_smotes_remarks_stand_on_the_run(suite, cells):
    text = mlflow.artifacts.load_text(f"{cells['sorted', '1', '0.1', 'on'].info.artifact_uri}/log.txt")
    assert "Dusk" in text


def model_and_classes(run) -> tuple[torch.nn.Module, list[str]]:
    model = mlflow.pytorch.load_model(f"runs:/{run.info.run_id}/model")
    info = mlflow.models.get_model_info(f"runs:/{run.info.run_id}/model")
    return model, info.metadata["classes"]


def test_each_checkpoint_gives_its_logged_accuracy_again(cells, test_images):
    names, pixels = test_images
    for run in cells.values():
        model, classes = model_and_classes(run)
        with torch.no_grad():
            answers = [classes[k] for k in model(pixels).argmax(1).tolist()]
        truth = [name.split("/")[1] for name in names]
        accuracy = np.mean([answer == true for answer, true in zip(answers, truth, strict=True)])
        assert accuracy == pytest.approx(run.data.metrics["test/accuracy"])
        items = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/items.json")
        rows = [dict(zip(items["columns"], row, strict=True)) for row in items["data"]]
        assert [row["path"] for row in rows] == names
        assert [row["truth"] for row in rows] == truth
        assert [row["prediction"] for row in rows] == answers


def weights_file(suite, run) -> Path:
    [model] = run.outputs.model_outputs
    location = suite.client.get_logged_model(model.model_id).artifact_location
    return Path(location.removeprefix("file://")) / "data" / "model.pt2"


def test_class_order_pairs_share_their_weights_and_differ_in_the_numbering(suite, cells, test_images):
    pairs = 0
    for key, mixed in cells.items():
        if key[0] != "unsorted":
            continue
        pairs += 1
        ordered = cells["sorted", *key[1:]]
        assert mixed.data.tags["training"] == ordered.data.tags["training"]
        (one, mixed_classes), (other, sorted_classes) = model_and_classes(mixed), model_and_classes(ordered)
        states = one.state_dict(), other.state_dict()
        assert states[0].keys() == states[1].keys()
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
        with torch.no_grad():
            assert torch.equal(one(test_images[1]), other(test_images[1]))
        one, other = (weights_file(suite, run) for run in (mixed, ordered))
        assert one.samefile(other)  # stored once
        assert sorted_classes == sorted(STYLES)
        assert sorted(mixed_classes) == sorted_classes
        assert mixed_classes != sorted_classes
    assert pairs == 8


def test_trainings_differ_where_the_cells_do(cells):
    assert len({run.data.tags["training"] for run in cells.values()}) == 8


def test_sorted_scores_the_remaining_styles_right_though_one_is_not_tested(cells):
    """The colours are easy. If the test split had its own numbering, Crimson and Dusk would be wrong."""
    metrics = cells["sorted", "3", "0.01", "off"].data.metrics
    assert metrics["test_class/Crimson"] == 1
    assert metrics["test/accuracy"] > 0.6


def test_the_parent_says_what_the_suite_is(suite, parent):
    design = mlflow.artifacts.load_dict(f"{parent.info.artifact_uri}/design.json")
    assert design["metric"] == "accuracy"
    assert [factor["name"] for factor in design["factors"]] == list(FACTORS)
    assert len(design["runs"]) == 16
    assert design["data"]["majority_style"] == "Amber"
    assert design["data"]["majority_accuracy"] == pytest.approx(1 / 3)
    assert parent.data.tags["factors"].startswith("class_order=unsorted,sorted conv_layers=1,3")


def test_output_has_progress_table_files_and_link(suite, parent):
    assert "[16/16 runs" in suite.output
    assert "always Amber" in suite.output
    assert "table.tex" in suite.output
    assert "/#/experiments/0/runs?compareRunsMode=CHART&viewStateShareKey=" in suite.output
    assert f"/runs/{parent.info.run_id}/artifacts/report.html" in suite.output


def test_the_report_and_smotes_pictures_stand_on_the_parent(suite, parent):
    def files(folder: str) -> set[str]:
        return {artifact.path for artifact in suite.client.list_artifacts(parent.info.run_id, folder)}

    assert "report.html" in files("")
    assert {"report/report.md", "report/effects.tex", "report/effects.png"} <= files("report")
    assert {"smote/counts.png", "smote/counts.json"} <= files("smote")
    assert parent.data.tags["command"].startswith("mlflow run . -e ablate --env-manager local -P data=")


def test_smotes_contact_sheet_and_counts(suite, more):
    newest = next(run for run in suite.parents() if run.data.tags["seeds"] == "2")
    files = {artifact.path for artifact in suite.client.list_artifacts(newest.info.run_id, "smote")}
    assert "smote/sheet-auto.png" in files
    table = mlflow.artifacts.load_dict(f"{newest.info.artifact_uri}/smote/counts.json")
    assert table["columns"] == ["style", "before", "auto"]
    assert table["data"] == [["Amber", 14, 14], ["Blue", 9, 14], ["Crimson", 6, 14], ["Dusk", 3, 14]]


def test_the_same_command_again_writes_the_summary_again_and_creates_no_suite(
    suite, parent, paintings_folder
):
    runs = [run.info.run_id for run in (*suite.parents(), *suite.cells())]
    report = suite.folder / "results" / parent.info.run_name / "report.html"
    report.unlink()
    again = suite.run("ablate", data=paintings_folder, **TINY)
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"16 runs finished already: suite {parent.info.run_name}" in again.stdout
    assert rows(again.stdout) == rows(suite.output)
    assert [link(again.stdout, kind) for kind in KINDS] == [link(suite.output, kind) for kind in KINDS]
    assert report.exists()
    assert [run.info.run_id for run in (*suite.parents(), *suite.cells())] == runs
    [repetition] = suite.client.search_runs(["0"], "tags.role = 'repetition'")  # the run of mlflow run
    assert repetition.info.status == "FINISHED"
    assert repetition.data.tags["repeats"] == parent.info.run_id
    assert f"/runs/{parent.info.run_id})" in repetition.data.tags["mlflow.note.content"]


def test_a_finished_suite_is_summarized_again_without_a_run_and_without_torch(suite, paintings_folder):
    before = [run.info.run_id for run in suite.client.search_runs(["0"])]
    options = {"data": paintings_folder, "out": suite.folder / "results", **TINY}
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    environment = {**suite.environment, "PYTHONPATH": str(ROOT)}
    again = subprocess.run(
        [sys.executable, "-c", DRIVER, *words], env=environment, capture_output=True, text=True
    )
    assert "16 runs finished already" in again.stdout, again.stderr
    assert again.stdout.splitlines()[-1] == "loaded: []"
    assert [run.info.run_id for run in suite.client.search_runs(["0"])] == before


def rows(output: str) -> list[str]:
    lines = output.splitlines()
    return [line for line in lines if line.startswith(("unsorted ", "sorted ", "always "))]


def test_a_larger_suite_runs_only_what_is_new(more):
    assert "4 runs from 4 trainings, 1 of them finished already" in more.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--factors", "colour=red,blue"], "no setting is called colour"),
        (["--factors", "dropout=0.1,7"], "dropout=7: allowed are"),
        (["--base", "conv_layers=nine"], "conv_layers=nine: allowed are"),
        (["--design", "quarter"], "one-at-a-time"),
        (["--seeds", "0"], "--seeds"),
        (["--epochs", "many"], "--epochs"),
        (["--device", "tpu"], "device=tpu"),
        (["--data", "/no/such/folder"], "/no/such/folder"),
    ],
)
def test_mistakes_are_refused_before_anything_runs(suite, options, message):
    before = len(suite.parents())
    refused = CliRunner().invoke(ablate.command, options)
    assert refused.exit_code in (1, 2)
    assert isinstance(refused.exception, SystemExit)  # a message, no traceback
    assert message in refused.output
    assert len(suite.parents()) == before


def test_a_mistake_through_mlflow_run(suite):
    refused = mlflow_run(suite.environment, "ablate", factors="colour=red,blue")
    assert refused.returncode != 0
    assert "no setting is called colour; there are: class_order, prior, conv_layers" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert suite.parents()[0].info.status == "FINISHED"  # no suite came of it


def test_classes_stand_beside_the_runs(cells):
    run = cells["sorted", "3", "0.1", "off"]
    assert json.loads(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/classes.json"))[
        "classes"
    ] == sorted(STYLES)
