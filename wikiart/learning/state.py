"""A training between two epochs: all that the rest of it follows from, on disk and back."""

import logging
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from wikiart.cache.atomic import atomic_file

log = logging.getLogger(__name__)


class Epoch(NamedTuple):
    """What one pass over the training images came to."""

    number: int  #: from 1
    loss: float  #: mean negative log-likelihood over the items, in training mode
    accuracy: float  #: share of items answered right while training (0..1)


@dataclass
class State:
    """Network, optimizer, the two sources of chance (torch's own, the order of the items), the curve."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    order: torch.Generator
    device: torch.device
    curve: list[Epoch] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write the state; the file appears whole or not at all.

        A disk that is full costs the file and a remark in the log, not the training.
        """
        kept = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.order.get_state(),
            "chance": torch.get_rng_state(),
            "device chance": torch.cuda.get_rng_state(self.device) if self._on_gpu else None,
            "curve": [tuple(epoch) for epoch in self.curve],
        }
        try:
            with atomic_file(path) as scratch:
                torch.save(kept, scratch)
        except (OSError, RuntimeError) as error:  # torch's own writer raises RuntimeError on a full disk
            log.warning("the state after epoch %d could not be kept: %s", len(self.curve), error)

    def restore(self, path: Path) -> None:
        """Go on from what `save` wrote; without a file, or from one that cannot be read, from the start."""
        if not path.exists():
            return
        try:
            kept = torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            log.warning("what an earlier start left cannot be read: %s", error)
            return
        self.network.load_state_dict(kept["network"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.order.set_state(kept["order"])
        torch.set_rng_state(kept["chance"])
        if self._on_gpu and kept["device chance"] is not None:
            torch.cuda.set_rng_state(kept["device chance"], self.device)
        self.curve = [Epoch(*point) for point in kept["curve"]]
        log.info("goes on after epoch %d, where an earlier start was interrupted", len(self.curve))

    @property
    def _on_gpu(self) -> bool:
        return self.device.type == "cuda"
