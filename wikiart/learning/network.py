"""The study's networks, for images of any size."""

from torch import nn

HIDDEN = 300  #: units of the hidden linear layer
CHANNELS = 16  #: of the first `ConvolutionBlock`; each further block has twice as many


def pooled_side(side: int) -> int:
    """Return the side in pixels after ``Conv2d(..., 2, padding=2)`` and ``MaxPool2d(4, padding=2)``."""
    return (side + 3) // 4 + 1


class SingleConvolution(nn.Sequential):
    """The features of the study's first network: float (n, 3, image_size, image_size) to (n, width).

    One output channel and no activation. Batch normalisation comes after the pool, with a scale
    and a shift for each pixel of the pooled map.
    """

    def __init__(self, image_size: int):
        super().__init__()
        self.width = pooled_side(image_size) ** 2
        self.convolution = nn.Conv2d(3, 1, kernel_size=2, padding=2)
        self.pool = nn.MaxPool2d(4, padding=2)
        self.flatten = nn.Flatten()
        self.norm = nn.BatchNorm1d(self.width)


class ConvolutionBlock(nn.Sequential):
    """One layer of the study's improved network: float (n, inputs, s, s) to (n, outputs, p, p).

    ``p = pooled_side(s)``. The study activates before it pools. Both are monotone, so pooling first
    gives the same values and gradients, and activates a sixteenth of them.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel_size=2, padding=2)
        self.norm = nn.BatchNorm2d(outputs)
        self.pool = nn.MaxPool2d(4, padding=2)
        self.activation = nn.ReLU()


class ConvolutionStack(nn.Sequential):
    """The features of the study's improved network: float (n, 3, image_size, image_size) to (n, width).

    ``conv_layers`` blocks with 16, 32, 64, ... channels; the study itself used three.
    """

    def __init__(self, conv_layers: int, image_size: int):
        super().__init__()
        inputs, side = 3, image_size
        for depth in range(conv_layers):
            outputs = CHANNELS * 2**depth
            self.append(ConvolutionBlock(inputs, outputs))
            inputs, side = outputs, pooled_side(side)
        self.append(nn.Flatten())
        self.width = inputs * side**2

    @property
    def blocks(self) -> list[ConvolutionBlock]:
        """The layers that convolve, in order."""
        return [layer for layer in self if isinstance(layer, ConvolutionBlock)]


class Head(nn.Sequential):
    """Two linear layers with dropout between them: float (n, width) to log-probabilities (n, classes)."""

    def __init__(self, width: int, dropout: float, classes: int):
        super().__init__()
        self.hidden = nn.Linear(width, HIDDEN)
        self.dropout = nn.Dropout(dropout)
        self.activation = nn.ReLU()
        self.output = nn.Linear(HIDDEN, classes)
        self.log_softmax = nn.LogSoftmax(dim=1)


class Network(nn.Sequential):
    """Features and a head: float images (n, 3, size, size), pixels 0..255, to log-probabilities (n, classes).

    Parameters
    ----------
    conv_layers : int
        1: `SingleConvolution`; from 2 on `ConvolutionStack`.
    dropout : float
        Probability that a hidden value is set to 0 in training.
    image_size : int
        Side of the images, in pixels.
    classes : int
        Number of outputs.
    """

    def __init__(self, conv_layers: int, dropout: float, image_size: int, classes: int):
        super().__init__()
        self.features = (
            SingleConvolution(image_size) if conv_layers == 1 else ConvolutionStack(conv_layers, image_size)
        )
        self.head = Head(self.features.width, dropout, classes)
