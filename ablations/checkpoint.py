"""A trained network as an MLflow model: loads without this project, holds the weights once."""

import logging
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import mlflow.pytorch
import numpy as np
import torch
from mlflow.models import Model
from mlflow.utils.file_utils import local_file_uri_to_path
from torch import nn


def save(network: nn.Module, folder: Path, image_size: int) -> None:
    """Write a network into a folder as an MLflow model of the format pt2.

    Input: float32 (n, 3, image_size, image_size), pixels 0..255. Output: log-probabilities (n, classes).
    """
    example = np.zeros((2, 3, image_size, image_size), np.float32)
    requirements = [f"torch=={torch.__version__.partition('+')[0]}"]
    logging.getLogger("mlflow.models.model").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.export warns of its own archive's layout
        mlflow.pytorch.save_model(
            network.cpu(), str(folder), input_example=example, pip_requirements=requirements
        )
    _drop_example(folder)


def _drop_example(folder: Path) -> None:
    # The export needs an example; kept as text it would outweigh the weights (20 MB at 416 pixels).
    for name in ("input_example.json", "serving_input_example.json"):
        (folder / name).unlink(missing_ok=True)
    model = Model.load(str(folder))
    model.saved_input_example_info = None
    model.save(str(folder / "MLmodel"))


def share_weights(locations: Sequence[str]) -> None:
    """Keep the weights of models that were read from one training once, by hard links to the first.

    ``locations`` are where MLflow put the models' files; those that are no folders of this
    machine, or lie on different disks, are left as they are.
    """
    local = [location for location in locations if urlsplit(location).scheme in ("", "file")]
    files = [Path(local_file_uri_to_path(location)) / "data" / "model.pt2" for location in local]
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
    model.save(str(folder / "MLmodel"))
