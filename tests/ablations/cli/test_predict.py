"""The network of a finished run predicts styles: by the command, by MLflow, from paths, bytes or arrays."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from ablations.cli.predict import command
from ablations.tracking import models
from tests.conftest import ROOT, STYLES, mlflow_run
from wikiart.images import decoding
from wikiart.learning.network import Network

KEY = ("class_order", "conv_layers", "dropout", "smote")


@pytest.fixture(scope="module")
def cells(suite):
    """Runs of the first suite by their levels; other tests may have started more suites."""
    first = suite.parents()[-1].info.run_id
    runs = [run for run in suite.cells() if run.data.tags["suite"] == first]
    return {tuple(run.data.params[name] for name in KEY): run for run in runs}


def uri(run) -> str:
    return f"runs:/{run.info.run_id}/model"


def items(run) -> dict[str, str]:
    """Predictions by path, as the run holds them."""
    table = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/items.json")
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    return {row["path"]: row["prediction"] for row in rows}


@pytest.mark.parametrize("order", ["sorted", "unsorted"])
def test_test_images_get_the_predictions_of_the_run(cells, paintings_folder, order):
    run = cells[order, "3", "0.1", "on"]
    words = ["--model", uri(run), "--format", "json", "--top", "4", str(paintings_folder / "test")]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    answers = {
        Path(answer["image"]).relative_to(paintings_folder).as_posix(): answer["styles"]
        for answer in json.loads(done.stdout)
    }
    assert {path: styles[0]["style"] for path, styles in answers.items()} == items(run)
    for styles in answers.values():
        probabilities = [style["probability"] for style in styles]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(1)
        assert {style["style"] for style in styles} == set(STYLES)


def test_unreadable_images_are_named_and_the_others_predicted(suite, cells, paintings_folder, tmp_path):
    # The output is text; one image is broken, one does not exist.
    run = cells["sorted", "3", "0.1", "off"]
    image = paintings_folder / "test" / "Amber" / "0.jpg"
    (tmp_path / "broken.jpg").write_bytes(image.read_bytes()[:100])
    words = ["--model", uri(run), "--top", "2", str(tmp_path / "none.png"), str(tmp_path), str(image)]
    done = subprocess.run(
        [sys.executable, "-m", "ablations.cli.predict", *words],
        env={**suite.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        cwd=suite.folder,
    )
    assert done.returncode == 1
    [line] = done.stdout.splitlines()
    assert line.startswith(f"{image}: {items(run)['test/Amber/0.jpg']} ")
    assert line.count("%") == 2
    missing, broken, last = done.stderr.splitlines()
    assert missing == f"{tmp_path / 'none.png'}: No such file or directory"
    assert broken.startswith(f"{tmp_path / 'broken.jpg'}: ")
    assert last == "Error: 2 of 3 images cannot be read"


def test_the_entry_point_prints_predictions(suite, cells, paintings_folder):
    run = cells["sorted", "3", "0.1", "on"]
    image = paintings_folder / "test" / "Amber" / "0.jpg"
    environment = {**suite.environment, "MLFLOW_EXPERIMENT_NAME": "predict"}  # apart from the runs of suites
    done = mlflow_run(environment, "predict", model=uri(run), images=image, top=1)
    assert done.returncode == 0, done.stderr
    assert f"{image}: {items(run)['test/Amber/0.jpg']} " in done.stdout


def test_csv_has_a_row_per_image_and_style(cells, paintings_folder):
    image = str(paintings_folder / "test" / "Amber" / "1.jpg")
    done = CliRunner().invoke(
        command, ["--model", uri(cells["sorted", "3", "0.1", "off"]), "--format", "csv", image]
    )
    header, *rows = done.stdout.splitlines()
    assert header == "image,rank,style,probability"
    assert [row.split(",")[:2] for row in rows] == [[image, "1"], [image, "2"], [image, "3"]]


def test_mlflow_models_predict_without_the_project(suite, cells, paintings_folder, tmp_path):
    run = cells["unsorted", "1", "0.1", "on"]
    answers = items(run)
    paths = [{"path": str(paintings_folder / path)} for path in answers]
    (tmp_path / "in.json").write_text(json.dumps({"dataframe_records": [*paths, {"path": "/nowhere.png"}]}))
    command = [sys.executable, "-m", "mlflow", "models", "predict", "--env-manager", "local", "-m", uri(run)]
    done = subprocess.run(
        [*command, "-i", tmp_path / "in.json", "-o", tmp_path / "out.json"],
        env={name: value for name, value in suite.environment.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    *predictions, missing = json.loads((tmp_path / "out.json").read_text())["predictions"]
    assert [row["style"] for row in predictions] == list(answers.values())
    assert missing == {
        "style": None,
        "error": "No such file or directory",
        **dict.fromkeys(f"p_{style}" for style in mlflow.models.get_model_info(uri(run)).metadata["classes"]),
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folder of a saved, untrained network that crops its images; the network."""
    torch.manual_seed(0)
    network = Network(2, 0.1, 32, 3).eval()
    folder = tmp_path_factory.mktemp("saved") / "model"
    models.save(network, folder, 32, "crop")
    models.stamp(folder, run_id="0123", model_id="m-0123", reading={"classes": ["style", "error", "Amber"]})
    return folder, network


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> Path:
    """Neither square nor upright."""
    pixels = np.random.default_rng(1).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    path = tmp_path_factory.mktemp("picture") / "turned.png"
    Image.fromarray(pixels).save(path, exif=exif)
    return path


