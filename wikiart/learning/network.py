"""The study's networks, at any image size."""

from torch import nn

HIDDEN = 300


def pooled_side(side: int) -> int:
    """Side in pixels after one ``Conv2d(2, padding=2)`` and one ``MaxPool2d(4, padding=2)``."""
    return (side + 3) // 4 + 1


def build_network(conv_layers: int, dropout: float, image_size: int, classes: int) -> nn.Sequential:
    """A network that maps float images (n, 3, size, size), pixels 0..255, to (n, classes) log-probabilities.

    ``conv_layers=1`` is the network that the study was given: one output channel and no
    activation after the convolution. From 2 on it is the study's improved stack (the study
    itself used 3): channels 16, 32, 64, ..., each convolution with batch normalisation and ReLU.

    The study activates before it pools. Both are monotone, so pooling first gives the same
    values and gradients, and activates a sixteenth of them.
    """
    features = _single(image_size) if conv_layers == 1 else _stack(conv_layers, image_size)
    layers, width = features
    head = [
        nn.Linear(width, HIDDEN),
        nn.Dropout(dropout),
        nn.ReLU(),
        nn.Linear(HIDDEN, classes),
        nn.LogSoftmax(dim=1),
    ]
    return nn.Sequential(*layers, *head)


def _single(image_size: int) -> tuple[list[nn.Module], int]:
    width = pooled_side(image_size) ** 2
    layers = [
        nn.Conv2d(3, 1, kernel_size=2, padding=2),
        nn.MaxPool2d(4, padding=2),
        nn.Flatten(),
        nn.BatchNorm1d(width),
    ]
    return layers, width


def _stack(conv_layers: int, image_size: int) -> tuple[list[nn.Module], int]:
    layers: list[nn.Module] = []
    channels, side = 3, image_size
    for depth in range(conv_layers):
        wider = 16 * 2**depth
        layers += [
            nn.Conv2d(channels, wider, kernel_size=2, padding=2),
            nn.BatchNorm2d(wider),
            nn.MaxPool2d(4, padding=2),
            nn.ReLU(),
        ]
        channels, side = wider, pooled_side(side)
    return [*layers, nn.Flatten()], channels * side**2
