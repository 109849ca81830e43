"""Stores: exact pixels, built once, never half written."""

import errno
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import paint, paint_folder
from wikiart.errors import DataError, TooManyUnreadable
from wikiart.images import paintings, writing
from wikiart.images.building import build_store, without_images
from wikiart.images.decoding import RESIZE, decode
from wikiart.images.sums import pixel_sums


@pytest.fixture
def folder(tmp_path) -> Path:
    return paint_folder(tmp_path / "images", {"Amber": 3, "Dusk": 2}, {"Dusk": 2})


def test_pixels_and_labels_are_those_of_the_files(folder, tmp_path):
    decoded = build_store(paintings.find(folder), 24, tmp_path)
    assert decoded.classes == ("Amber", "Dusk")
    assert decoded.train.labels.tolist() == [0, 0, 0, 1, 1]
    assert decoded.test.labels.tolist() == [
        1,
        1,
    ]  # numbered as in training
    for row, path in enumerate(decoded.train.paths):
        with Image.open(folder / path) as image:
            assert np.array_equal(decoded.train.images[row], np.asarray(image))


def test_a_store_is_opened_again_without_decoding(folder, tmp_path):
    dataset = paintings.find(folder)
    calls = []
    first = build_store(dataset, 24, tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (7, 7)
    again = build_store(dataset, 24, tmp_path, progress=lambda *_: pytest.fail("decoded again"))
    assert again.folder == first.folder


def test_pixel_sums_are_kept_with_the_images(folder, tmp_path):
    decoded = build_store(paintings.find(folder), 24, tmp_path)
    file = decoded.folder / "train_sums.npy"
    expected = pixel_sums(decoded.train.images)
    assert np.array_equal(np.load(file), expected)
    assert np.array_equal(decoded.pixel_sums(), expected)
    smaller = without_images(decoded, [1])
    assert np.array_equal(smaller.pixel_sums(), np.delete(expected, 1, axis=0))


def test_key_follows_the_files_digest_follows_the_pixels(folder, tmp_path):
    first = build_store(paintings.find(folder), 24, tmp_path)
    image = folder / first.train.paths[0]
    os.utime(image, (1, 1))
    touched = build_store(paintings.find(folder), 24, tmp_path)
    assert touched.key != first.key
    assert touched.digest == first.digest
    paint(image, (0, 255, 0), 7)
    assert build_store(paintings.find(folder), 24, tmp_path).digest != first.digest


@pytest.mark.parametrize("rule", list(RESIZE))
def test_resize_rules_make_images_square(tmp_path, rule):
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, :20] = 255  # the left third is white
    Image.fromarray(wide).save(tmp_path / "wide.png")
    square = decode(tmp_path / "wide.png", 30, rule).pixels
    assert square.shape == (30, 30, 3)
    white = (square > 128).mean()
    assert white == pytest.approx({"stretch": 1 / 3, "crop": 0, "pad": 1 / 9}[rule], abs=0.02)


def test_too_many_unreadable_images_stop_with_a_list(folder, tmp_path):
    (folder / "train" / "Amber" / "broken.jpg").write_bytes(b"not an image")
    dataset = paintings.find(folder)
    with pytest.raises(
        TooManyUnreadable, match=r"1 of 8 images.*\n  train/Amber/broken\.jpg: not an"
    ) as raised:
        build_store(dataset, 24, tmp_path)
    assert raised.value.share == pytest.approx(0.13)
    allowed = build_store(dataset, 24, tmp_path, allow_skipped=0.13, progress=lambda *_: pytest.fail("again"))
    assert [skipped.path for skipped in allowed.skipped] == ["train/Amber/broken.jpg"]


