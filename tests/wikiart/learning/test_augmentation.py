"""Augmentation: torchvision's transforms on each image, reproducible by seed, epoch and batch."""

import copy

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from wikiart.learning.augmentation import Augmentation
from wikiart.learning.batches import BatchReader
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.network import Network
from wikiart.learning.steps import Step
from wikiart.learning.training import initialise, train
from wikiart.smote.recipes import draw_recipes

SIZE = 16
LABELS = np.repeat([0, 1, 2], [9, 3, 2])
KINDS = ("flip", "crop", "randaugment")
CONFIG = TrainingConfig(image_size=SIZE, epochs=4, batch_size=4, smote="auto", dropout=0.3)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    images = np.random.default_rng(0).integers(0, 256, (len(LABELS), SIZE, SIZE, 3), dtype=np.uint8)
    return TrainingData(images, LABELS, draw_recipes(images, LABELS, "auto", 0), 3)


@pytest.fixture
def pixels(data) -> torch.Tensor:
    return torch.from_numpy(data.images).permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    ("kind", "transform"),
    [
        ("flip", v2.RandomHorizontalFlip(p=0.5)),
        ("crop", v2.RandomCrop(SIZE, padding=2, fill=0)),
        ("randaugment", v2.RandAugment(num_ops=2, magnitude=9)),
    ],
)
def test_each_image_is_changed_as_torchvision_does(pixels, kind, transform):
    changed = Augmentation(kind, SIZE, seed=3)(pixels)
    seeds = torch.Generator().manual_seed(int(np.random.SeedSequence([3, 1]).generate_state(1)[0]))
    torch.manual_seed(int(torch.randint(2**63 - 1, (), generator=seeds)))
    expected = torch.stack([transform(image) for image in pixels])
    assert changed.dtype == torch.uint8
    assert changed.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(changed, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_draws_depend_on_seed_epoch_and_batch(pixels, kind):
    augmentation = Augmentation(kind, SIZE, seed=3)
    first, second = augmentation(pixels), augmentation(pixels)
    assert not torch.equal(first, second)
    augmentation.start_epoch(2)
    assert not torch.equal(first, augmentation(pixels))
    augmentation.start_epoch(1)
    assert torch.equal(first, augmentation(pixels))
    assert torch.equal(second, augmentation(pixels))
    assert not torch.equal(first, Augmentation(kind, SIZE, seed=4)(pixels))


@pytest.mark.parametrize("kind", KINDS)
def test_other_random_numbers_stay_as_they_are(pixels, kind):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    Augmentation(kind, SIZE, seed=3)(pixels)
    assert torch.equal(torch.rand(3), expected)


def test_images_are_changed_one_by_one(pixels):
    changed = Augmentation("flip", SIZE, seed=0)(pixels)
    flipped = [torch.equal(one, other.flip(2)) for one, other in zip(changed, pixels, strict=True)]
    assert 0 < sum(flipped) < len(pixels)


def test_blended_images_are_rounded_for_randaugment_alone(pixels):
    blended = pixels.float() + 0.4
    for kind in KINDS:
        changed = Augmentation(kind, SIZE, seed=0)(blended)
        whole = Augmentation(kind, SIZE, seed=0)(pixels)
        assert changed.dtype == (torch.uint8 if kind == "randaugment" else torch.float32)
        assert kind == "crop" or torch.allclose(changed.float(), whole + 0.4 * (kind == "flip"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("conv_layers", [1, 3])
def test_a_step_learns_from_the_changed_batch(data, conv_layers, kind):
    """Also where the sums of the unchanged images' pixels are known from earlier steps."""
    torch.manual_seed(0)
    plain = Network(conv_layers, 0.0, SIZE, 3)
    network = copy.deepcopy(plain)
    reader = BatchReader(data, "cpu")
    index = torch.arange(3, 20)
    reader.pixel_sums(index, reader.read(index)[0])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    Step(network, optimizer, reader, "float32", augmentation=Augmentation(kind, SIZE, 7))(index)

    pixels, labels = reader.read(index)
    changed = Augmentation(kind, SIZE, 7)(pixels).float()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    torch.nn.functional.nll_loss(plain(changed), labels).backward()
    optimizer.step()
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_training_ends_with_the_same_weights(data, tmp_path, kind):
    config = CONFIG.model_copy(update={"augment": kind})
    expected = train(config, data).state_dict()
    options = {"state_file": tmp_path / "state.pt", "save_interval": 0}
    train(config.model_copy(update={"epochs": 2}), data, **options)
    torch.manual_seed(99)  # another process would stand elsewhere in torch's random numbers
    restored = train(config, data, **options).state_dict()
    assert all(torch.equal(restored[name], weight) for name, weight in expected.items())


def test_no_augmentation_by_default(data):
    assert initialise(CONFIG, data, "cpu")[1].augmentation is None


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match="must be none, flip, crop or randaugment"):
        Augmentation("blur", SIZE, 0)
