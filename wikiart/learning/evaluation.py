"""Predictions in, metrics out; and the two ways of numbering the classes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score
from torch import nn

from wikiart.learning import fast
from wikiart.learning.config import CLASS_ORDERS

AT_ONCE = 2**20  #: pixels that go through a network together: 12 MB of float32


class Scores(NamedTuple):
    """How well the test images were answered. All shares lie in 0..1.

    Styles without a test image take no part in the two macro averages and have no accuracy.
    """

    accuracy: float  #: share of images answered right
    balanced_accuracy: float  #: mean of the classes' accuracies
    macro_f1: float  #: mean of the classes' F1
    by_class: dict[str, float]  #: accuracy (recall) of each style that has test images
    confusion: np.ndarray  #: int (classes, classes), rows the truth, columns the answer


def predict(network: nn.Sequential, images: np.ndarray, *, device: str = "cpu") -> np.ndarray:
    """The network's outputs with the highest probability: int64 (n,) for uint8 images (n, size, size, 3)."""
    network.eval()
    answers = []
    batch = max(1, AT_ONCE // images.shape[1] ** 2)
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            pixels = torch.from_numpy(images[start : start + batch]).to(device).permute(0, 3, 1, 2).float()
            answers.append(fast.forward(network, pixels).argmax(1).cpu())
    return torch.cat(answers).numpy()


def output_styles(classes: Sequence[str], class_order: str, seed: int) -> tuple[str, ...]:
    """The style that each output of the network is read as by the test.

    ``sorted``: training and testing number the styles alike, and output k is ``classes[k]``.

    ``unsorted``: each of the two processes numbers the styles in an order of its own, drawn
    here from the seed. The style that stood at position n in training is then read as the
    style at position n in testing. The weights know nothing of it: a network trained under
    another numbering is the same network with its outputs in another order.

    Raises
    ------
    ValueError
        Another class order.
    """
    if class_order == "sorted":
        return tuple(classes)
    if class_order != "unsorted":
        raise ValueError(f"class_order={class_order}: must be one of {', '.join(CLASS_ORDERS)}")
    draw = np.random.default_rng(seed)
    in_training, in_testing = draw.permutation(len(classes)), draw.permutation(len(classes))
    read = np.empty(len(classes), int)
    read[in_training] = in_testing
    return tuple(classes[k] for k in read)


def score(truth: Sequence[str], prediction: Sequence[str], classes: Sequence[str]) -> Scores:
    """Compare style names, image by image.

    The class list gives the order of ``by_class`` and ``confusion``.
    """
    shown = set(truth)
    present = [style for style in classes if style in shown]
    recalls = recall_score(truth, prediction, labels=present, average=None, zero_division=0)
    return Scores(
        accuracy=float(accuracy_score(truth, prediction)),
        balanced_accuracy=float(recalls.mean()),
        macro_f1=float(f1_score(truth, prediction, labels=present, average="macro", zero_division=0)),
        by_class=dict(zip(present, recalls.tolist(), strict=True)),
        confusion=confusion_matrix(truth, prediction, labels=list(classes)),
    )
