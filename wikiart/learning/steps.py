"""One step of a training: from a batch to changed weights; on a GPU also as a recorded CUDA graph."""

import torch
from torch import nn

from wikiart.learning import fast
from wikiart.learning.augmentation import Augmentation
from wikiart.learning.batches import BatchReader
from wikiart.learning.network import ConvolutionStack, Network


class Step:
    """Forward pass, backward pass and update on the items of a batch.

    Parameters
    ----------
    network : Network
    optimizer : torch.optim.Optimizer
        Of the network's parameters.
    reader : BatchReader
    precision : {"float32", "tf32", "bf16"}
        Of what is multiplied.
    class_weights : float tensor (classes,), optional
        Weight of each class in the loss, which is the weighted mean over the batch
        (`wikiart.learning.class_weights`). Default: all count alike.
    augmentation : Augmentation, optional
        Random changes of the images of each batch. Default: none.

    Attributes
    ----------
    total : float tensor (2,)
        Sum of the items' losses, without weights of classes, and number of items predicted correctly,
        over the steps since it was last set to 0. It stays on the device: reading it makes the processor
        wait for a GPU.
    """

    def __init__(
        self,
        network: Network,
        optimizer: torch.optim.Optimizer,
        reader: BatchReader,
        precision: str,
        class_weights: torch.Tensor | None = None,
        augmentation: Augmentation | None = None,
    ):
        self.network, self.optimizer, self.reader = network, optimizer, reader
        self.precision, self.class_weights, self.augmentation = precision, class_weights, augmentation
        self.total = torch.zeros(2, device=reader.device)
        self._loss, self._correct = self.total  # views of its two numbers
        self._parameters = list(network.parameters())
        if reader.device.type == "cuda":  # for the whole process
            tf32 = precision == "tf32"
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32

    def __call__(self, index: torch.Tensor) -> None:
        """Learn from the items at these positions (int64, on any device)."""
        pixels, labels = self.reader.read(index)
        if self.augmentation:
            pixels = self.augmentation(pixels)
        log_probabilities = self._forward(index, pixels)
        loss = nn.functional.nll_loss(log_probabilities, labels, self.class_weights)
        for parameter in self._parameters:  # optimizer.zero_grad, without what it reports to profilers
            parameter.grad = None
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            if self.class_weights is not None:
                loss = nn.functional.nll_loss(log_probabilities, labels)
            self._loss.add_(loss, alpha=len(labels))
            self._correct.add_((log_probabilities.argmax(1) == labels).sum())

    def _forward(self, index: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        if self.precision == "bf16":
            with torch.autocast(self.reader.device.type, torch.bfloat16):
                return self.network(pixels.float()).float()
        normalises_maps = isinstance(self.network.features, ConvolutionStack)
        sums_are_kept = self.augmentation is None and self.reader.device.type == "cpu"
        if normalises_maps and sums_are_kept:
            return fast.forward(self.network, pixels, self.reader.pixel_sums(index, pixels))
        return fast.forward(self.network, pixels)


class RecordedStep:
    """A step whose work on the GPU is recorded once, as a CUDA graph, and then replayed.

    The networks are small: started one by one from Python, their kernels take less time than their
    starts. A replay starts all of them with one call. See "CUDA graphs" in torch's notes on CUDA
    semantics.

    Parameters
    ----------
    step : Step
        Its optimizer must be ``capturable``, and it has no augmentation, whose draws would be replayed.
    size : int
        Items of the batches that are replayed. Batches of another size (the last one of an epoch) are
        not: a graph has fixed shapes.
    """

    WARM_UP = 3  #: steps before the recording, in which libraries choose algorithms and allocate memory

    def __init__(self, step: Step, size: int):
        self._step = step
        # A graph reads and writes fixed addresses, so each batch's positions are copied into this tensor.
        self._index = torch.zeros(size, dtype=torch.int64, device=step.reader.device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._warm_ups = 0

    def __call__(self, index: torch.Tensor) -> None:
        """Learn from the items at these positions, as `Step` does."""
        if len(index) != len(self._index):
            self._step(index)
            return
        self._index.copy_(index)
        if self._warm_ups < self.WARM_UP:
            self._warm_up()
            self._warm_ups += 1
            return
        if self._graph is None:
            self._graph = self._record()
        self._graph.replay()

    def _warm_up(self) -> None:
        """Take one step on a stream of its own, as torch asks for before a recording."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())  # the positions have been copied
        with torch.cuda.stream(stream):
            self._step(self._index)
        torch.cuda.current_stream().wait_stream(stream)  # later work sees the new weights

    def _record(self) -> torch.cuda.CUDAGraph:
        """Record one step without executing it."""
        graph = torch.cuda.CUDAGraph()
        # Without gradients at the start, the recording allocates them in the graph's own memory.
        self._step.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            self._step(self._index)
        return graph
