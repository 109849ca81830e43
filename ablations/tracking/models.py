"""Trained networks as MLflow models.

A model holds the weights once, for two flavours, and loads without this project:

- ``pytorch``, format pt2: float32 (n, 3, size, size), pixels 0..255, to log-probabilities (n, classes);
- ``python_function``: pictures to styles with probabilities (wikiart.learning.classifier.Classifier).

The weights are those of the training. What differs between the cells that are read from it stands in each
model's metadata, and the classifier applies it: ``classes``, the style that each output is read as, and
``adjustment``, what is added to its log-probability (zeros unless ``prior=uniform``).
"""

import hashlib
import logging
import shutil
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import mlflow.pytorch
import numpy as np
import torch
from mlflow import pyfunc
from mlflow.models import Model
from mlflow.utils.file_utils import local_file_uri_to_path
from torch import nn

from wikiart.images import decoding
from wikiart.learning import classifier

WEIGHTS = Path("data") / "model.pt2"
CODE = "code"
REQUIRED = ("torch", "numpy", "pandas", "pillow")  # imported by the code that is saved with a model


def save(network: nn.Module, folder: Path, image_size: int, resize: str) -> None:
    """Save a network as an MLflow model, without its run and class list, which `stamp` adds.

    Parameters
    ----------
    network : nn.Module
        The trained network.
    folder : Path
        Folder to write.
    image_size : int
        Side of the network's images in pixels.
    resize : str
        How the flavour ``python_function`` makes pictures square; a key of wikiart.images.decoding.RESIZE.
    """
    shapes = tuple((name, tuple(value.shape)) for name, value in network.state_dict().items())
    kind = (shapes, image_size, resize)
    if kind in _templates:
        _templates[kind].write(network, folder)
    else:
        _export(network, folder, image_size, resize)
        _templates[kind] = _Template.read(folder)


@dataclass(frozen=True)
class _Template:
    """A saved model whose weights are replaced to save another network of the same layers and shapes."""

    files: dict[Path, bytes]  # all files but the weights
    program: torch.export.ExportedProgram

    @classmethod
    def read(cls, folder: Path) -> "_Template":
        paths = [path for path in folder.rglob("*") if path.is_file()]
        files = {path.relative_to(folder): path.read_bytes() for path in paths if path != folder / WEIGHTS}
        return cls(files, torch.export.load(folder / WEIGHTS))

    def write(self, network: nn.Module, folder: Path) -> None:
        # 1. The files that do not depend on the weights.
        for path, content in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        # 2. The weights, copied into the tensors of the exported program: its graph refers to them by name,
        #    and equal names and shapes mean the same layers.
        weights = self.program.state_dict
        for name, value in network.state_dict().items():
            weights[name].data.copy_(value)
        # 3. The program with these weights. torch.export warns about the layout of its own archive.
        (folder / WEIGHTS).parent.mkdir(exist_ok=True)
        with warnings.catch_warnings(
            action="ignore"
        ):  # torch.export warns about the layout of its own archive
            torch.export.save(self.program, folder / WEIGHTS)


#: Kind of network -> template. Process-wide, because nothing else lives as long as a worker process: it
#: carries out many trainings, and the export takes longer than the training of a small network. It grows
#: by one entry for each kind of network in a design.
_templates: dict[tuple, _Template] = {}


def _export(network: nn.Module, folder: Path, image_size: int, resize: str) -> None:
    """Trace a network and save it as a new model."""
    example = np.zeros((2, 3, image_size, image_size), np.float32)
    # Given explicitly, because MLflow would otherwise find them out in a new process, for ten seconds.
    requirements = [f"{name}=={version(name).partition('+')[0]}" for name in REQUIRED]
    logging.getLogger("mlflow.models.model").setLevel(logging.ERROR)
    with warnings.catch_warnings(action="ignore"):
        mlflow.pytorch.save_model(
            network.cpu(), str(folder), input_example=example, pip_requirements=requirements
        )
    model = Model.load(str(folder))
    # The export needs an input example; as text it would be larger than the weights.
    for name in ("input_example.json", "serving_input_example.json"):
        (folder / name).unlink(missing_ok=True)
    model.saved_input_example_info = None  # type: ignore[assignment]  # MLflow's own value for none
    _add_classifier(model, folder, image_size, resize)
    model.save(str(folder / "MLmodel"))


