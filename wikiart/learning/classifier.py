"""A trained network for use: from pictures to styles with probabilities.

This file and images/decoding.py are copied into every saved model, so that it can be loaded where the
project is not installed. They import nothing else of the project, and each other by relative names.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

from ..images.decoding import RESIZE, Unreadable, decode

PREFIX = "p_"  #: of the names of the styles' columns, since a style may itself be called "style"
BATCH = 64  #: pictures that are classified together


class Classifier:
    """A network together with what is needed to classify pictures.

    Parameters
    ----------
    network : callable
        Maps float32 (n, 3, image_size, image_size), pixels 0..255, to log-probabilities (n, classes).
    classes : sequence of str
        The style that each output of the network stands for.
    image_size : int
        Side in pixels of the images that the network was trained on.
    resize : {"stretch", "crop", "pad"}
        How they were made square.
    adjustment : sequence of float
        What is added to the log-probability of each output, in their order, before probabilities are
        computed: the reading's correction for the classes' shares in training. Default: nothing.
    """

    def __init__(
        self,
        network: Callable[[torch.Tensor], torch.Tensor],
        classes: Sequence[str],
        image_size: int,
        resize: str,
        adjustment: Sequence[float] = (),
    ):
        self.network, self.classes = network, tuple(classes)
        self.adjustment = torch.tensor(adjustment or [0.0] * len(self.classes), dtype=torch.float64)
        self.image_size, self.resize = image_size, resize

    def predict(self, images: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Classify pictures; they are decoded and resized as the training images were.

        Parameters
        ----------
        images : DataFrame or array
            A column ``path`` of files; or a column ``image`` with the content of files, as bytes or
            base64 text; or integers 0..255 (n, height, width, 3), RGB, upright.

        Returns
        -------
        DataFrame
            A row for each picture: ``style``, the most probable one; ``error``, the reason why a
            picture cannot be read, in which case the other columns are None; and ``p_<style>``, the
            probability of each style, in the order of the network's outputs.

        Raises
        ------
        ValueError
            ``images`` is neither such a table nor such an array.
        """
        sources = _sources(images)
        rows: list[list[Any]] = []
        for start in range(0, len(sources), BATCH):
            rows += self._classify(sources[start : start + BATCH])
        columns = ["style", "error", *(f"{PREFIX}{style}" for style in self.classes)]
        frame = pd.DataFrame(rows, columns=columns)
        if frame["error"].isna().all():
            return frame
        return frame.astype(object).where(frame.notna(), None)  # JSON has no NaN

    def _classify(self, sources: Sequence[Any]) -> list[list[Any]]:
        """Return the rows of some pictures."""
        pictures = [self._pixels(source) for source in sources]
        readable = [picture for picture in pictures if isinstance(picture, np.ndarray)]
        probabilities = iter(self._probabilities(np.stack(readable)) if readable else ())
        missing = [None] * len(self.classes)
        return [
            self._row(next(probabilities)) if isinstance(picture, np.ndarray) else [None, picture, *missing]
            for picture in pictures
        ]

    def _row(self, probabilities: np.ndarray) -> list[Any]:
        return [self.classes[int(probabilities.argmax())], None, *probabilities.tolist()]

    def _pixels(self, source: Any) -> np.ndarray | str:
        """Return uint8 (image_size, image_size, 3), or the reason why the picture cannot be read."""
        if isinstance(source, np.ndarray):
            return np.asarray(RESIZE[self.resize](Image.fromarray(source), self.image_size))
        try:
            return decode(source, self.image_size, self.resize).pixels
        except OSError as error:
            return error.strerror or str(error)
        except Unreadable as error:
            return str(error)

    def _probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Return float64 (n, classes) for uint8 (n, image_size, image_size, 3)."""
        with torch.inference_mode():
            outputs = self.network(torch.from_numpy(pixels).permute(0, 3, 1, 2).float())
        return (outputs.double() + self.adjustment).softmax(1).numpy()


def _sources(images: pd.DataFrame | np.ndarray) -> list[Any]:
    """Return a path, the content of a file, or an array for each picture."""
    if isinstance(images, pd.DataFrame) and "path" in images:
        return [Path(path) for path in images["path"]]
    if isinstance(images, pd.DataFrame) and "image" in images:
        return [content if isinstance(content, bytes) else _decoded(content) for content in images["image"]]
    if isinstance(images, np.ndarray) and images.ndim == 4 and images.shape[3] == 3 and _are_pixels(images):
        return list(images.astype(np.uint8))
    raise ValueError(
        "give pictures as a DataFrame with a column path (files) or image (bytes, or base64 text of a "
        "file), or as an array of integers 0..255 (n, height, width, 3)"
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError("the column image must hold bytes, or base64 text of a file") from error


def _are_pixels(values: np.ndarray) -> bool:
    if not np.issubdtype(values.dtype, np.integer):
        return False
    return bool(values.size == 0 or (values.min() >= 0 and values.max() <= 255))


def _load_pyfunc(path: str, model_config: Mapping[str, Any]) -> Classifier:
    """Load a saved model; the loader of the flavour ``python_function`` calls it by this name.

    Parameters
    ----------
    path : str
        File of the exported network.
    model_config : mapping
        The other arguments of `Classifier`.
    """
    return Classifier(torch.export.load(path).module(), **model_config)
