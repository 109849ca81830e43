"""Networks of suites are loaded, and nothing that was saved with them is executed.

MLflow imports the loader module that a model names, and ``torch.export.load`` unpickles parts of its
archive and evaluates the expressions of its graph. So neither is used: the model's description is checked,
the weights are read as numbers, and both go into this project's own `Network` and `Classifier`.
"""

import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, Literal, Self

import mlflow
import numpy as np
import torch
import yaml
from mlflow.exceptions import MlflowException
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from ablations.process.addresses import mask_passwords
from ablations.process.errors import UserError, first_line, root_cause_line
from ablations.tracking import server
from ablations.tracking.models import CODE, WEIGHTS
from wikiart.images.decoding import RESIZE
from wikiart.learning.classifier import Classifier
from wikiart.learning.config import TrainingConfig
from wikiart.learning.network import Network

SCHEMES = ("runs:/", "models:/")
DESCRIPTION = "MLmodel"
DESCRIPTION_BYTES = 2**20  #: more are not read
PACKAGE = r"wikiart_[0-9a-f]{12}"
FILES = re.compile(
    rf"{DESCRIPTION}|conda\.yaml|python_env\.yaml|requirements\.txt|registered_model_meta|{WEIGHTS.as_posix()}"
    rf"|{CODE}/{PACKAGE}/((images|learning)/)?(__init__|decoding|classifier)\.py"
    rf"|{CODE}/{PACKAGE}/(\w+/)?__pycache__/[\w.-]+\.pyc"
)
CONVOLUTION = re.compile(r"features\.(?:\d+\.)?convolution\.weight")
#: kinds of numbers in the archive of an exported program: torch's number of the kind -> little-endian type
KINDS: Mapping[int, np.dtype] = {5: np.dtype("<i8"), 7: np.dtype("<f4")}


class ModelError(UserError):
    """There is no such model, or it is not a network of a suite; the message gives a remedy."""


class _Foreign(Exception):
    """The reason why a folder is not a network of a suite."""


class _Settings(BaseModel):
    """The arguments of `Classifier` that a model's description holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    classes: list[str] = Field(min_length=2)
    image_size: int = Field(ge=1)
    resize: Literal[tuple(RESIZE)]  # type: ignore[valid-type]  # the keys of a mapping
    adjustment: list[FiniteFloat] = []  # models of earlier versions have none

    @model_validator(mode="after")
    def _check_adjustment(self) -> Self:
        if self.adjustment and len(self.adjustment) != len(self.classes):
            raise ValueError("adjustment has another length than classes")
        return self


class _Flavour(BaseModel):
    """The flavour ``python_function`` of a network of a suite."""

    loader_module: str = Field(pattern=rf"^{PACKAGE}\.learning\.classifier$")
    data: Literal["data/model.pt2"]
    code: Literal["code"]
    config: _Settings


def load(uri: str) -> Classifier:
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
    if not uri.startswith(SCHEMES):
        if re.match(r"\w[\w+.-]+:", uri):
            raise ModelError(f"{uri} is not opened: name a model by runs:/<run id>/model, or its folder")
        return _load_folder(Path(uri), uri)
    tracking_uri = server.tracking_uri()
    server.check(tracking_uri)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            folder = mlflow.artifacts.download_artifacts(uri, dst_path=scratch)
        except (MlflowException, OSError) as error:
            raise ModelError(
                f"no model {uri} (on {mask_passwords(tracking_uri)}: {root_cause_line(error)}): name a model "
                "by runs:/<run id>/model, with the id of a cell's finished run"
            ) from error
        return _load_folder(Path(folder), uri)


def _load_folder(folder: Path, name: str) -> Classifier:
    """Load the network in a folder; ``name`` is what the user calls it."""
    if not (folder / DESCRIPTION).is_file():
        raise ModelError(
            f"no model {name} (no file {DESCRIPTION} in it): name a model by runs:/<run id>/model, or its "
            "folder"
        )
    try:
        _check_files(folder)
        settings = _read_settings(folder / DESCRIPTION)
        network = _network(_read_weights(folder / WEIGHTS), settings)
    except (_Foreign, OSError) as error:
        reason = first_line(error) if isinstance(error, _Foreign) else root_cause_line(error)
        raise ModelError(
            f"{name} is not a network of a suite ({reason}): name the model of a cell's "
            "finished run; nothing in it has been executed"
        ) from error
    return Classifier(network, **settings.model_dump())


def _check_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_dir() or FILES.fullmatch(name)):
            raise _Foreign(f"it holds {name}")


def _read_settings(path: Path) -> _Settings:
    """Read and check the description of a model; YAML's safe loader makes nothing but plain values."""
    if path.stat().st_size > DESCRIPTION_BYTES:
        raise _Foreign(f"{path.name} is too long")
    try:
        flavours = yaml.safe_load(path.read_text(encoding="utf-8"))["flavors"]
        return _Flavour.model_validate(flavours["python_function"]).config
    except ValidationError as error:
        [first, *_] = error.errors()
        raise _Foreign(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (yaml.YAMLError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise _Foreign(f"{path.name} describes no python_function") from error


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read the weights in the archive of an exported program, which holds them as plain numbers.

    Parameters
    ----------
    path : Path
        File written by ``torch.export.save``: a zip archive with a file for each tensor, and a table of their
        names, kinds and sizes in JSON.

    Raises
    ------
    _Foreign
        It is no such archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = archive.namelist()[0].partition("/")[0]
            table = json.loads(archive.read(f"{root}/data/weights/model_weights_config.json"))["config"]
            return {
                name: _read_tensor(archive, f"{root}/data/weights", entry) for name, entry in table.items()
            }
    except (zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise _Foreign(f"{path.name} holds no weights: {first_line(error)}") from error


def _read_tensor(archive: zipfile.ZipFile, folder: str, entry: Mapping[str, Any]) -> torch.Tensor:
    meta = entry["tensor_meta"]
    file, kind = archive.getinfo(f"{folder}/{entry['path_name']}"), KINDS[meta["dtype"]]
    shape = tuple(int(size["as_int"]) for size in meta["sizes"])
    # The numbers as they stand in the file, which is as long as they are: neither pickled nor compressed.
    if entry["use_pickle"] or file.compress_type != zipfile.ZIP_STORED:
        raise ValueError("the tensors are not plain numbers")
    if min(shape, default=0) < 0 or file.file_size != prod(shape) * kind.itemsize:
        raise ValueError("the tensors have other sizes")
    numbers = torch.from_numpy(np.frombuffer(bytearray(archive.read(file)), kind))
    # Convolutions have their channels last in memory. Strides that lead out of the file are a RuntimeError.
    return numbers.as_strided(shape, [int(stride["as_int"]) for stride in meta["strides"]]).contiguous()


def _network(weights: Mapping[str, torch.Tensor], settings: _Settings) -> Network:
    conv_layers = sum(bool(CONVOLUTION.fullmatch(name)) for name in weights)
    try:
        TrainingConfig(conv_layers=conv_layers, image_size=settings.image_size)
        with torch.device("meta"):  # takes no memory until the weights are put in
            network = Network(conv_layers, 0.0, settings.image_size, len(settings.classes))
        network.load_state_dict(weights, assign=True)
    except (ValidationError, RuntimeError) as error:
        raise _Foreign("its weights are not those of a network of this version") from error
    return network.eval()
