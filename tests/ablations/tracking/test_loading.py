"""Loading a model executes nothing of it, whoever wrote it."""

import json
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
import yaml

from ablations.tracking import models
from ablations.tracking.loading import ModelError, load
from wikiart.learning.network import Network

CLASSES = ["style", "error", "Amber"]


@pytest.fixture(scope="module", params=[1, 3])
def saved(request, tmp_path_factory) -> tuple[Path, Network]:
    torch.manual_seed(request.param)
    network = Network(request.param, 0.1, 24, len(CLASSES)).eval().to(memory_format=torch.channels_last)
    folder = tmp_path_factory.mktemp("saved") / "model"
    models.save(network, folder, 24, "stretch")
    models.stamp(folder, run_id="0123", model_id="m-0123", reading={"classes": CLASSES})
    return folder, network


@pytest.fixture
def model(saved, tmp_path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(saved[0], tmp_path / "model"))


def describe(model: Path, change: Callable[[dict], object]) -> None:
    about = yaml.safe_load((model / "MLmodel").read_text())
    change(about["flavors"]["python_function"])
    (model / "MLmodel").write_text(yaml.safe_dump(about))


def rewrite_weights(model: Path, change: Callable[[str, bytes], bytes]) -> None:
    path = model / models.WEIGHTS
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, change(name, content))


class Write:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_loaded_network_answers_as_the_saved_one(saved):
    folder, network = saved
    pixels = np.random.default_rng(0).integers(0, 256, (5, 24, 24, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2).float()).double().exp().numpy()
    table = load(str(folder)).predict(pixels)
    assert list(table.columns) == ["style", "error", *(f"p_{name}" for name in CLASSES)]
    np.testing.assert_allclose(table.iloc[:, 2:].to_numpy(float), expected, rtol=1e-6)


def test_the_reading_of_a_model_is_applied(model, saved):
    """As after prior=uniform; MLflow's own loader, which executes the model's code, agrees."""
    adjustment = [0.5, 2.0, 1.0]
    models.stamp(
        model, run_id="0123", model_id="m-0123", reading={"classes": CLASSES, "adjustment": adjustment}
    )
    pixels = np.random.default_rng(0).integers(0, 256, (5, 24, 24, 3), dtype=np.uint8)
    with torch.inference_mode():
        outputs = saved[1](torch.from_numpy(pixels).permute(0, 3, 1, 2).float()).double()
    expected = (outputs.exp() * torch.tensor(adjustment).exp()).numpy()
    expected /= expected.sum(1, keepdims=True)
    for network in (load(str(model)), mlflow.pyfunc.load_model(str(model))):
        table = network.predict(pixels)
        np.testing.assert_allclose(table.iloc[:, 2:].to_numpy(float), expected, rtol=1e-5)
        assert list(table["style"]) == [CLASSES[k] for k in expected.argmax(1)]


def test_the_code_of_a_model_is_not_executed(model, tmp_path):
    mark = tmp_path / "executed"
    planted = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
    for file in (model / "code").rglob("*.py"):
        file.write_text(planted + file.read_text())
    assert load(str(model)).classes == tuple(CLASSES)
    assert not mark.exists()


def test_a_loader_of_another_name_is_refused_and_not_executed(model, tmp_path):
    mark = tmp_path / "executed"
    (model / "code" / "planted.py").write_text(f"from pathlib import Path\nPath({str(mark)!r}).touch()\n")
    with pytest.raises(ModelError, match=r"it holds code/planted\.py\): name the model of a cell's"):
        load(str(model))
    (model / "code" / "planted.py").unlink()
    describe(model, lambda flavour: flavour.update(loader_module="planted"))
    with pytest.raises(ModelError, match="loader_module"):
        load(str(model))
    assert not mark.exists()


@pytest.mark.parametrize("part", ["sample_inputs/model.pt", "weights/weight_0", "constants"])
def test_nothing_is_unpickled(model, tmp_path, part):
    mark = tmp_path / "executed"

    def plant(name: str, content: bytes) -> bytes:
        if name.endswith(part):
            return pickle.dumps(Write(mark))
        if not name.endswith("weights_config.json") or not part.startswith("weights"):
            return content
        table = json.loads(content)
        for entry in table["config"].values():
            entry["use_pickle"] = True
        return json.dumps(table).encode()

    rewrite_weights(model, plant)
    if part.startswith("weights"):
        with pytest.raises(ModelError, match="not plain numbers"):
            load(str(model))
    else:
        load(str(model))
    assert not mark.exists()


def test_no_expression_is_evaluated(model, tmp_path):
    mark = tmp_path / "executed"
    expression = f"__import__('os').mkdir('{mark}')".encode()

    def plant(name: str, content: bytes) -> bytes:
        return re.sub(rb'"expr_str": "[^"]*"', b'"expr_str": "%s"' % expression, content)

    rewrite_weights(model, plant)
    assert expression in (model / models.WEIGHTS).read_bytes()
    load(str(model))
    assert not mark.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda flavour: flavour.update(code=".."),
        lambda flavour: flavour.update(data="../model.pt2"),
        lambda flavour: flavour.pop("loader_module"),
        lambda flavour: flavour["config"].update(image_size="24"),
        lambda flavour: flavour["config"].update(image_size=2**40),
        lambda flavour: flavour["config"].update(resize="melt"),
        lambda flavour: flavour["config"].update(classes=["a", "b"]),
        lambda flavour: flavour["config"].update(classes=["a", "b", 3]),
        lambda flavour: flavour["config"].update(adjustment=[0.0, 1.0]),
        lambda flavour: flavour["config"].update(adjustment=[0.0, 1.0, float("nan")]),
        lambda flavour: flavour["config"].update(more=1),
    ],
)
def test_another_description_is_refused(model, change):
    describe(model, change)
    with pytest.raises(ModelError, match=r"^\S+ is not a network of a suite \([^\n]+$"):
        load(str(model))


@pytest.mark.parametrize(
    "text", ["", "[]", "flavors: 1", "{", "flavors: !!python/object/apply:os.abort []", "[" * 9999, "\ud800"]
)
def test_a_broken_description_is_refused(model, text):
    (model / "MLmodel").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ModelError, match="describes no python_function"):
        load(str(model))


def test_broken_weights_are_refused(model):
    path = model / models.WEIGHTS
    content = path.read_bytes()
    for broken in (b"", content[:1000], b"no archive", pickle.dumps(Write(path.with_name("executed")))):
        path.write_bytes(broken)
        with pytest.raises(ModelError, match="holds no weights"):
            load(str(model))
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(ModelError, match=r"it holds data/model\.pt2"):
        load(str(model))
    assert not path.with_name("executed").exists()