def _add_classifier(model: Model, folder: Path, image_size: int, resize: str) -> None:
    """Make the flavour ``python_function`` a classifier of pictures, with its code in the model."""
    # 1. Copy the modules of the classifier into the model. The package's name contains a digest of them,
    #    because one process may load two models that were saved with different versions of this code.
    files = [Path(str(module.__file__)) for module in (classifier, decoding)]
    package = f"wikiart_{hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:12]}"
    for file in files:
        copy = folder / CODE / package / file.parent.name / file.name
        copy.parent.mkdir(parents=True)
        (copy.parent / "__init__.py").touch()
        shutil.copyfile(file, copy)
    (folder / CODE / package / "__init__.py").touch()
    # 2. Remove the signature: it holds for both flavours, and cannot express "paths, bytes or pixels".
    model.signature = None
    # 3. Register the classifier. Its data are the weights that the flavour ``pytorch`` has saved.
    pyfunc.add_to_model(
        model,
        loader_module=f"{package}.learning.classifier",
        data=WEIGHTS.as_posix(),
        code=CODE,
        conda_env="conda.yaml",
        python_env="python_env.yaml",
        model_config={"image_size": image_size, "resize": resize},
    )


def copy(folder: Path, target: Path) -> None:
    """Copy a saved model; the copy has a symbolic link to the weights, which an upload follows."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(WEIGHTS.name))
    (target / WEIGHTS).symlink_to((folder / WEIGHTS).resolve())


def is_saved(folder: Path) -> bool:
    """Return True if a folder holds a model that `save` wrote, going by its files."""
    with suppress(Exception):  # from the file system, YAML, MLflow or the values
        flavors = Model.load(str(folder)).flavors
        return (folder / WEIGHTS).is_file() and pyfunc.MODEL_CONFIG in flavors[pyfunc.FLAVOR_NAME]
    return False


def stamp(folder: Path, *, run_id: str, model_id: str, reading: Mapping[str, list]) -> None:
    """Write into a saved model the run that it is logged to and how its outputs are read.

    Parameters
    ----------
    folder : Path
        The saved model.
    run_id, model_id : str
        Of the run and of the logged model.
    reading : mapping
        ``classes`` and ``adjustment``, as for `Classifier`.
    """
    model = Model.load(str(folder))
    model.run_id, model.model_id = run_id, model_id
    model.metadata = dict(reading)
    model.flavors[pyfunc.FLAVOR_NAME][pyfunc.MODEL_CONFIG].update(reading)
    model.save(str(folder / "MLmodel"))


def share_weights(location: str, sources: Sequence[str | Path]) -> None:
    """Replace the weights of a model by a hard link to equal ones, so that a disk holds them once.

    Parameters
    ----------
    location : str
        URI of the model's files. A model on a server keeps a file of its own.
    sources : sequence of str or Path
        Folders or URIs of models of the same training; the first that can be linked to is taken. The
        outcome of the training comes first: it is there in each attempt to finish the runs. If it is on
        another disk than the models, these can still share a file with each other.
    """
    target = _weights_file(location)
    for source in filter(None, map(_weights_file, sources)):
        if target is None or target == source:
            return
        # Link under another name and rename: the model has its weights at every moment.
        link = target.with_suffix(".link")
        with suppress(OSError):  # another disk, or a file system without hard links
            link.hardlink_to(source)
            link.replace(target)
            return


def _weights_file(location: str | Path) -> Path | None:
    """Return the file of a model's weights; None for a model on a server."""
    is_local = isinstance(location, Path) or urlsplit(location).scheme in ("", "file")
    return Path(local_file_uri_to_path(str(location))) / WEIGHTS if is_local else None