def test_readable_images_keep_their_labels_beside_unreadable_ones(folder, tmp_path):
    """With a broken file first, amidst and last of the training images."""
    clean = build_store(paintings.find(folder), 24, tmp_path)
    for path in ("Amber/!", "Dusk/!", "Dusk/~"):
        (folder / "train" / f"{path}.jpg").write_bytes(b"")
    decoded = build_store(paintings.find(folder), 24, tmp_path, allow_skipped=1)
    assert decoded.digest == clean.digest
    assert decoded.train.paths == clean.train.paths
    assert np.array_equal(decoded.train.images, clean.train.images)
    assert {skipped.reason for skipped in decoded.skipped} == {"empty"}
    facts = decoded.facts("train")
    assert all(len(column) == len(decoded.train.paths) for column in facts)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_style_without_a_readable_image_is_refused(folder, tmp_path, split):
    for path in (folder / split / "Dusk").iterdir():
        path.write_bytes(b"GIF89a")
    with pytest.raises(DataError, match=rf"no {split}(ing)? image .*can be read[^$]*Dusk/0\.jpg"):
        build_store(paintings.find(folder), 24, tmp_path, allow_skipped=1)


def _build(folder: Path, cache: Path) -> str:
    def last(done: int, total: int) -> None:
        if done == total:
            with (cache / "decoded").open("a") as file:
                file.write(f"{os.getpid()}\n")

    return str(build_store(paintings.find(folder), 24, cache, progress=last).folder)


def test_two_processes_at_once_build_one_store(folder, tmp_path):
    """Both get the store, and one decodes."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        decoded = pool.starmap(_build, [(folder, tmp_path)] * 4)
    assert len(set(decoded)) == 1
    assert [path.name for path in (tmp_path / "stores").glob("[!.]*")] == [Path(decoded[0]).name]
    assert not list((tmp_path / "stores").glob(".*-*"))
    assert len((tmp_path / "decoded").read_text().split()) == 1


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("stat", errno.EIO),
        ("stat", errno.EACCES),
        ("read_bytes", errno.ENOENT),
        ("read_bytes", errno.EIO),
        ("read_bytes", errno.ESTALE),
        ("read_bytes", errno.EACCES),
    ],
)
def test_a_folder_that_is_away_for_a_moment_leaves_no_store(folder, tmp_path, monkeypatch, moment, number):
    """The same command must find its images again when the folder is back."""
    dataset = paintings.find(folder)
    method = getattr(Path, moment)

    def fail(path: Path, **options: object) -> object:
        if path.suffix == ".jpg":
            raise OSError(number, os.strerror(number))
        return method(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, moment, fail)
        with pytest.raises(DataError, match=rf"\.jpg cannot be read \({os.strerror(number)}\): repair"):
            build_store(dataset, 24, tmp_path, allow_skipped=1)
    assert not list((tmp_path / "stores").glob("[!.]*"))
    assert not build_store(dataset, 24, tmp_path).skipped


def test_links_to_nowhere_and_missing_lines_are_skipped_until_they_lead_somewhere(folder, tmp_path):
    link = folder / "train" / "Amber" / "link.jpg"
    link.symlink_to(tmp_path / "away.jpg")
    decoded = build_store(paintings.find(folder), 24, tmp_path, allow_skipped=1)
    assert [skipped.reason for skipped in decoded.skipped] == ["No such file or directory"]
    paint(tmp_path / "away.jpg", (0, 255, 0), 7)
    assert not build_store(paintings.find(folder), 24, tmp_path).skipped


def test_a_link_that_breaks_during_decoding_is_not_skipped(folder, tmp_path, monkeypatch):
    """A folder of links to a disk that is taken away looks like this."""
    link = folder / "train" / "Amber" / "0.jpg"
    link.rename(tmp_path / "there.jpg")
    link.symlink_to(tmp_path / "there.jpg")
    dataset = paintings.find(folder)

    def remove_target(*arguments: object) -> object:
        (tmp_path / "there.jpg").unlink(missing_ok=True)
        return decode(*arguments)

    monkeypatch.setattr(writing, "decode", remove_target)
    with pytest.raises(DataError, match="No such file"):
        build_store(dataset, 24, tmp_path, allow_skipped=1)
