"""Recipes against imbalanced-learn's dense SMOTE, and what small classes get."""

import logging
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE, RandomOverSampler

from wikiart.smote.neighbours import nearest
from wikiart.smote.recipes import draw_recipes


def random_images(counts, size=4, values=256, seed=0):
    """Random images and shuffled labels, ``counts`` images of each class."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return rng.integers(0, values, (len(labels), size, size, 3), dtype=np.uint8), labels


def blend(images, synthetic) -> np.ndarray:
    flat = images.reshape(len(images), -1).astype(np.float32)
    return flat[synthetic.first] + synthetic.weight[:, None] * (
        flat[synthetic.second] - flat[synthetic.first]
    )


def dense_smote(images, labels, strategy, seed, k):
    """The synthetic images and labels of imbalanced-learn."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    sampler = SMOTE(sampling_strategy=strategy, random_state=seed, k_neighbors=k)
    pixels, drawn = sampler.fit_resample(flat, labels)
    return pixels[len(labels) :], drawn[len(labels) :]


@settings(derandomize=True, deadline=None, max_examples=120)
@given(data=st.data())
def test_recipes_equal_imbalanced_learn(data):
    """Pixels, labels and order; with 2 pixel values almost every distance ties.

    Below 257 images a class the order of ties in scikit-learn does not depend on its threads.
    """
    k = data.draw(st.integers(1, 6), "k")
    counts = data.draw(st.lists(st.integers(k + 1, 20), min_size=1, max_size=3), "counts")
    counts.append(data.draw(st.sampled_from([20, 250]), "largest"))
    images, labels = random_images(
        counts,
        size=data.draw(st.integers(3, 6), "size"),
        values=data.draw(st.sampled_from([2, 8, 256]), "values"),
        seed=data.draw(st.integers(0, 2**16), "pixels"),
    )
    copies = data.draw(st.integers(0, len(images) // 2), "copies")
    images[:copies] = images[len(images) - copies :]
    level = data.draw(st.sampled_from(["on", "auto", "15", "30"]), "level")
    seed = data.draw(st.integers(0, 2**32 - 1), "seed")
    floor = round(200 / 2269 * max(counts)) if level == "on" else level
    strategy = "auto" if level == "auto" else {c: max(n, int(floor)) for c, n in enumerate(counts)}
    expected, expected_labels = dense_smote(images, labels, strategy, seed, k)

    search = partial(nearest, memory=data.draw(st.sampled_from([50_000, 2**29]), "memory"))
    synthetic = draw_recipes(images, labels, level, seed, k=k, search=search)

    np.testing.assert_array_equal(synthetic.labels, expected_labels)
    np.testing.assert_allclose(blend(images, synthetic), expected, atol=1e-3)
    assert (labels[synthetic.first] == synthetic.labels).all()
    assert (labels[synthetic.second] == synthetic.labels).all()


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(1, 20), min_size=2, max_size=5),
    level=st.sampled_from(["on", "auto", "7", "30"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_copies_equal_imbalanced_learns(counts, level, seed):
    images, labels = random_images([*counts, 25])
    floor = round(200 / 2269 * 25) if level == "on" else level
    strategy = (
        "auto" if level == "auto" else {c: max(n, int(floor)) for c, n in enumerate(np.bincount(labels))}
    )
    sampler = RandomOverSampler(sampling_strategy=strategy, random_state=seed)
    flat = images.reshape(len(images), -1)
    expected, expected_labels = (both[len(labels) :] for both in sampler.fit_resample(flat, labels))

    copies = draw_recipes(images, labels, f"copy:{level}", seed)

    np.testing.assert_array_equal(copies.labels, expected_labels)
    np.testing.assert_array_equal(flat[copies.first], expected)
    np.testing.assert_array_equal(copies.second, copies.first)
    assert not copies.weight.any()


def test_copies_alone_reach_the_threshold_of_on(caplog):
    images, labels = random_images([3, 1, 60])
    with caplog.at_level(logging.INFO, "wikiart.smote"):
        copies = draw_recipes(images, labels, "copy", 0)
    assert np.bincount(copies.labels).tolist() == [2, 4]
    assert caplog.messages[:2] == [
        "class 0: 3 -> 5 images",
        "class 1: 1 -> 5 images, all of them repeats of the only one",
    ]


@pytest.mark.parametrize("level", ["auto", "copy:auto"])
def test_recipes_have_the_documented_types(level):
    images, labels = random_images([10, 20])
    synthetic = draw_recipes(images, labels, level, 0)
    assert [array.dtype for array in synthetic] == [np.int64, np.int64, np.float32, np.int64]


def test_small_classes_do_not_change_the_draws_of_others():
    images, labels = random_images([12, 1, 2, 4, 30])
    synthetic = draw_recipes(images, labels, "auto", seed=7)
    large = np.isin(labels, [0, 4])
    expected, _ = dense_smote(images[large], labels[large], "auto", 7, 5)
    np.testing.assert_allclose(blend(images, synthetic)[synthetic.labels == 0], expected, atol=1e-3)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_small_class_is_blended_with_a_smaller_k(n):
    images, labels = random_images([n, 30])
    expected, _ = dense_smote(images, labels, "auto", 7, n - 1)
    np.testing.assert_allclose(
        blend(images, draw_recipes(images, labels, "auto", seed=7)), expected, atol=1e-3
    )


def test_the_only_image_of_a_class_is_repeated():
    images, labels = random_images([1, 10])
    synthetic = draw_recipes(images, labels, "auto", seed=0)
    assert len(synthetic.first) == 9
    assert (synthetic.first == np.flatnonzero(labels == 0)).all()
    assert (synthetic.second == synthetic.first).all()
    assert (synthetic.weight == 0).all()


def test_the_log_has_a_line_for_each_class(caplog):
    images, labels = random_images([1, 3, 8, 30, 0])
    with caplog.at_level(logging.INFO, "wikiart.smote"):
        draw_recipes(images, labels, "9", 0, styles=["Rococo", "Cubism", "Baroque", "Realism", "Fauvism"])
    assert caplog.messages == [
        "Rococo: 1 -> 9 images, all of them repeats of the only one",
        "Cubism: 3 -> 9 images, k = 2 in place of 5",
        "Baroque: 8 -> 9 images",
        "Realism: keeps its 30 images, 9 asked for",
        "Fauvism: no images to make any of the 9 from",
    ]


def test_no_recipes_where_every_class_is_large_enough():
    images, labels = random_images([10, 20])
    for level in ("off", "5", "on", "copy"):
        assert len(draw_recipes(images, labels, level, 0).labels) == 0
    assert len(draw_recipes(images[:0], labels[:0], "auto", 0).labels) == 0


def test_a_single_class_is_refused():
    images, labels = random_images([10])
    for level in ("20", "copy:20"):
        with pytest.raises(ValueError, match="more than 1 class"):
            draw_recipes(images, labels, level, 0)
