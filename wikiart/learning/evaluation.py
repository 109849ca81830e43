"""Predictions and scores of a trained network, and the ways of reading its outputs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from wikiart.learning import fast
from wikiart.learning.network import Network
from wikiart.learning.reading import Reading

BATCH_PIXELS = 2**20  #: pixels of a batch: 12 MB of float32


class Scores(NamedTuple):
    """How well the test images were predicted. All shares lie in 0..1.

    Styles without a test image take no part in the two macro averages and have no accuracy.
    """

    accuracy: float  #: share of images predicted correctly
    balanced_accuracy: float  #: mean of the classes' accuracies
    macro_f1: float  #: mean of the classes' F1
    by_class: dict[str, float]  #: accuracy (recall) of each style that has test images
    confusion: np.ndarray  #: int (classes, classes), rows the truth, columns the prediction


def predict(network: Network, images: np.ndarray, *, device: str = "cpu") -> np.ndarray:
    """Return the output with the highest probability for each image.

    Parameters
    ----------
    network : Network
        Is put into evaluation mode.
    images : uint8 array (n, size, size, 3)
        RGB.
    device : str
        The torch device that the network is on. Default ``"cpu"``.

    Returns
    -------
    int64 array (n,)
    """
    network.eval()
    outputs = []
    batch = max(1, BATCH_PIXELS // images.shape[1] ** 2)
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            pixels = torch.from_numpy(images[start : start + batch]).to(device).permute(0, 3, 1, 2).float()
            outputs.append(fast.forward(network, pixels).argmax(1).cpu())
    return torch.cat(outputs).numpy()


def output_styles(classes: Sequence[str], reading: Reading, seed: int) -> tuple[str, ...]:
    """Return the style that the test reads each output of the network as.

    Parameters
    ----------
    classes : sequence of str
        Styles in the order of the training labels.
    reading : Reading
        Its ``class_order``. ``sorted``: training and testing number the styles alike, and output k is
        ``classes[k]``. ``unsorted``: each of the two numbers the styles in an order of its own, drawn
        from the seed. The style at position n of the training's order is then read as the style at
        position n of the test's. The weights do not depend on this: a network trained with another
        numbering is the same network with its outputs in another order.
    seed : int
        Of the two orders.

    Returns
    -------
    tuple of str
    """
    if reading.class_order == "sorted":
        return tuple(classes)
    generator = np.random.default_rng(seed)
    training_order = generator.permutation(len(classes))
    test_order = generator.permutation(len(classes))
    style_of_output = np.empty(len(classes), int)
    style_of_output[training_order] = test_order
    return tuple(classes[k] for k in style_of_output)


def score(truth: Sequence[str], prediction: Sequence[str], classes: Sequence[str]) -> Scores:
    """Compare true and predicted styles, image by image.

    Parameters
    ----------
    truth, prediction : sequences of str
        A style for each test image.
    classes : sequence of str
        All styles, in the order of ``by_class`` and ``confusion``.

    Returns
    -------
    Scores
    """
    tested = set(truth)
    present = [style for style in classes if style in tested]
    recalls = recall_score(truth, prediction, labels=present, average=None, zero_division=0)
    return Scores(
        accuracy=float(accuracy_score(truth, prediction)),
        balanced_accuracy=float(recalls.mean()),
        macro_f1=float(f1_score(truth, prediction, labels=present, average="macro", zero_division=0)),
        by_class=dict(zip(present, recalls.tolist(), strict=True)),
        confusion=confusion_matrix(truth, prediction, labels=list(classes)),
    )
