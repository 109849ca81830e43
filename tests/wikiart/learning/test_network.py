"""Both networks, held to the study's."""

import pytest
import torch
from torch import nn

from wikiart.learning.network import Network


def shapes(network: Network, size: int) -> list[tuple[str, tuple[int, ...]]]:
    """Each layer's kind and the shape of what leaves it, for one image."""
    outputs = []

    def note(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        outputs.append((type(layer).__name__, tuple(output.shape[1:])))

    for layer in network.modules():
        if not isinstance(layer, nn.Sequential):
            layer.register_forward_hook(note)
    network.eval()(torch.zeros(1, 3, size, size))
    return outputs


def test_one_convolution_as_given():
    network = Network(1, 0.01, 416, 27)
    assert shapes(network, 416) == [
        ("Conv2d", (1, 419, 419)),
        ("MaxPool2d", (1, 105, 105)),
        ("Flatten", (11025,)),
        ("BatchNorm1d", (11025,)),
        ("Linear", (300,)),
        ("Dropout", (300,)),
        ("ReLU", (300,)),
        ("Linear", (27,)),
        ("LogSoftmax", (27,)),
    ]
    # 3*2*2+1, 2*11025, 11025*300+300, 300*27+27
    assert sum(p.numel() for p in network.parameters()) == 13 + 22050 + 3307800 + 8127


def test_three_convolutions_as_improved():
    network = Network(3, 0.1, 416, 27)
    kinds_and_shapes = shapes(network, 416)
    convolutions = [shape for kind, shape in kinds_and_shapes if kind == "Conv2d"]
    pools = [shape for kind, shape in kinds_and_shapes if kind == "MaxPool2d"]
    assert convolutions == [(16, 419, 419), (32, 108, 108), (64, 31, 31)]
    assert pools == [(16, 105, 105), (32, 28, 28), (64, 8, 8)]
    assert kinds_and_shapes[12:] == [
        ("Flatten", (4096,)),
        ("Linear", (300,)),
        ("Dropout", (300,)),
        ("ReLU", (300,)),
        ("Linear", (27,)),
        ("LogSoftmax", (27,)),
    ]
    convolved = (3 * 16 * 4 + 16) + (16 * 32 * 4 + 32) + (32 * 64 * 4 + 64) + 2 * (16 + 32 + 64)
    assert sum(p.numel() for p in network.parameters()) == convolved + 4096 * 300 + 300 + 8127


def as_the_study_wrote_it(width: int, classes: int) -> nn.Sequential:
    """Three convolutions with the activation before the pool, layer by layer from the study's description."""
    layers = []
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 2, padding=2), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(4, padding=2)]
    head = [nn.Linear(width, 300), nn.Dropout(0.1), nn.ReLU(), nn.Linear(300, classes), nn.LogSoftmax(1)]
    return nn.Sequential(*layers, nn.Flatten(), *head)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_pooling_before_the_activation_changes_nothing(mode):
    ours, theirs = Network(3, 0.1, 40, 5).double(), as_the_study_wrote_it(64 * 2 * 2, 5).double()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    pixels = torch.rand(6, 3, 40, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 255
    labels = torch.tensor([0, 1, 2, 3, 4, 0])
    outcomes = []
    for network in (ours, theirs):
        getattr(network, mode)()
        torch.manual_seed(1)  # the same dropout
        scores = network(pixels)
        nn.functional.nll_loss(scores, labels).backward()
        outcomes.append((scores, [p.grad for p in network.parameters()]))
    assert torch.equal(outcomes[0][0], outcomes[1][0])
    for one, other in zip(outcomes[0][1], outcomes[1][1], strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("size", [16, 24, 64, 97, 224])
@pytest.mark.parametrize("conv_layers", [1, 2, 3, 4, 5])
def test_any_image_size(size, conv_layers):
    network = Network(conv_layers, 0.1, size, 7).eval()
    scores = network(torch.rand(2, 3, size, size) * 255)
    assert scores.shape == (2, 7)
    assert torch.allclose(scores.exp().sum(1), torch.ones(2), atol=1e-5)
