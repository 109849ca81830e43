"""The generated sample: complete, the same everywhere, whole or not there, and worth learning."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from wikiart import sample
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.training import train
from wikiart.smote.recipes import no_recipes

STYLES = sorted(sample.MANNERS)


@pytest.fixture
def small(monkeypatch):
    """One image of each style and split."""
    monkeypatch.setattr(sample, "counts", lambda split: dict.fromkeys(STYLES, 1))


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpg")}


def pixels(style, numbers):
    return np.stack([np.asarray(sample.painting(style, "train", number), float) for number in numbers])


def test_counts_follow_the_study():
    assert len(STYLES) == 27
    assert sum(manner.train for manner in sample.MANNERS.values()) == 13_350
    train, test = sample.counts("train"), sample.counts("test")
    assert (train["Impressionism"], train["Analytical_Cubism"], train["Action_painting"]) == (227, 2, 2)
    assert (sum(test.values()), test["Impressionism"]) == (630, 101)


def test_every_style_has_its_files(tmp_path, monkeypatch):
    blank = Image.new("RGB", (sample.SIZE, sample.SIZE))
    monkeypatch.setattr(sample, "painting", lambda style, split, number: blank)
    folder = sample.make(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train"]
    for split in ("train", "test"):
        found = {style.name: len(list(style.glob("*.jpg"))) for style in (folder / split).iterdir()}
        assert found == sample.counts(split)


def test_every_manner_names_what_exists():
    for manner in sample.MANNERS.values():
        assert set(manner.palettes.split()) <= set(sample.PALETTES)
        assert set(manner.neighbours.split()) <= set(STYLES)


def test_files_are_small_colour_jpegs(tmp_path, small):
    folder = sample.make(tmp_path)
    paths = list(folder.rglob("*.jpg"))
    assert len(paths) == 2 * len(STYLES)
    for path in paths:
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 64))


def test_two_makes_write_the_same_bytes(tmp_path, small):
    assert contents(sample.make(tmp_path / "one")) == contents(sample.make(tmp_path / "two"))


def test_another_process_paints_the_same():
    script = (
        "import hashlib; from wikiart.sample import painting;"
        "print(hashlib.sha256(painting('Pointillism', 'train', 3).tobytes()).hexdigest())"
    )

    def digest(hash_seed):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert digest("1") == digest("2")


def test_made_once(tmp_path, small, monkeypatch):
    folder = sample.make(tmp_path / "not" / "there" / "yet")
    monkeypatch.setattr(sample, "painting", lambda *piece: pytest.fail("painted again"))
    assert sample.make(tmp_path / "not" / "there" / "yet") == folder


def test_a_new_version_gets_a_new_folder(tmp_path, small, monkeypatch):
    first = sample.make(tmp_path)
    monkeypatch.setattr(sample, "VERSION", sample.VERSION + 1)
    assert sample.make(tmp_path) != first
    assert first.is_dir()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_make_leaves_nothing(tmp_path, small, error):
    def interrupt(done, total):
        if done == 5:
            raise error

    with pytest.raises(error):
        sample.make(tmp_path, interrupt)
    assert list(tmp_path.iterdir()) == []
    assert len(contents(sample.make(tmp_path))) == 2 * len(STYLES)


def test_a_killed_make_is_not_taken_for_a_sample(tmp_path, small):
    torso = tmp_path / ".sample-killed" / f"sample-v{sample.VERSION}" / "train"
    torso.mkdir(parents=True)
    assert len(contents(sample.make(tmp_path))) == 2 * len(STYLES)


def test_two_makes_at_once_agree(tmp_path, small):
    finished = []

    def overtaken(done, total):
        if done == total and not finished:
            finished.append(None)
            finished.append(sample.make(tmp_path))  # the other one renames its folder first

    folder = sample.make(tmp_path, overtaken)
    assert finished[1] == folder
    assert list(tmp_path.iterdir()) == [folder]


def test_progress_counts_to_the_end(tmp_path, small):
    calls = []
    sample.make(tmp_path, lambda done, total: calls.append((done, total)))
    assert calls == [(done, 54) for done in range(1, 55)]


def test_pieces_of_a_style_differ():
    for style in STYLES:
        pieces = pixels(style, range(6))
        gaps = [np.abs(pieces[i] - pieces[j]).mean() for i in range(6) for j in range(i)]
        assert min(gaps) > 4, style


def test_splits_and_styles_differ():
    pieces = {
        (style, split): sample.painting(style, split, 0) for style in STYLES for split in ("train", "test")
    }
    assert len({image.tobytes() for image in pieces.values()}) == len(pieces)


def test_manners_show_in_the_texture():
    """Dots are busier than colour fields, from pixel to pixel."""

    def busy(style):
        return np.abs(np.diff(pixels(style, range(8)), axis=2)).mean()

    assert busy("Pointillism") > 3 * busy("Color_Field_Painting")


def test_unknown_style():
    with pytest.raises(KeyError):
        sample.painting("Dadaism", "train", 0)


@pytest.mark.slow
def test_three_convolutions_learn_more_than_one(tmp_path):
    """The sample leaves the study's first question something to find, and room above its best answer."""
    folder = sample.make(tmp_path)
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
