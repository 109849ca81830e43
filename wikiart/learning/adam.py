"""Adam (Kingma & Ba 2015, "Adam: a method for stochastic optimization"), compiled for one thread of a CPU."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from wikiart.learning.fast.parallel import compiled

DECAY_OF_MEAN, DECAY_OF_SQUARES, EPSILON = 0.9, 0.999, 1e-8  #: as the study left them: torch's defaults


class Adam(torch.optim.Adam):
    """torch's Adam, whose step on one thread of a CPU is one compiled loop for each parameter.

    Weights equal those of torch's step to rounding, and the state is the same. For the study's networks,
    what torch's step does before its arithmetic (collecting and checking lists of tensors) takes as long as
    the arithmetic. torch takes the steps on a GPU and with several threads.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        All on one device and dense in memory; each has a gradient at every step, in the same memory order
        (as autograd makes them).
    learning_rate : float
    on_gpu : bool
        The parameters are on a GPU. Default False.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter], learning_rate: float, on_gpu: bool = False):
        betas = DECAY_OF_MEAN, DECAY_OF_SQUARES
        super().__init__(
            parameters, lr=learning_rate, betas=betas, eps=EPSILON, fused=True, capturable=on_gpu
        )
        self._on_gpu = on_gpu
        self._arrays: list[tuple[np.ndarray, ...]] = []

    def step(self, closure: Any = None) -> Any:
        """Update the parameters by their gradients; ``closure`` as for torch."""
        # torch's first step allocates the state.
        if self._on_gpu or torch.get_num_threads() > 1 or closure or not self.state:
            return super().step(closure)
        (group,) = self.param_groups
        if not self._arrays:
            self._arrays = [self._arrays_of(parameter) for parameter in group["params"]]
        for parameter, arrays in zip(group["params"], self._arrays, strict=True):
            _update(group["lr"], _flat(parameter.grad), *arrays)
        return None

    def _arrays_of(self, parameter: torch.nn.Parameter) -> tuple[np.ndarray, ...]:
        state = self.state[parameter]
        return tuple(
            _flat(each) for each in (parameter, state["exp_avg"], state["exp_avg_sq"], state["step"])
        )

    def load_state_dict(self, state_dict: Any) -> None:
        """Replace the state."""
        super().load_state_dict(state_dict)
        self._arrays = []


def _flat(tensor: torch.Tensor) -> np.ndarray:
    """Return the numbers of a dense tensor in the order of its memory: a view (n,)."""
    return tensor.detach().as_strided((tensor.numel(),), (1,)).numpy()


@compiled
def _update(rate: float, gradient: Any, weights: Any, mean: Any, squares: Any, steps: Any) -> None:
    """Take step t of Adam, after which ``steps`` is t.

    With g the gradient, m ``mean``, v ``squares``, and b, c their decays:

        m = b m + (1 - b) g,    v = c v + (1 - c) g^2,
        weights -= rate * m / (1 - b^t) / (sqrt(v / (1 - c^t)) + epsilon).

    Parameters
    ----------
    rate : float
        Learning rate.
    gradient, weights, mean, squares : float arrays (n,)
        All but the first are changed.
    steps : float array (1,)
        Number of earlier steps; is changed.
    """
    steps[0] += 1
    # The type of the arrays: a float64 among float32 would make the arithmetic float64.
    real = weights.dtype.type
    size = real(rate / (1 - DECAY_OF_MEAN ** steps[0]))
    scale = real(1 / np.sqrt(1 - DECAY_OF_SQUARES ** steps[0]))
    new_in_mean, new_in_squares = real(1 - DECAY_OF_MEAN), real(1 - DECAY_OF_SQUARES)
    kept, epsilon = real(DECAY_OF_SQUARES), real(EPSILON)
    for n in range(len(weights)):
        slope = gradient[n]
        m = mean[n] + new_in_mean * (slope - mean[n])
        v = kept * squares[n] + new_in_squares * slope * slope
        mean[n], squares[n] = m, v
        weights[n] -= size * m / (np.sqrt(v) * scale + epsilon)


def compile_loop() -> None:
    """Compile the loop for float32, or load what an earlier process has compiled."""
    _update(0.0, *np.zeros((5, 1), np.float32))
