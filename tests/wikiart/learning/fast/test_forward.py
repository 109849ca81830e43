"""The fast forward pass compared with the plain network: outputs, losses, gradients, statistics."""

import copy
from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from wikiart.learning.fast import forward
from wikiart.learning.network import Network

CLASSES = 5
EXACT = {torch.float64: 1e-9, torch.float32: 1e-4}  # relative


def random_batch(
    size: int, items: int, seed: int = 0, dtype=torch.float64
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels, channels last in memory, of images with large and small shapes; and labels."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(items, 3, 5, 5, generator=draw) * 255
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    noise = torch.randint(-20, 21, smooth.shape, generator=draw)
    pixels = (smooth + noise).clamp(0, 255).round().to(dtype, memory_format=torch.channels_last)
    return pixels, torch.randint(0, CLASSES, (items,), generator=draw)


def networks(conv_layers: int, size: int, dtype=torch.float64) -> tuple[Network, Network]:
    """The same network twice: plain, and for the fast forward pass."""
    torch.manual_seed(0)
    plain = Network(conv_layers, 0.1, size, CLASSES).to(dtype)
    return plain, copy.deepcopy(plain).to(memory_format=torch.channels_last)


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    """Largest difference, relative to the largest value."""
    difference = (one.double() - other.double()).abs().max().item()
    return difference / max(one.double().abs().max().item(), 1e-12)


def idle_biases(network: Network) -> list[nn.Parameter]:
    """Biases of the convolutions: normalisation subtracts them again, so their gradient is rounding error."""
    return [layer.bias for layer in network.modules() if isinstance(layer, nn.Conv2d)]


def step(network: Network, run: Callable, pixels: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Compute gradients and return the loss. Dropout is the same in every call."""
    torch.manual_seed(1)
    network.zero_grad()
    loss = nn.functional.nll_loss(run(pixels), labels)
    loss.backward()
    return loss.detach()


def both(plain: Network, quick: Network, pixels, labels) -> list[torch.Tensor]:
    """Losses of a step of each; the plain one with channels first, where torch's statistics are accurate."""
    return [
        step(plain, plain, pixels.contiguous(), labels),
        step(quick, partial(forward, quick), pixels, labels),
    ]


def randomise_scales(plain: Network, quick: Network) -> None:
    """Set biases, scales and shifts to values as after a long training, negative scales among them."""
    with torch.no_grad():
        for parameter in plain.parameters():
            if parameter.ndim == 1:
                parameter.normal_()
    quick.load_state_dict(plain.state_dict())


def compare(plain: Network, quick: Network, pixels, labels, tolerance: float = 1e-9) -> None:
    """Assert that one step of each gives the same loss, gradients and running statistics."""
    expected, loss = both(plain, quick, pixels, labels)
    assert torch.allclose(loss, expected, rtol=tolerance, atol=0)
    idle = {id(bias) for bias in idle_biases(plain)}
    for parameter, other in zip(plain.parameters(), quick.parameters(), strict=True):
        if id(parameter) in idle:
            assert other.grad.abs().max() < tolerance
        else:
            assert distance(parameter.grad, other.grad) < tolerance
    for buffer, other in zip(plain.buffers(), quick.buffers(), strict=True):
        assert distance(buffer, other) < tolerance


def adam(network: Network) -> torch.optim.Optimizer:
    """Adam without the idle biases: it would make whole steps of the plain network's rounding errors."""
    for bias in idle_biases(network):
        bias.requires_grad_(False)
    return torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=0.001)


def twenty_steps(
    conv_layers: int, size: int, items: int, dtype: torch.dtype
) -> tuple[torch.Tensor, list[dict[str, torch.Tensor]]]:
    """Losses (20 x 2) and weights of the plain and the fast network, trained by Adam on the same batches."""
    pair = networks(conv_layers, size, dtype)
    optimizers = [adam(network) for network in pair]
    losses = []
    for number in range(20):
        losses.append(torch.stack(both(*pair, *random_batch(size, items, number, dtype))))
        for optimizer in optimizers:
            optimizer.step()
    return torch.stack(losses), [network.state_dict() for network in pair]


def assert_equal(losses: torch.Tensor, states: list[dict[str, torch.Tensor]], tolerance: float) -> None:
    plain, quick = losses.T
    assert torch.allclose(quick, plain, rtol=tolerance, atol=0)
    for name, value in states[0].items():
        assert (value - states[1][name]).double().norm() <= tolerance * value.double().norm(), name


@pytest.mark.parametrize("dtype", EXACT, ids=str)
@pytest.mark.parametrize(("conv_layers", "size"), [(1, 40), (2, 33), (3, 40), (3, 97), (4, 22), (5, 64)])
def test_twenty_steps_of_adam(conv_layers, size, dtype):
    assert_equal(*twenty_steps(conv_layers, size, 6, dtype), EXACT[dtype])


def test_loss_curves_agree():
    """All parameters are trained, as in a training; then predictions in evaluation mode."""
    pair = networks(3, 40, torch.float32)
    optimizers = [torch.optim.Adam(network.parameters(), lr=0.001) for network in pair]
    batches = [random_batch(40, 8, number, torch.float32) for number in range(5)]
    curves = []
    for number in range(40):
        curves.append(torch.stack(both(*pair, *batches[number % 5])))
        for optimizer in optimizers:
            optimizer.step()
    plain, quick = torch.stack(curves, 1)
    assert torch.allclose(quick, plain, rtol=1e-3, atol=1e-4)
    assert plain[-5:].mean() < plain[:5].mean() / 2
    expected, scores = pair[0].eval()(batches[0][0]), forward(pair[1].eval(), batches[0][0])
    assert torch.allclose(scores, expected, rtol=1e-2, atol=1e-2)


@given(
    conv_layers=st.integers(1, 5),
    size=st.integers(16, 70),
    items=st.integers(2, 9),
    seed=st.integers(0, 1000),
    trained=st.booleans(),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_batch(conv_layers, size, items, seed, trained):
    """Fresh networks, and some with scales and shifts far from their first values."""
    plain, quick = networks(conv_layers, size)
    if trained:
        randomise_scales(plain, quick)
    compare(plain, quick, *random_batch(size, items, seed))


@pytest.mark.parametrize("conv_layers", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [16, 41])
def test_evaluation(conv_layers, size):
    plain, quick = networks(conv_layers, size)
    randomise_scales(plain, quick)
    for number in range(3):
        both(plain, quick, *random_batch(size, 4, number))
    pixels, labels = random_batch(size, 3, 9)
    plain.eval()
    quick.eval()
    statistics = {k: v.clone() for k, v in quick.state_dict().items()}
    with torch.inference_mode():
        assert torch.allclose(forward(quick, pixels), plain(pixels), rtol=1e-9)
    assert all(torch.equal(v, quick.state_dict()[k]) for k, v in statistics.items())
    expected, loss = both(plain, quick, pixels, labels)
    assert torch.allclose(loss, expected, rtol=1e-9)
    for parameter, other in zip(plain.parameters(), quick.parameters(), strict=True):
        assert distance(parameter.grad, other.grad) < 1e-9


@pytest.mark.parametrize("values", [(0, 0, 0, 0), (255, 255, 255, 255), (0, 80, 160, 255)])
@pytest.mark.parametrize("conv_layers", [1, 2, 3])
def test_constant_images(conv_layers, values):
    plain, quick = networks(conv_layers, 30)
    pixels = torch.tensor(values, dtype=torch.float64).view(-1, 1, 1, 1).expand(-1, 3, 30, 30)
    expected, loss = both(plain, quick, pixels, torch.arange(4))
    assert torch.allclose(loss, expected, rtol=1e-9)
    for buffer, other in zip(plain.buffers(), quick.buffers(), strict=True):
        assert torch.allclose(buffer, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("conv_layers", [1, 3])
def test_several_threads_change_nothing(conv_layers):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        compare(*networks(conv_layers, 40), *random_batch(40, 8))
    finally:
        torch.set_num_threads(threads)


def test_channels_first_in_memory():
    """Slower, with the same results."""
    plain, quick = networks(3, 33)
    pixels, labels = random_batch(33, 4)
    compare(plain, quick.to(memory_format=torch.contiguous_format), pixels.contiguous(), labels)


def test_pixels_that_need_a_gradient_get_it():
    _, quick = networks(3, 20)
    pixels, labels = random_batch(20, 2)
    nn.functional.nll_loss(forward(quick, pixels.requires_grad_()), labels).backward()
    assert pixels.grad.any()


def test_stays_near_float64():
    """Twenty steps in float32 stay near those in float64: rounding is not magnified."""
    reference, _ = networks(3, 97)
    _, quick = networks(3, 97, torch.float32)
    runs = [(reference, reference), (quick, partial(forward, quick))]
    optimizers = [torch.optim.Adam(network.parameters(), lr=0.001) for network, _ in runs]
    losses = []
    for number in range(20):
        pixels, labels = random_batch(97, 6, number)
        losses.append(
            [step(network, run, pixels.to(next(network.parameters()).dtype), labels) for network, run in runs]
        )
        for optimizer in optimizers:
            optimizer.step()
    exact, fast = torch.tensor(losses, dtype=torch.float64).T
    assert torch.allclose(fast, exact, rtol=1e-2)
