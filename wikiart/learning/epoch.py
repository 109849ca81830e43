"""The results of an epoch; a module of its own, since what reads them needs no torch."""

from typing import NamedTuple


class Epoch(NamedTuple):
    """Loss and accuracy of one pass over the training images, and on the validation images after it."""

    number: int  #: from 1
    loss: float  #: mean negative log-likelihood of the items, unweighted, in training mode
    accuracy: float  #: share of items predicted correctly, in training mode (0..1)
    validation_loss: float | None = None  #: see `wikiart.learning.validation`; None without such images
    validation_accuracy: float | None = None
    validation_balanced_accuracy: float | None = None
