"""Weights of the classes against scikit-learn's, and the weighted loss against torch's."""

import copy

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from wikiart.learning.batches import BatchReader
from wikiart.learning.class_weights import BETA, class_weights
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.network import Network
from wikiart.learning.steps import Step
from wikiart.learning.training import initialise, train
from wikiart.smote.recipes import draw_recipes, no_recipes

COUNTS = np.array([2269, 18, 0, 300])
LABELS = np.repeat([0, 1, 2], [9, 3, 2])


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (len(LABELS), 16, 16, 3), dtype=np.uint8)


def test_balanced_weights_are_scikit_learns():
    labels = np.repeat(np.arange(4), COUNTS)
    present = [0, 1, 3]
    expected = compute_class_weight("balanced", classes=np.array(present), y=labels)
    weights = class_weights("balanced", COUNTS)
    np.testing.assert_allclose(weights[present], expected, rtol=1e-12)
    assert weights[2] == 0


def test_effective_weights_are_those_of_cui_et_al():
    """The effective number is the sum 1 + beta + beta^2 + ... of as many terms as there are images."""
    present = [0, 1, 3]
    effective = np.array([sum(BETA**j for j in range(COUNTS[c])) for c in present])
    expected = 3 / effective / (1 / effective).sum()
    weights = class_weights("effective", COUNTS)
    np.testing.assert_allclose(weights[present], expected, rtol=1e-12)
    assert weights[2] == 0


@pytest.mark.parametrize("kind", ["balanced", "effective"])
def test_equal_counts_have_weight_1(kind):
    np.testing.assert_allclose(class_weights(kind, np.array([7, 7, 7])), 1)


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match="must be none, balanced or effective"):
        class_weights("cubic", COUNTS)


@pytest.mark.parametrize("kind", ["balanced", "effective"])
def test_synthetic_images_count(images, kind):
    data = TrainingData(images, LABELS, draw_recipes(images, LABELS, "copy:auto", 0), 3)
    assert data.class_counts.tolist() == [9, 9, 9]
    _, step = initialise(TrainingConfig(image_size=16, class_weights=kind), data, "cpu")
    assert step.class_weights.tolist() == pytest.approx([1, 1, 1])


# The fast forward pass, and the plain one, where a rounding may change a gradient's last of 8 bits.
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bf16", 1e-3)])
@pytest.mark.parametrize("conv_layers", [1, 3])
def test_a_step_is_that_of_torchs_weighted_cross_entropy(images, conv_layers, precision, tolerance):
    torch.manual_seed(0)
    plain = Network(conv_layers, 0.0, 16, 3)
    network = copy.deepcopy(plain)
    weights = torch.tensor([0.2, 1.0, 3.0])
    reader = BatchReader(TrainingData(images, LABELS, no_recipes(), 3), "cpu")
    step = Step(network, torch.optim.SGD(network.parameters(), lr=0.1), reader, precision, weights)
    index = torch.arange(len(LABELS))
    step(index)

    pixels, labels = reader.read(index)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        outputs = plain(pixels.float()).float()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    torch.nn.CrossEntropyLoss(weight=weights)(outputs, labels).backward()
    optimizer.step()

    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance)
    mean = torch.nn.functional.nll_loss(outputs, labels)  # the curve's loss is that of the images
    assert step.total[0].item() == pytest.approx(mean.item() * len(LABELS), rel=1e-4)


def test_weights_change_the_training(images):
    data = TrainingData(images, LABELS, no_recipes(), 3)
    norms = {
        train(TrainingConfig(image_size=16, epochs=2, class_weights=kind), data)
        .head.output.weight.norm()
        .item()
        for kind in ("none", "balanced", "effective")
    }
    assert len(norms) == 3
