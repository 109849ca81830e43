"""The generated sample: complete, the same everywhere, whole or not there, and worth learning."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.training import train
from wikiart.sample import generate as sample
from wikiart.sample.painting import paint
from wikiart.sample.styles import PALETTES
from wikiart.smote.recipes import no_recipes

STYLES = sorted(sample.STYLES)


@pytest.fixture
def small(monkeypatch):
    """One image of each style and split."""
    monkeypatch.setattr(sample, "image_counts", lambda split: dict.fromkeys(STYLES, 1))


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpg")}


def pixels(style, numbers):
    return np.stack([np.asarray(paint(style, "train", number), float) for number in numbers])


def test_counts_follow_the_study():
    assert len(STYLES) == 27
    assert sum(style.train for style in sample.STYLES.values()) == 13_350
    train, test = sample.image_counts("train"), sample.image_counts("test")
    assert (train["Impressionism"], train["Analytical_Cubism"], train["Action_painting"]) == (227, 2, 2)
    assert (sum(test.values()), test["Impressionism"]) == (630, 101)


def test_every_style_has_its_files(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "paint_files", lambda pictures: (b"" for _ in pictures))
    folder = sample.generate(tmp_path)
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["test", "train"]
    for split in ("train", "test"):
        files = {style.name: len(list(style.glob("*.jpg"))) for style in (folder / split).iterdir()}
        assert files == sample.image_counts(split)


def test_palettes_and_neighbours_of_every_style_exist():
    for style in sample.STYLES.values():
        assert set(style.palettes) <= set(PALETTES)
        assert set(style.neighbours) <= set(STYLES)


def test_files_are_small_colour_jpegs(tmp_path, small):
    folder = sample.generate(tmp_path)
    paths = list(folder.rglob("*.jpg"))
    assert len(paths) == 2 * len(STYLES)
    for path in paths:
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 64))


def test_two_samples_have_the_same_bytes(tmp_path, small):
    assert contents(sample.generate(tmp_path / "one")) == contents(sample.generate(tmp_path / "two"))


def test_another_process_paints_the_same():
    script = (
        "import hashlib; from wikiart.sample.painting import paint;"
        "print(hashlib.sha256(paint('Pointillism', 'train', 3).tobytes()).hexdigest())"
    )

    def digest(hash_seed):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert digest("1") == digest("2")


def test_a_second_call_paints_nothing(tmp_path, small, monkeypatch):
    folder = sample.generate(tmp_path / "not" / "there" / "yet")
    monkeypatch.setattr(sample, "paint_files", lambda pictures: pytest.fail("painted again"))
    assert sample.generate(tmp_path / "not" / "there" / "yet") == folder


def test_a_new_version_gets_a_new_folder(tmp_path, small, monkeypatch):
    first = sample.generate(tmp_path)
    monkeypatch.setattr(sample, "VERSION", sample.VERSION + 1)
    assert sample.generate(tmp_path) != first
    assert first.is_dir()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interruption_leaves_nothing(tmp_path, small, error):
    def interrupt(done, total):
        if done == 5:
            raise error

    with pytest.raises(error):
        sample.generate(tmp_path, interrupt)
    assert list(tmp_path.iterdir()) == []
    assert len(contents(sample.generate(tmp_path))) == 2 * len(STYLES)


def test_the_rest_of_a_killed_process_is_not_taken_for_a_sample(tmp_path, small):
    rest = tmp_path / ".sample-killed" / f"sample-v{sample.VERSION}" / "train"
    rest.mkdir(parents=True)
    assert len(contents(sample.generate(tmp_path))) == 2 * len(STYLES)


def test_two_processes_at_once_get_one_folder(tmp_path, small):
    finished = []

    def finish_another_first(done, total):
        if done == total and not finished:
            finished.append(None)
            finished.append(sample.generate(tmp_path))  # the other one renames its folder first

    folder = sample.generate(tmp_path, finish_another_first)
    assert finished[1] == folder
    assert list(tmp_path.iterdir()) == [folder]


def test_progress_counts_to_the_end(tmp_path, small):
    calls = []
    sample.generate(tmp_path, lambda done, total: calls.append((done, total)))
    assert calls == [(done, 54) for done in range(1, 55)]


def test_pictures_of_a_style_differ():
    for style in STYLES:
        pictures = pixels(style, range(6))
        gaps = [np.abs(pictures[i] - pictures[j]).mean() for i in range(6) for j in range(i)]
        assert min(gaps) > 4, style


def test_splits_and_styles_differ():
    pictures = {(style, split): paint(style, split, 0) for style in STYLES for split in ("train", "test")}
    assert len({image.tobytes() for image in pictures.values()}) == len(pictures)


def test_styles_differ_in_texture():
    """Dots are busier than colour fields, from pixel to pixel."""

    def texture(style):
        return np.abs(np.diff(pixels(style, range(8)), axis=2)).mean()

    assert texture("Pointillism") > 3 * texture("Color_Field_Painting")


def test_an_unknown_style_is_refused():
    with pytest.raises(KeyError):
        paint("Dadaism", "train", 0)


@pytest.mark.slow
def test_three_convolutions_learn_more_than_one(tmp_path):
    """The sample leaves the study's first question something to find, and room above its best answer."""
    folder = sample.generate(tmp_path)
    train_set, (images, labels) = (_arrays(folder / split) for split in ("train", "test"))

    def accuracy(conv_layers):
        config = TrainingConfig(conv_layers=conv_layers, dropout=0.1)
        network = train(config, TrainingData(*train_set, no_recipes(), len(STYLES)))
        scores = network(torch.from_numpy(images).permute(0, 3, 1, 2).float())
        return (scores.argmax(1).numpy() == labels).mean()

    one, three = accuracy(1), accuracy(3)
    assert 0.17 < one < three - 0.05
    assert 0.45 < three < 0.85


def _arrays(folder):
    paths = sorted(folder.rglob("*.jpg"))
    labels = np.array([STYLES.index(path.parent.name) for path in paths])
    return np.stack([np.asarray(Image.open(path)) for path in paths]), labels
