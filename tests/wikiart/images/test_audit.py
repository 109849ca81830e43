"""The audit: what is counted, and leaks that are dropped."""

import io
import shutil
import time

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.conftest import paint_folder
from wikiart.images import audit, paintings, store, writing
from wikiart.images.building import build_store, without_images
from wikiart.images.store import FileFacts
from wikiart.sample.painting import paint


@pytest.fixture
def leaky(tmp_path):
    """A copy within training and across styles, an exact leak, and three that only look alike."""
    root = paint_folder(tmp_path / "images", {"Amber": 4, "Dusk": 3}, {"Dusk": 2})
    train, test = root / "train", root / "test"
    shutil.copy(train / "Amber" / "0.jpg", train / "Amber" / "copy.jpg")
    shutil.copy(train / "Amber" / "0.jpg", train / "Dusk" / "copy.jpg")
    shutil.copy(test / "Dusk" / "0.jpg", train / "Dusk" / "leak.jpg")
    for number in range(3):
        picture = paint("Realism", "test", number)
        picture.save(test / "Dusk" / f"piece-{number}.png")
        again = [
            picture.resize((100, 90)),
            ImageEnhance.Brightness(picture).enhance(0.9),
            Image.open(io.BytesIO(jpeg(picture))),
        ]
        again[number].save(train / "Dusk" / f"again-{number}.png")
    return build_store(paintings.find(root), 24, tmp_path / "cache")


def jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def test_the_report_counts_copies_styles_sizes_and_leaks(leaky):
    report = audit.audit(leaky)
    assert report.images == {"train": 13, "test": 5}
    assert report.copies == {"train": 2, "test": 0}
    assert report.two_styles == 1
    assert report.sizes["train"]["width_largest"] == 100
    assert report.sizes["test"]["height_median"] == 64
    assert (report.exact_leaks, report.near_leaks) == (1, 3)
    assert ("train/Dusk/leak.jpg", "test/Dusk/0.jpg", "exact") in report.leaks
    assert ("train/Dusk/again-1.png", "test/Dusk/piece-1.png", "near") in report.leaks
    assert report.as_dict()["near_means"]["dhash_bits"] == audit.MAX_BITS


def test_dropping_leaks_changes_the_training_split_only(leaky):
    leaks = {path for path, _, _ in audit.audit(leaky).leaks}
    reduced = without_images(leaky, [row for row, path in enumerate(leaky.train.paths) if path in leaks])
    assert reduced.key != leaky.key
    assert reduced.digest != leaky.digest
    assert set(reduced.train.paths) == set(leaky.train.paths) - leaks
    for row, path in enumerate(reduced.train.paths):
        before = leaky.train.paths.index(path)
        assert reduced.train.labels[row] == leaky.train.labels[before]
        assert np.array_equal(reduced.train.images[row], leaky.train.images[before])
    assert np.array_equal(reduced.test.images, leaky.test.images)
    assert not audit.audit(reduced).leaks
    assert without_images(leaky, [1, 2]).folder == without_images(leaky, [2, 1]).folder


def test_dropping_a_whole_style_is_refused(leaky):
    amber = np.flatnonzero(leaky.train.labels == 0)
    with pytest.raises(paintings.DataError, match="every training image of Amber"):
        without_images(leaky, amber.tolist())


def test_an_audit_decodes_nothing(leaky, monkeypatch):
    monkeypatch.setattr(writing, "decode", lambda *_: pytest.fail("decoded again"))
    audit.audit(store.load(leaky.folder))


def test_flat_pictures_are_no_near_duplicates(tmp_path):
    root = paint_folder(tmp_path / "images", {"Amber": 1, "Dusk": 1}, {"Dusk": 1})
    for number in range(5):
        for split in ("train", "test"):
            flat = Image.new("RGB", (24, 24), (10 * number, 90, 100 + (split == "test")))
            flat.save(root / split / "Dusk" / f"flat-{number}.png")
    assert not audit.audit(build_store(paintings.find(root), 24, tmp_path / "cache")).leaks


def test_different_patches_of_a_colour_are_no_duplicates(paintings_folder, tmp_path):
    assert not audit.audit(build_store(paintings.find(paintings_folder), 24, tmp_path)).leaks


def test_candidates_equal_those_of_plain_counting():
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 2**64, n, dtype=np.uint64) for n in (300, 40))
    train[::9] = test[rng.integers(0, 40, len(train[::9]))] ^ np.uint64(0b10110)
    expected = {
        (i, j) for i in range(300) for j in range(40) if (int(train[i]) ^ int(test[j])).bit_count() <= 25
    }
    audit_block, audit.BLOCK = audit.BLOCK, 400
    try:
        found = {
            pair
            for rows, columns in audit.candidates(train, test, 25)
            for pair in zip(rows, columns, strict=True)
        }
    finally:
        audit.BLOCK = audit_block
    assert found == expected


@pytest.mark.slow
def test_eighty_thousand_images_take_seconds():
    rng = np.random.default_rng(0)
    facts = [
        FileFacts(
            rng.integers(0, 256, (count, 32), np.uint8),
            rng.integers(0, 2**64, count, dtype=np.uint64),
            rng.integers(0, 256, (count, 192), np.uint8),
            np.ones((count, 2), np.int32),
        )
        for count in (57_025, 24_421)
    ]
    began = time.monotonic()
    assert audit.near_pairs(*facts) == []
    assert time.monotonic() - began < 60
