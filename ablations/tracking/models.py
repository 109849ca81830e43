"""A trained network as an MLflow model: loads without this project, holds the weights once."""

import hashlib
import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import mlflow.pytorch
import numpy as np
import torch
from mlflow import pyfunc
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel
from mlflow.utils.file_utils import local_file_uri_to_path
from torch import nn

from ablations.process.errors import UserError, mask_passwords, root_cause_line
from ablations.tracking import server
from wikiart.images import reading
from wikiart.learning import classifier

WEIGHTS = Path("data") / "model.pt2"
CODE = "code"
REQUIRED = ("torch", "numpy", "pandas", "pillow")  # by what travels with a model


class ModelError(UserError):
    """There is no such model, or it is not a network of a suite; the message gives a remedy."""


def save(network: nn.Module, folder: Path, image_size: int, resize: str) -> None:
    """Write a network into a folder as an MLflow model of two flavours; `stamp` completes it.

    ``pytorch``, format pt2: float32 (n, 3, image_size, image_size), pixels 0..255, to
    log-probabilities (n, classes). ``python_function``: pictures to styles with probabilities
    (wikiart.classifier.Classifier), which makes the pictures square by the rule ``resize``.
    """
    shapes = tuple((name, tuple(value.shape)) for name, value in network.state_dict().items())
    kind = (shapes, image_size, resize)
    if kind in _known:
        _known[kind].write(network, folder)
        return
    _save(network, folder, image_size, resize)
    _known[kind] = _Known.at(folder)


@dataclass(frozen=True)
class _Known:
    """A saved network without its weights: others of its kind need not be traced again.

    The tracing takes longer than the training of a small network.
    """

    files: dict[Path, bytes]
    program: torch.export.ExportedProgram

    @classmethod
    def at(cls, folder: Path) -> "_Known":
        paths = [path for path in folder.rglob("*") if path.is_file()]
        files = {path.relative_to(folder): path.read_bytes() for path in paths if path != folder / WEIGHTS}
        return cls(files, torch.export.load(folder / WEIGHTS))

    def write(self, network: nn.Module, folder: Path) -> None:
        for path, content in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        kept = self.program.state_dict
        for name, value in network.state_dict().items():
            kept[name].data.copy_(value)
        (folder / WEIGHTS).parent.mkdir(exist_ok=True)
        with _unworried():
            torch.export.save(self.program, folder / WEIGHTS)


_known: dict[tuple, _Known] = {}  #: of this process; as many as a design has networks


def _save(network: nn.Module, folder: Path, image_size: int, resize: str) -> None:
    example = np.zeros((2, 3, image_size, image_size), np.float32)
    requirements = [f"{name}=={version(name).partition('+')[0]}" for name in REQUIRED]
    logging.getLogger("mlflow.models.model").setLevel(logging.ERROR)
    with _unworried():
        mlflow.pytorch.save_model(
            network.cpu(), str(folder), input_example=example, pip_requirements=requirements
        )
    model = Model.load(str(folder))
    _drop_example(model, folder)
    _take_pictures(model, folder, image_size, resize)
    model.save(str(folder / "MLmodel"))


@contextmanager
def _unworried() -> Iterator[None]:
    """torch.export warns of its own archive's layout."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _drop_example(model: Model, folder: Path) -> None:
    # The export needs an example; kept as text it would outweigh the weights (20 MB at 416 pixels).
    for name in ("input_example.json", "serving_input_example.json"):
        (folder / name).unlink(missing_ok=True)
    model.saved_input_example_info = None  # type: ignore[assignment]  # MLflow's own word for none


def _take_pictures(model: Model, folder: Path, image_size: int, resize: str) -> None:
    """Let the flavour ``python_function`` take pictures instead of the network's tensors."""
    files = [Path(str(module.__file__)) for module in (classifier, reading)]
    # Two versions of this code, of two models, may be loaded into one process.
    package = f"wikiart_{hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:12]}"
    for file in files:
        copy = folder / CODE / package / file.parent.name / file.name
        copy.parent.mkdir(parents=True)
        (copy.parent / "__init__.py").touch()
        shutil.copyfile(file, copy)
    (folder / CODE / package / "__init__.py").touch()
    model.signature = None  # MLflow's can neither say "paths or bytes or pixels" nor belong to one flavour
    pyfunc.add_to_model(
        model,
        loader_module=f"{package}.learning.classifier",
        data=WEIGHTS.as_posix(),
        code=CODE,
        conda_env="conda.yaml",
        python_env="python_env.yaml",
        model_config={"image_size": image_size, "resize": resize},
    )


def load(uri: str) -> PyFuncModel:
    """Load a saved network that takes pictures and returns styles with probabilities.

    Parameters
    ----------
    uri : str
        ``runs:/<run id>/model``, or a model's folder.

    Raises
    ------
    ModelError
        There is no such model, or it is not a network of a suite.
    ablations.tracking.server.ServerError
        The model is on a tracking server that cannot be used.
    """
    place = ""
    if ":/" in uri:
        server.check(server.tracking_uri())
        place = f"on {mask_passwords(server.tracking_uri())}: "
    try:
        model = pyfunc.load_model(uri, suppress_warnings=True)
    except (MlflowException, OSError) as error:
        raise ModelError(
            f"no model {uri} ({place}{root_cause_line(error)}): name a model by runs:/<run id>/model, "
            "with the id of a cell's finished run"
        ) from error
    if "resize" not in model.metadata.flavors[pyfunc.FLAVOR_NAME].get(pyfunc.MODEL_CONFIG, {}):
        raise ModelError(f"{uri} is not a network of a suite: name the model of a cell's finished run")
    return model


def share_weights(locations: Sequence[str]) -> None:
    """Keep the weights of models that were read from one training once, by hard links to the first.

    ``locations`` are where MLflow put the models' files; those that are no folders of this
    machine, or lie on different disks, are left as they are.
    """
    local = [location for location in locations if urlsplit(location).scheme in ("", "file")]
    files = [Path(local_file_uri_to_path(location)) / WEIGHTS for location in local]
    for other in files[1:]:
        link = other.with_suffix(".link")
        with suppress(OSError):
            link.hardlink_to(files[0])
            link.replace(other)


def stamp(folder: Path, *, run_id: str, model_id: str, classes: Sequence[str]) -> None:
    """Write into a saved model which run it is logged to, and how that run reads its outputs."""
    model = Model.load(str(folder))
    model.run_id, model.model_id = run_id, model_id
    model.metadata = {"classes": list(classes)}
    model.flavors[pyfunc.FLAVOR_NAME][pyfunc.MODEL_CONFIG]["classes"] = list(classes)
    model.save(str(folder / "MLmodel"))