def test_pictures_are_read_as_in_training(saved, picture):
    folder, network = saved
    pixels = decoding.decode(picture, 32, "crop").pixels
    with torch.no_grad():
        expected = network(torch.tensor(pixels).permute(2, 0, 1)[None].float()).exp()[0].numpy()
    table = mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame({"path": [str(picture)]}))
    assert list(table.columns) == ["style", "error", "p_style", "p_error", "p_Amber"]
    np.testing.assert_allclose(table.iloc[0, 2:].to_numpy(float), expected, rtol=1e-5)


def test_paths_bytes_text_and_pixels_give_the_same_predictions(saved, picture):
    model = mlflow.pyfunc.load_model(str(saved[0]))
    content = picture.read_bytes()
    upright = np.rot90(np.asarray(Image.open(picture)), -1)
    by_path = model.predict(pd.DataFrame({"path": [str(picture)]}))
    for images in (
        pd.DataFrame({"image": [content]}),
        pd.DataFrame({"image": [base64.b64encode(content).decode()]}),
        upright[None],
        upright[None].astype(np.int64),  # as JSON gives them
    ):
        pd.testing.assert_frame_equal(model.predict(images), by_path)


@pytest.mark.parametrize(
    "images",
    [
        pd.DataFrame({"picture": ["a.png"]}),
        pd.DataFrame({"image": ["no base64!"]}),
        np.zeros((1, 8, 8, 3), np.float32),
        np.full((1, 8, 8, 3), 256),
        np.zeros((8, 8, 3), np.uint8),
    ],
)
def test_other_inputs_are_refused(saved, images):
    model = mlflow.pyfunc.load_model(str(saved[0]))
    with pytest.raises(ValueError, match="bytes"):
        model.predict(images)


def test_the_model_loads_as_a_torch_network(saved):
    folder, network = saved
    pixels = torch.rand(5, 3, 32, 32) * 255
    with torch.no_grad():
        assert torch.equal(mlflow.pytorch.load_model(str(folder))(pixels), network(pixels))


def test_mistakes_are_one_line_or_clicks_usage(suite, saved, tmp_path):
    image = tmp_path / "image.png"
    Image.new("RGB", (8, 8)).save(image)
    (tmp_path / "empty").mkdir()
    for words, message in (
        (["--model", "runs:/0123/model", image], "no model runs:/0123/model (on sqlite:///"),
        (["--model", tmp_path / "empty", image], "(no file MLmodel in it)"),
        (["--model", "http://127.0.0.1:9/model", image], "http://127.0.0.1:9/model is not opened"),
        (["--model", "s3://bucket/model", image], "s3://bucket/model is not opened"),
        (["--model", "", image], "an empty path"),
        (["--model", saved[0], ""], "an empty path"),
        (["--model", saved[0], tmp_path / "empty"], "no image in"),
        (["--model", saved[0]], "Missing argument 'IMAGE...'"),
        ([image], "Missing option '--model'"),
    ):
        refused = CliRunner().invoke(command, list(map(os.fspath, words)))
        assert refused.exit_code in (1, 2)
        assert message in refused.output
        assert len(refused.stderr.splitlines()) == (1 if refused.exit_code == 1 else 4)
