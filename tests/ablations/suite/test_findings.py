"""What is said about images that occur twice and about styles with few images."""

import pytest

from ablations.suite import findings
from tests.conftest import paint_folder
from wikiart.images import paintings
from wikiart.images.audit import Audit
from wikiart.images.building import build_store
from wikiart.images.store import Store


def audit(**numbers) -> Audit:
    nothing = {"copies": {"train": 0, "test": 0}, "two_styles": 0, "exact_leaks": 0, "near_leaks": 0}
    images = {"images": {"train": 9, "test": 4}, "unreadable": 0, "sizes": {}, "leaks": ()}
    return Audit(**images | nothing | numbers)


def test_nothing_is_said_of_images_without_repeats():
    assert not list(findings.repeats(audit()))
    assert findings.leaks(audit()) == ""


def test_repeats_and_leaks_are_counted():
    assert list(findings.repeats(audit(copies={"train": 1, "test": 0}, two_styles=2))) == [
        "repeated within the training split, byte for byte: 1 image",
        "2 pictures under two styles or more: one answer at most is right",
    ]
    leak = ("train/a.jpg", "test/b.jpg", "exact")
    assert findings.leaks(audit(exact_leaks=1, leaks=(leak,))) == (
        "LEAK: 1 of 9 training images in the test split too (1 byte for byte, 0 look alike)"
    )


def store_of(folder, train: dict[str, int], test: dict[str, int]) -> Store:
    return build_store(paintings.find(paint_folder(folder / "images", train, test)), 16, folder / "cache")


@pytest.fixture
def store(tmp_path):
    train = {"Amber": 6, "Blue": 5, "Crimson": 7, "Dusk": 1}
    return store_of(tmp_path, train, {"Amber": 5, "Crimson": 4, "Dusk": 1})


def test_thin_styles_are_named_with_what_follows(store):
    untested, few = findings.thin_styles(store, smote=False)
    assert untested.startswith("THIN: 1 of 4 styles (Blue) without a test image: nothing is said")
    assert few.startswith("THIN: 2 of 4 styles (Dusk (1), Crimson (4)) with fewer than 5 test images: one")
    assert "by 25 points or more" in few
    *_, small = findings.thin_styles(store, smote=True)
    assert small.startswith("THIN: 2 of 4 styles (Dusk (1), Blue (5)) with fewer than 6 training images: ")


def test_many_thin_styles_are_not_all_named(store, monkeypatch):
    monkeypatch.setattr(findings, "NAMED", 1)
    _, few = findings.thin_styles(store, smote=False)
    assert "(Dusk (1) and 1 more)" in few


def test_nothing_is_said_of_styles_with_enough_images(tmp_path):
    store = store_of(tmp_path, {"Amber": 6, "Blue": 6}, {"Amber": 5, "Blue": 5})
    assert not list(findings.thin_styles(store, smote=True))
