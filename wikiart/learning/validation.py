"""Scores on the validation images, which a network is not trained on."""

from typing import NamedTuple

import numpy as np
import torch
from sklearn.metrics import accuracy_score, recall_score
from torch import nn

from wikiart.learning import fast
from wikiart.learning.batches import BatchReader
from wikiart.learning.data import TrainingData
from wikiart.learning.evaluation import BATCH_PIXELS
from wikiart.learning.network import Network


class Validation(NamedTuple):
    """How well the validation images are predicted after an epoch, in evaluation mode."""

    validation_loss: float  #: mean negative log-likelihood of the images, unweighted
    validation_accuracy: float  #: share of images predicted correctly (0..1)
    validation_balanced_accuracy: float  #: mean of the accuracies of the styles that have such images (0..1)


def validate(network: Network, reader: BatchReader, data: TrainingData) -> Validation:
    """Predict the validation images; draws no random numbers and leaves the network in training mode.

    Parameters
    ----------
    network : Network
        On the reader's device.
    reader : BatchReader
        Reads the images of ``data``.
    data : TrainingData
        Has at least one validation image.
    """
    network.eval()
    size = max(1, BATCH_PIXELS // data.images.shape[1] ** 2)
    with torch.inference_mode():
        batches = [
            fast.forward(network, reader.images(rows).float()).cpu()
            for rows in torch.from_numpy(data.validation).split(size)
        ]
    network.train()
    outputs, truth = torch.cat(batches), data.labels[data.validation].astype(np.int64)
    predicted = outputs.argmax(1).numpy()
    recall = recall_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)
    loss = nn.functional.nll_loss(outputs, torch.from_numpy(truth))
    return Validation(loss.item(), float(accuracy_score(truth, predicted)), float(recall))
