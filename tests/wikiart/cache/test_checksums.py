"""A damaged cache: whatever happens to any of its files, it gives the same numbers or is made again."""

import logging
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ablations.tracking import outcome
from ablations.tracking.outcome import Outcome
from tests.conftest import paint_folder
from wikiart.cache.checksums import LIST
from wikiart.cache.folder import Cache
from wikiart.errors import DataError
from wikiart.images import paintings, store, writing
from wikiart.images.building import build_store
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.training import train
from wikiart.sample import generate as sample

CONFIG = TrainingConfig(image_size=16, epochs=2, batch_size=4, conv_layers=1, smote="auto")
FINGERPRINT = "f" * 64


def flip(path: Path, choice: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(choice.choice([1, 10])):
        data[choice.randrange(len(data))] ^= choice.randrange(1, 256)
    path.write_bytes(data)


def cut(path: Path, choice: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: choice.randrange(path.stat().st_size)])


def empty(path: Path, choice: random.Random) -> None:
    path.write_bytes(b"")


def zero(path: Path, choice: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def randomize(path: Path, choice: random.Random) -> None:
    path.write_bytes(choice.randbytes(path.stat().st_size))


def extend(path: Path, choice: random.Random) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def swap(path: Path, choice: random.Random) -> None:
    """Exchange the content with that of another file of the cache."""
    cache = next(folder for folder in path.parents if folder.name == "cache")
    other = choice.choice([file for file in files(cache) if file != path])
    content = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(content)


def remove(path: Path, choice: random.Random) -> None:
    path.unlink()


def replace_by_folder(path: Path, choice: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = (flip, cut, empty, zero, randomize, extend, swap, remove, replace_by_folder)


class Prepared:
    """A data set and its cache, and what is computed from both."""

    def __init__(self, folder: Path):
        self.dataset = paintings.find(
            paint_folder(folder / "images", {"Amber": 7, "Blue": 9, "Dusk": 14}, {"Dusk": 2})
        )
        self.cache = Cache(folder / "cache")

    def results(self) -> dict[str, bytes]:
        """Open everything through the functions that a suite uses."""
        decoded = build_store(self.dataset, 16, self.cache.root)
        data = TrainingData.from_store(decoded, CONFIG)
        files = self.cache.training(FINGERPRINT)
        trained = outcome.read(files.outcome)
        if trained is None:
            network = train(CONFIG, data, state_file=files.state, save_interval=0)
            weights = torch.cat([weight.flatten() for weight in network.parameters()]).detach().numpy()
            log_probabilities = np.log(np.array([[0.25, 0.75]], np.float32))
            trained = Outcome(files.outcome, log_probabilities, [0.5, 0.5], curve=[], seconds=1.0, remarks=[])
            outcome.write(trained, lambda path: (path.mkdir(), np.save(path / "weights.npy", weights)))
        images = {split: getattr(decoded, split) for split in ("train", "test")}
        return {
            "digest": decoded.digest.encode(),
            "names": repr([decoded.classes, *(split.paths for split in images.values())]).encode(),
            "pixels": b"".join(split.images.tobytes() + split.labels.tobytes() for split in images.values()),
            "facts": b"".join(c.tobytes() for split in images for c in decoded.facts(split)),
            "recipes": b"".join(column.tobytes() for column in data.recipes),
            "outputs": trained.log_probabilities.tobytes(),
            "shares": repr(trained.shares).encode(),
            "weights": (trained.model / "weights.npy").read_bytes(),
        }


def files(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> tuple[Prepared, dict[str, bytes], Path]:
    """A prepared cache, its results, and a copy of the cache to damage and restore."""
    folder = tmp_path_factory.mktemp("prepared")
    prepared = Prepared(folder)
    results = prepared.results()
    shutil.copytree(prepared.cache.root, folder / "whole")
    return prepared, results, folder / "whole"


def check(prepared: tuple, damage: Callable, seed: int) -> None:
    """Damage a file that ``seed`` chooses; the results must be those of the whole cache."""
    made, expected, whole = prepared
    shutil.rmtree(made.cache.root)
    shutil.copytree(whole, made.cache.root)
    choice = random.Random(f"{damage.__name__}/{seed}")
    candidates = files(made.cache.root)
    path = candidates[seed % len(candidates)]
    damage(path, choice)
    if choice.random() < 0.5:  # the training goes on from its state, or with its outcome
        shutil.rmtree(made.cache.training(FINGERPRINT).outcome)
    results = made.results()
    assert [name for name in expected if results[name] != expected[name]] == [], path


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_made_again_with_the_same_numbers(prepared, damage, seed):
    check(prepared, damage, 3 * seed + DAMAGES.index(damage))


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_every_file_of_the_cache_damaged_in_every_way(prepared, damage):
    """Nine ways, twice for each of more than a dozen files: over 200 cases."""
    count = 2 * len(files(prepared[2]))
    assert count * len(DAMAGES) >= 200
    for seed in range(count):
        check(prepared, damage, seed)


def test_a_changed_label_is_noticed_said_and_mended(prepared, caplog):
    """One that leaves the file well formed: without a checksum the suite would answer wrong."""
    made, expected, _ = prepared
    folder = build_store(made.dataset, 16, made.cache.root).folder
    labels = np.load(folder / "test_labels.npy")
    np.save(folder / "test_labels.npy", 1 - labels)
    with pytest.raises(
        DataError, match=r"is damaged \(test_labels\.npy is not as it was written\): the same"
    ):
        store.load(folder)
    with caplog.at_level(logging.WARNING, "wikiart"):
        assert made.results()["pixels"] == expected["pixels"]
    [line] = [record.getMessage() for record in caplog.records if "damaged" in record.getMessage()]
    assert line.startswith(f"{folder} is damaged (test_labels.npy is not as it was written)")


def test_a_store_in_the_place_of_another_is_noticed(prepared, tmp_path):
    made, expected, _ = prepared
    folder = build_store(made.dataset, 16, made.cache.root).folder
    other = build_store(made.dataset, 24, made.cache.root).folder
    for source, target in ((folder, tmp_path / "a"), (other, folder), (tmp_path / "a", other)):
        source.rename(target)
    assert build_store(made.dataset, 24, made.cache.root).train.images.shape[1] == 24
    assert made.results()["digest"] == expected["digest"]


def test_a_store_of_before_checksums_is_taken_over_if_its_digest_is_right(prepared, monkeypatch):
    made, expected, _ = prepared
    folder = build_store(made.dataset, 16, made.cache.root).folder
    (folder / LIST).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(writing, "decode", lambda *_: pytest.fail("decoded again"))
        assert build_store(made.dataset, 16, made.cache.root).digest.encode() == expected["digest"]
    (folder / LIST).unlink()
    labels = np.load(folder / "train_labels.npy")
    np.save(folder / "train_labels.npy", labels[::-1])
    assert made.results()["pixels"] == expected["pixels"]


def test_a_state_of_another_network_is_left_alone(prepared, caplog):
    """It has the right name and checksum, but other shapes: the training begins at its first epoch."""
    made, _, _ = prepared
    decoded = build_store(made.dataset, 16, made.cache.root)
    data = TrainingData.from_store(decoded, CONFIG)
    state = made.cache.root / "state.pt"
    train(CONFIG.model_copy(update={"conv_layers": 3}), data, state_file=state, save_interval=0)
    with caplog.at_level(logging.WARNING, "wikiart"):
        network = train(CONFIG, data, state_file=state, save_interval=1e9)
    assert "of another network" in caplog.text
    expected = train(CONFIG, data)
    assert all(map(torch.equal, network.parameters(), expected.parameters()))


def test_a_damaged_sample_is_painted_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "image_counts", lambda split: {"Baroque": 1, "Cubism": 1})
    [path, *_] = sorted(sample.generate(tmp_path).rglob("*.jpg"))
    content = path.read_bytes()
    path.write_bytes(content[:-9])
    assert sample.generate(tmp_path).exists()
    assert path.read_bytes() == content
