"""One step of a training: a batch in, the weights changed; on a GPU as a recording that is played back."""

from collections.abc import Callable

import torch
from torch import nn

from wikiart.learning import fast
from wikiart.learning.batches import BatchReader


class Step:
    """Forward, backward and update on the items of a batch.

    Attributes
    ----------
    total : float tensor (2,)
        Over the steps since it was last zeroed: the sum of the items' losses, and how many were
        answered right. It stays on the device: reading it makes a GPU's processor wait.
    """

    def __init__(
        self, network: nn.Sequential, optimizer: torch.optim.Optimizer, reader: BatchReader, precision: str
    ):
        self.network, self.optimizer, self.reader = network, optimizer, reader
        self.total = torch.zeros(2, device=reader.device)
        self._forward = _forward(precision, reader.device)

    def __call__(self, index: torch.Tensor) -> None:
        """Learn from these items (int64, on any device)."""
        pixels, labels = self.reader.read(index)
        scores = self._forward(self.network, pixels)
        loss = nn.functional.nll_loss(scores, labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            right = (scores.argmax(1) == labels).sum()
            self.total += torch.stack([loss.detach() * len(labels), right])


def _forward(precision: str, device: torch.device) -> Callable[[nn.Sequential, torch.Tensor], torch.Tensor]:
    """The way through the network in this precision; what it sets for tf32 holds for the process."""
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    if precision != "bf16":
        return fast.forward

    def forward(network: nn.Sequential, pixels: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return network(pixels).float()

    return forward


class RecordedStep:
    """A step whose work on the GPU is recorded once, as a CUDA graph, and then played back.

    The networks are small: started one by one from Python, their kernels take less time than
    their starting. The first steps are taken as they are, since libraries choose their ways in
    them; so is a batch of another size, the last one of an epoch.

    Parameters
    ----------
    step : Step
        Its optimizer must be ``capturable``.
    size : int
        Items of the batches that are played back.
    """

    FIRST = 3

    def __init__(self, step: Step, size: int):
        self._step = step
        self._index = torch.zeros(size, dtype=torch.int64, device=step.reader.device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._taken = 0

    def __call__(self, index: torch.Tensor) -> None:
        """As `Step`."""
        if len(index) != len(self._index):
            self._step(index)
            return
        self._index.copy_(index)
        if self._taken < self.FIRST:
            self._on_the_side()
            self._taken += 1
            return
        if self._graph is None:
            self._graph = self._record()
        self._graph.replay()

    def _on_the_side(self) -> None:
        """One step on a stream of its own, as recording asks for (torch's notes on CUDA graphs)."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._step(self._index)
        torch.cuda.current_stream().wait_stream(stream)

    def _record(self) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        self._step.optimizer.zero_grad(
            set_to_none=True
        )  # so that the gradients lie in the recording's memory
        with torch.cuda.graph(graph):
            self._step(self._index)
        return graph
