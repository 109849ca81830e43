"""Predictions and scores of a trained network, and the ways of reading its outputs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from wikiart.learning import fast
from wikiart.learning.class_weights import class_weights
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
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


def log_probabilities(network: Network, images: np.ndarray, *, device: str = "cpu") -> np.ndarray:
    """Return the network's outputs for each image, from which all readings are made.

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
    float32 array (n, classes)
    """
    network.eval()
    outputs = []
    batch = max(1, BATCH_PIXELS // images.shape[1] ** 2)
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            pixels = torch.from_numpy(images[start : start + batch]).to(device).permute(0, 3, 1, 2).float()
            outputs.append(fast.forward(network, pixels).float().cpu())
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


def prior_adjustment(reading: Reading, shares: np.ndarray) -> np.ndarray:
    """Return what a reading adds to the log-probability of each output before the largest is taken.

    A network that is trained by the negative log-likelihood estimates ``p(y | x)``, proportional to
    ``p(x | y) pi_y``, where ``pi_y`` is the share of class y in what it learnt from. ``prior="train"`` takes
    it at its word and adds nothing. ``prior="uniform"`` adds ``-log pi_y``: the answer is then the class
    that is most probable if all are equally frequent, which makes most of balanced accuracy.

    Parameters
    ----------
    reading : Reading
        Its ``prior``.
    shares : float array (classes,)
        ``pi`` above, in the order of the network's outputs; all above 0. See `training_shares`.

    Returns
    -------
    float64 array (classes,)

    References
    ----------
    A. K. Menon, S. Jayasumana, A. S. Rawat, H. Jain, A. Veit, S. Kumar, "Long-tail learning via logit
    adjustment", ICLR 2021, equation 9 with tau = 1.
    """
    return np.zeros(len(shares)) if reading.prior == "train" else -np.log(shares)


def training_shares(config: TrainingConfig, data: TrainingData) -> np.ndarray:
    """Return the share of each class in what a network learns from.

    Synthetic images and copies count. A class whose items weigh ``w_y`` in the loss counts as if it had
    ``w_y`` times as many: the loss is smallest for ``p(y | x)`` proportional to ``w_y n_y p(x | y)``. (That
    is the loss over an epoch; a batch divides by the weights of its own items, which comes near to it.)

    Parameters
    ----------
    config : TrainingConfig
        Its ``class_weights``.
    data : TrainingData
        The items of an epoch.

    Returns
    -------
    float64 array (classes,)
        Sums to 1.
    """
    weights = class_weights(config.class_weights, data.class_counts)
    counts = data.class_counts * (1 if weights is None else weights)
    return counts / counts.sum()


def read(log_probabilities: np.ndarray, styles: Sequence[str], adjustment: np.ndarray) -> list[str]:
    """Answer with the style of the largest adjusted output for each image.

    The adjustment belongs to the outputs: it comes before they are read as styles, because the numbering of
    the test does not change what the network learnt.

    Parameters
    ----------
    log_probabilities : float array (n, classes)
        From `log_probabilities`.
    styles : sequence of str
        From `output_styles`.
    adjustment : float array (classes,)
        From `prior_adjustment`.
    """
    return [styles[output] for output in (log_probabilities + adjustment).argmax(1)]


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
