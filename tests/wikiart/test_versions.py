"""Numbers of each deciding part, recorded for its version: they may change only if the version is raised.

A run is not repeated if an earlier one had the same settings, images and `wikiart.versions.VERSIONS`. If the
numbers of a part change and its version does not, old and new runs are taken for the same: then this test
fails and says what to do. The numbers are in recorded_numbers.json.

Images are generated without random numbers and saved without JPEG, whose decoders differ. Networks are
trained on one thread. Tolerances allow for the rounding of other processors.
"""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from wikiart.images import paintings
from wikiart.images.building import build_store
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.evaluation import log_probabilities, output_styles, prior_adjustment, read, score
from wikiart.learning.network import Network
from wikiart.learning.reading import Reading
from wikiart.learning.training import train
from wikiart.smote.levels import planned_counts
from wikiart.smote.recipes import Recipes, draw_recipes
from wikiart.versions import VERSIONS

LABELS = np.arange(30) % 5 % 3  # 12, 12 and 6 images
SIZE = 16

RECORDED = Path(__file__).with_name("recorded_numbers.json")

TOLERANCE = {"data": 0.0, "smote": 1e-5, "training": 1e-4, "evaluation": 1e-6}  # relative


def pattern(*shape: int) -> np.ndarray:
    """Pixels that look random and are the same everywhere."""
    numbers = np.arange(np.prod(shape), dtype=np.uint64)
    return (
        ((numbers * numbers * np.uint64(2654435761) + numbers) % 2**32 >> 24).astype(np.uint8).reshape(shape)
    )


def images() -> np.ndarray:
    """Images whose brightness depends on their class."""
    return pattern(30, SIZE, SIZE, 3) // 2 + (40 * LABELS[:, None, None, None]).astype(np.uint8)


def rotated() -> Image.Exif:
    """Metadata that say: turn by 90 degrees."""
    metadata = Image.Exif()
    metadata[0x0112] = 6
    return metadata


# Images of every kind that decoders agree on, and options for saving them.
KINDS: dict[str, tuple[Image.Image, dict]] = {
    "colour.png": (Image.fromarray(pattern(40, 30, 3)), {}),
    "deep.tif": (Image.fromarray(pattern(24, 24).astype(np.uint16) * 257), {}),
    "grey.bmp": (Image.fromarray(pattern(33, 21)), {}),
    "palette.png": (Image.fromarray(pattern(30, 30, 3)).quantize(16, dither=Image.Dither.NONE), {}),
    "rotated.png": (Image.fromarray(pattern(20, 50, 3)), {"exif": rotated()}),
    "transparent.png": (Image.fromarray(pattern(25, 40, 4)), {}),
}


def measure_data(folder: Path) -> dict[str, Any]:
    """Order, labels and pixels of decoded images."""
    for split, style in product(("train", "test"), ("Blue", "Amber")):
        (folder / "images" / split / style).mkdir(parents=True)
        for name, (image, options) in KINDS.items():
            image.save(folder / "images" / split / style / name, **options)
    dataset = paintings.find(folder / "images")
    numbers: dict[str, Any] = {}
    for resize in ("stretch", "crop", "pad"):
        decoded = build_store(dataset, SIZE, folder / "cache", resize=resize)
        weights = np.arange(1, decoded.train.images[0].size + 1)
        pixels = decoded.train.images[: len(KINDS)].reshape(len(KINDS), -1).astype(np.int64)
        numbers[f"pixels, {resize}"] = (pixels @ weights).tolist()
    numbers["classes"] = list(decoded.classes)
    numbers["order"] = list(decoded.train.paths)
    numbers["labels"] = [decoded.train.labels.tolist(), decoded.test.labels.tolist()]
    numbers["drawn split"] = [image.path for image in paintings.find(folder / "images" / "train").test]
    return numbers


def measure_smote(folder: Path) -> dict[str, Any]:
    """Recipes, and numbers of images after resampling."""
    synthetic = draw_recipes(images(), LABELS, "15", 3)
    return {
        "images per class": {
            level: list(planned_counts(level, LABELS).values()) for level in ("off", "on", "14", "auto")
        },
        "first": synthetic.first.tolist(),
        "second": synthetic.second.tolist(),
        "weight": synthetic.weight.tolist(),
        "labels": synthetic.labels.tolist(),
    }


