"""The state of a training between two epochs, saved to a file and restored from it."""

import logging
import pickle
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import torch

from wikiart.cache.checksums import read_file, write_file
from wikiart.learning.epoch import Epoch
from wikiart.learning.network import Network

log = logging.getLogger(__name__)


@dataclass
class State:
    """Everything that the remaining epochs depend on.

    There are two sources of random numbers: torch's global one, for dropout, and ``generator``, for
    the order of the items. The draws of an augmentation follow from seed and epoch.
    """

    network: Network
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    device: torch.device
    curve: list[Epoch] = field(default_factory=list)  #: of the epochs until now

    def save(self, path: Path) -> None:
        """Save the state; the file appears whole or not at all.

        If it cannot be written (the disk is full), a warning is logged and the training goes on.
        """
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.generator.get_state(),
            "random": torch.get_rng_state(),
            "device random": torch.cuda.get_rng_state(self.device) if self._on_gpu else None,
            "curve": [tuple(epoch) for epoch in self.curve],
        }
        try:
            buffer = BytesIO()
            torch.save(state, buffer)
            write_file(path, buffer.getvalue())
        except OSError as error:
            log.warning("the state after epoch %d cannot be saved: %s", len(self.curve), error)

    def restore(self, path: Path) -> None:
        """Restore the state that `save` wrote.

        Without a file, or with one that is damaged or of another network, the training begins at the first
        epoch; of these two the log has a line.
        """
        try:
            content = read_file(path)
            if content is None:
                return
            state = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
            self._check_shapes(state["network"])
        except (OSError, RuntimeError, EOFError, LookupError, ValueError, pickle.UnpicklingError) as error:
            log.warning("the state of an earlier start cannot be read: %s", error)
            return
        # 1. Weights and running statistics into the existing tensors: the optimizer refers to them.
        self.network.load_state_dict(state["network"])
        # 2. Adam's moments and number of steps, which torch moves to the device of their parameters.
        self.optimizer.load_state_dict(state["optimizer"])
        # 3. Random numbers last: nothing may be drawn between here and the next epoch.
        self.generator.set_state(state["order"])
        torch.set_rng_state(state["random"])
        if self._on_gpu and state["device random"] is not None:
            torch.cuda.set_rng_state(state["device random"], self.device)
        self.curve = [Epoch(*point) for point in state["curve"]]
        log.info("resumed after epoch %d, where an earlier start was interrupted", len(self.curve))

    def _check_shapes(self, weights: dict[str, torch.Tensor]) -> None:
        """Raise ValueError for weights of another network, of which `load_state_dict` would take a part."""
        shapes = {name: tensor.shape for name, tensor in weights.items()}
        if shapes != {name: tensor.shape for name, tensor in self.network.state_dict().items()}:
            raise ValueError("it is of another network")

    @property
    def _on_gpu(self) -> bool:
        return self.device.type == "cuda"
