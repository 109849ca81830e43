"""Rounding in float32 at 224 pixels: the fast network's, and the plain one's as a yardstick.

A gradient jumps where the largest value of a window changes its place, or a ReLU its sign. Where two values
are equal to rounding, float32 and float64 choose differently, and so do two processors: one such choice
among a million changes the gradient more than all other rounding. So the reference in float64 is the plain
network with the *choices of the network that it is compared with*: places of the maxima, and active units.
Then both are the same smooth function, and the tolerances can be those of float32. That the choices are right
is a test of its own: each chosen value must be the largest of its window in float64, to rounding.
"""

import copy
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import pytest
import torch
from torch import nn

from tests.wikiart.learning.fast.test_forward import (
    EXACT,
    adam,
    assert_equal,
    distance,
    networks,
    random_batch,
    step,
    twenty_steps,
)
from wikiart.learning.fast import forward
from wikiart.learning.fast.kernels import EDGE
from wikiart.learning.fast.maps import NormalisedMaps, NormalisedPixelMaps
from wikiart.learning.network import Network

SIZE = 224

Choices = dict[str, torch.Tensor]  # by name of module: places of a pool's maxima, active units of a ReLU


class ChosenPool(nn.Module):
    """A pool that takes the values at given places, and knows by how much larger ones it has missed."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        pooled = maps.flatten(2).gather(2, self.choice.flatten(2)).view(self.choice.shape)
        self.error = (nn.functional.max_pool2d(maps, 4, padding=2) - pooled).max().item()
        return pooled


class ChosenActivation(nn.Module):
    """A ReLU with given active units, which knows how far from 0 a wrong one was."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        self.error = (values * ((values > 0) != self.choice)).abs().max().item()
        return values * self.choice


def choosing(network: nn.Module) -> nn.Module:
    """A copy in float64 whose choices are given."""
    exact = copy.deepcopy(network).double().to(memory_format=torch.contiguous_format)
    for parent in list(exact.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.MaxPool2d | nn.ReLU):
                parent.add_module(
                    name, ChosenPool() if isinstance(child, nn.MaxPool2d) else ChosenActivation()
                )
    return exact


def record_choices(network: nn.Module) -> Choices:
    """Fill the returned table whenever torch's layers are called."""
    choices: Choices = {}

    def record(name: str, module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        pools = isinstance(module, nn.MaxPool2d)
        options = {"kernel_size": 4, "padding": 2, "return_indices": True}
        choices[name] = nn.functional.max_pool2d(inputs[0], **options)[1] if pools else output > 0

    for name, module in network.named_modules():
        if isinstance(module, nn.MaxPool2d | nn.ReLU):
            module.register_forward_hook(partial(record, name))
    return choices


def choices_of_operations(output: torch.Tensor) -> Choices:
    """Choices of the fast network, which its operations keep until the backward pass."""
    head = output.grad_fn
    blocks = head.next_functions[0][0]
    hidden = head.saved_tensors[3]
    choices = {"head.activation": hidden > 0}
    for number, maps in enumerate(blocks.layers):
        choices[f"features.{number}.pool"] = places(maps)
        choices[f"features.{number}.activation"] = torch.from_numpy(maps.output).permute(0, 3, 1, 2) > 0
    return choices


def places(maps: NormalisedPixelMaps | NormalisedMaps) -> torch.Tensor:
    """Places of the maxima as those of torch's pool: positions in the whole map, with its edge."""
    if isinstance(maps, NormalisedMaps):  # positions in the inner map, channels last
        edge, channels = maps.values.shape[2:]
        winners = torch.from_numpy(maps.winners).long().permute(0, 3, 1, 2)
        row, column = winners // channels // edge + 1, winners // channels % edge + 1
        return torch.where(winners == EDGE, 0, row * (edge + 2) + column)
    # Positions in the padded image, which begins two rows and columns before the map. Outside of the map,
    # patches are 0, as at its edge.
    winners = torch.from_numpy(maps.maps.winners).long().permute(0, 3, 1, 2)
    width, last = 3 * (4 * winners.shape[3] + 1), SIZE + 2
    row, column = (winners // width - 2).clamp(0, last), (winners % width // 3 - 2).clamp(0, last)
    return row * (SIZE + 3) + column


class Deviation(NamedTuple):
    """By how much a step in float32 differs from float64; all but ``choice`` relative."""

    loss: float
    gradients: float
    statistics: float
    choice: float  #: how far a chosen value is from the right one; normalised values have variance 1


def deviations(network: Network, fast: bool, items: int, *, together: bool) -> Iterator[Deviation]:
    """Take twenty steps of Adam in float32 and in float64.

    ``together``: every step in float64 begins with the weights of the one in float32, so that no step
    magnifies another's rounding.
    """
    exact = choosing(network)
    optimizers = adam(network), adam(exact)
    choices = record_choices(network)

    def run(pixels: torch.Tensor) -> torch.Tensor:
        if not fast:
            return network(pixels)
        output = forward(network, pixels)
        choices.update(choices_of_operations(output))
        return output

    for number in range(20):
        if together:
            exact.load_state_dict(network.state_dict())
        pixels, labels = random_batch(SIZE, items, number, torch.float32)
        loss = step(network, run, pixels if fast else pixels.contiguous(), labels)
        replayed = [(name, module) for name, module in exact.named_modules() if name in choices]
        for name, module in replayed:
            module.choice = choices[name]
        expected = step(exact, exact, pixels.double().contiguous(), labels)
        yield Deviation(
            abs(loss.item() / expected.item() - 1),
            gradient_distance(network, exact),
            max(distance(one, other) for one, other in zip(exact.buffers(), network.buffers(), strict=True)),
            max(module.error for _, module in replayed),
        )
        for optimizer in optimizers:
            optimizer.step()


def gradient_distance(network: Network, exact: Network) -> float:
    """Relative distance of the gradients of all parameters as one vector."""
    one, other = (
        torch.cat([p.grad.double().flatten() for p in whole.parameters() if p.requires_grad])
        for whole in (network, exact)
    )
    return ((one - other).norm() / other.norm()).item()


def worst(items: int, *, together: bool) -> list[Deviation]:
    """Largest deviations of the plain and of the fast network."""
    both = networks(3, SIZE, torch.float32)
    found = []
    for fast, network in enumerate(both):
        steps = list(deviations(network, bool(fast), items, together=together))
        found.append(Deviation(*(max(values) for values in zip(*steps, strict=True))))
        print(f"batch {items}, {'fast' if fast else 'plain'}:", *(f"{value:.1e}" for value in found[-1]))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("items", [16, 32])
def test_each_step(items):
    plain, fast = worst(items, together=True)
    assert fast.loss < 1e-6
    assert fast.statistics < 1e-6
    assert fast.choice < 1e-5
    assert fast.gradients < 2 * plain.gradients


@pytest.mark.slow
@pytest.mark.parametrize("items", [16, 32])
def test_twenty_steps(items):
    """In float64 both networks are equal; in float32 the fast one stays nearly as close as the plain one.

    Adam divides gradients by their size, so that it magnifies the rounding of small ones.
    """
    assert_equal(*twenty_steps(3, SIZE, items, torch.float64), EXACT[torch.float64])
    plain, fast = worst(items, together=False)
    assert fast.loss < 4 * plain.loss
