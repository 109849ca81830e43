"""The compiled Adam compared with torch's."""

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from wikiart.learning.adam import Adam

RATE = 0.01
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14}  # relative


@pytest.fixture(params=TOLERANCE, ids=str)
def parameters(request) -> list[nn.Parameter]:
    """A convolution's weight, channels last in memory, a matrix and a vector."""
    draw = torch.Generator().manual_seed(0)
    shapes = (16, 3, 2, 2), (20, 30), (50,)
    tensors = [torch.randn(shape, generator=draw, dtype=request.param) for shape in shapes]
    tensors[0] = tensors[0].contiguous(memory_format=torch.channels_last)
    return [nn.Parameter(tensor) for tensor in tensors]


def gradients(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Set gradients of sizes from 1e-12 to 1, again and again."""
    draw = torch.Generator().manual_seed(1)
    while True:
        for parameter in parameters:
            size = 10 ** (-12 * torch.rand(parameter.shape, generator=draw, dtype=parameter.dtype))
            # torch hands out gradients in the memory order of their parameters.
            parameter.grad = torch.empty_like(parameter)
            parameter.grad.copy_(size * torch.randn(parameter.shape, generator=draw, dtype=parameter.dtype))
        yield


def take_steps(optimizers: list[torch.optim.Optimizer], parameters: list[nn.Parameter], count: int) -> None:
    """Take steps by the optimizers in turn, which all have these parameters."""
    draws = gradients(parameters)
    for number in range(count):
        next(draws)
        optimizers[number % len(optimizers)].step()


def assert_equal(one: list[nn.Parameter], other: list[nn.Parameter]) -> None:
    for first, second in zip(one, other, strict=True):
        assert torch.allclose(first, second, rtol=TOLERANCE[first.dtype], atol=TOLERANCE[first.dtype])


def test_twenty_steps_equal_those_of_torch(parameters):
    expected = copy.deepcopy(parameters)
    optimizer = Adam(parameters, RATE)
    take_steps([torch.optim.Adam(expected, RATE)], expected, 20)
    take_steps([optimizer], parameters, 20)
    assert_equal(parameters, expected)
    assert optimizer._arrays  # the loop took the steps
    assert {state["step"].item() for state in optimizer.state.values()} == {20}


def test_a_state_goes_on_in_either(parameters):
    expected = copy.deepcopy(parameters)
    take_steps([torch.optim.Adam(expected, RATE)], expected, 20)
    draws = gradients(parameters)
    kinds = [Adam, torch.optim.Adam]
    optimizer: torch.optim.Optimizer = Adam(parameters, RATE)
    for number in range(20):
        next(draws)
        if number % 5 == 4:
            state = copy.deepcopy(optimizer.state_dict())
            optimizer = kinds[number % 2](parameters, RATE)
            optimizer.load_state_dict(state)
        optimizer.step()
    assert_equal(parameters, expected)


def test_a_loaded_state_replaces_the_one_that_was_used(parameters):
    optimizer = Adam(parameters, RATE)
    take_steps([optimizer], parameters, 3)
    state, weights = copy.deepcopy(optimizer.state_dict()), copy.deepcopy(parameters)
    take_steps([optimizer], parameters, 3)
    expected = [parameter.detach().clone() for parameter in parameters]
    with torch.no_grad():
        for parameter, weight in zip(parameters, weights, strict=True):
            parameter.copy_(weight)
    optimizer.load_state_dict(state)
    take_steps([optimizer], parameters, 3)
    assert all(torch.equal(one, other) for one, other in zip(parameters, expected, strict=True))