def measure_training(folder: Path) -> dict[str, Any]:
    """Losses and weights of short trainings."""
    rows = np.array([2, 7, 12])
    synthetic = Recipes(rows, rows + 10, np.array([0.25, 0.5, 0.75], np.float32), LABELS[rows])
    data = TrainingData(images(), LABELS, synthetic, 3)
    numbers: dict[str, Any] = {}
    for conv_layers, dropout in ((1, 0.0), (3, 0.0), (3, 0.5)):
        if dropout and not torch.backends.mkl.is_available():
            continue  # without MKL, torch draws other random numbers for dropout
        config = TrainingConfig(
            conv_layers=conv_layers, dropout=dropout, image_size=SIZE, batch_size=8, epochs=3
        )
        curve = []
        network = train(config, data, on_epoch=curve.append)
        name = f"conv_layers={conv_layers} dropout={dropout}"
        numbers[f"{name}: losses"] = [epoch.loss for epoch in curve]
        # Not of the biases: a convolution's has no gradient but rounding errors, of which Adam makes steps.
        numbers[f"{name}: norms of the weights"] = [
            p.norm().item() for p in network.parameters() if p.ndim > 1
        ]
    return numbers


def measure_evaluation(folder: Path) -> dict[str, Any]:
    """Predictions of a network, its readings, scores."""
    styles = ("Amber", "Blue", "Crimson", "Dusk", "Ebony")
    torch.manual_seed(0)
    network = Network(2, 0.1, SIZE, len(styles))
    with torch.no_grad():
        for _ in range(50):  # running statistics, so that outputs differ
            network(torch.from_numpy(images()).permute(0, 3, 1, 2).float())
    log_p = log_probabilities(network, images())
    outputs = log_p.argmax(1)
    adjustment = prior_adjustment(Reading(prior="uniform"), np.array([0.22, 0.22, 0.2, 0.18, 0.18]))
    truth = [styles[label] for label in LABELS]
    scores = score(truth, [styles[output] for output in outputs], styles)
    return {
        "outputs": outputs.tolist(),
        "uniform": read(log_p, styles, adjustment),
        "sorted": list(output_styles(styles, Reading(), 0)),
        "unsorted": [list(output_styles(styles, Reading(class_order="unsorted"), seed)) for seed in range(3)],
        **scores._replace(confusion=scores.confusion.tolist())._asdict(),
    }


MEASURE: dict[str, Callable[[Path], dict[str, Any]]] = {
    "data": measure_data,
    "smote": measure_smote,
    "training": measure_training,
    "evaluation": measure_evaluation,
}


def differs(measured: Any, recorded: Any, tolerance: float) -> bool:
    if isinstance(recorded, dict):
        return measured.keys() != recorded.keys() or any(
            differs(measured[key], value, tolerance) for key, value in recorded.items()
        )
    if isinstance(recorded, list):
        return len(measured) != len(recorded) or any(
            differs(*pair, tolerance) for pair in zip(measured, recorded, strict=True)
        )
    return measured != (pytest.approx(recorded, rel=tolerance) if isinstance(recorded, float) else recorded)


@pytest.mark.parametrize("part", VERSIONS)
def test_numbers_change_only_with_the_version(part, tmp_path):
    recorded = json.loads(RECORDED.read_text()).get(part, {})
    version = recorded.pop("version", 0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        measured = MEASURE[part](tmp_path)
    finally:
        torch.set_num_threads(threads)
    changed = [
        name
        for name, numbers in measured.items()
        if name not in recorded or differs(numbers, recorded[name], TOLERANCE[part])
    ]
    if version == VERSIONS[part] and changed:
        pytest.fail(
            f"The numbers of the part {part!r} have changed ({', '.join(changed)}), and its version in "
            f"wikiart/versions.py is still {version}. If they should change, raise the version, so that "
            f"runs of the earlier numbers are not taken for finished ones, and record the new numbers "
            f"in {RECORDED.name}. If not, find what changed them.\n"
            f"Measured: {json.dumps(measured)}"
        )
    if version != VERSIONS[part]:
        pytest.fail(
            f"The version of the part {part!r} is {VERSIONS[part]}, and {RECORDED.name} has the numbers of "
            f"version {version}: record those of the new version there.\n"
            f"Measured: {json.dumps(measured)}"
        )
