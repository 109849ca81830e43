"""Recipes against imbalanced-learn's dense SMOTE, small classes, levels and the cache."""

import json
import logging
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE

from wikiart.cache.folder import Cache
from wikiart.smote import recipes as smote
from wikiart.smote.recipes import plan, recipes, style_counts

ROOT = Path(__file__).parents[3]


def paintings(counts, size=4, values=256, seed=0):
    """Random images and shuffled labels of so many images a class."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return rng.integers(0, values, (len(labels), size, size, 3), dtype=np.uint8), labels


def blended(images, made) -> np.ndarray:
    flat = images.reshape(len(images), -1).astype(np.float32)
    return flat[made.first] + made.weight[:, None] * (flat[made.second] - flat[made.first])


def dense(images, labels, strategy, seed, k):
    """The synthetic images and labels of imbalanced-learn."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    sampler = SMOTE(sampling_strategy=strategy, random_state=seed, k_neighbors=k)
    pixels, drawn = sampler.fit_resample(flat, labels)
    return pixels[len(labels) :], drawn[len(labels) :]


@settings(derandomize=True, deadline=None, max_examples=120)
@given(data=st.data())
def test_equals_imbalanced_learn(data):
    """Pixels, labels and order; with 2 pixel values almost every distance ties.

    Below 257 images a class the order of ties in scikit-learn does not depend on its threads.
    """
    k = data.draw(st.integers(1, 6), "k")
    counts = data.draw(st.lists(st.integers(k + 1, 20), min_size=1, max_size=3), "counts")
    counts.append(data.draw(st.sampled_from([20, 250]), "largest"))
    images, labels = paintings(
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
    expected, expected_labels = dense(images, labels, strategy, seed, k)

    made = recipes(
        images, labels, level, seed, k=k, memory=data.draw(st.sampled_from([50_000, 2**29]), "memory")
    )

    np.testing.assert_array_equal(made.labels, expected_labels)
    np.testing.assert_allclose(blended(images, made), expected, atol=1e-3)
    assert (labels[made.first] == made.labels).all()
    assert (labels[made.second] == made.labels).all()


def test_types():
    images, labels = paintings([10, 20])
    made = recipes(images, labels, "auto", 0)
    assert [array.dtype for array in made] == [np.int64, np.int64, np.float32, np.int64]


def test_small_classes_leave_the_draws_of_the_others_alone():
    images, labels = paintings([12, 1, 2, 4, 30])
    made = recipes(images, labels, "auto", seed=7)
    large = np.isin(labels, [0, 4])
    expected, _ = dense(images[large], labels[large], "auto", 7, 5)
    np.testing.assert_allclose(blended(images, made)[made.labels == 0], expected, atol=1e-3)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_small_class_is_blended_as_with_its_own_k(n):
    images, labels = paintings([n, 30])
    expected, _ = dense(images, labels, "auto", 7, n - 1)
    np.testing.assert_allclose(blended(images, recipes(images, labels, "auto", seed=7)), expected, atol=1e-3)


def test_single_image_is_repeated():
    images, labels = paintings([1, 10])
    made = recipes(images, labels, "auto", seed=0)
    assert len(made.first) == 9
    assert (made.first == np.flatnonzero(labels == 0)).all()
    assert (made.second == made.first).all()
    assert (made.weight == 0).all()


def test_log_has_a_line_a_class(caplog):
    images, labels = paintings([1, 3, 8, 30, 0])
    with caplog.at_level(logging.INFO, "wikiart.smote"):
        recipes(images, labels, "9", 0, styles=["Rococo", "Cubism", "Baroque", "Realism", "Fauvism"])
    assert caplog.messages == [
        "Rococo: 1 -> 9 images, all of them repeats of the only one",
        "Cubism: 3 -> 9 images, k = 2 in place of 5",
        "Baroque: 8 -> 9 images",
        "Realism: keeps its 30 images, 9 asked for",
        "Fauvism: no images to make any of the 9 from",
    ]


def test_nothing_to_add():
    images, labels = paintings([10, 20])
    for level in ("off", "5", "on"):
        assert len(recipes(images, labels, level, 0).labels) == 0
    assert len(recipes(images[:0], labels[:0], "auto", 0).labels) == 0


def test_one_class_is_not_a_classification():
    images, labels = paintings([10])
    with pytest.raises(ValueError, match="more than 1 class"):
        recipes(images, labels, "20", 0)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("off", {0: 2269, 1: 18, 2: 0, 3: 300}),
        ("on", {0: 2269, 1: 200, 2: 0, 3: 300}),
        ("400", {0: 2269, 1: 400, 2: 0, 3: 400}),
        ("auto", {0: 2269, 1: 2269, 2: 0, 3: 2269}),
        ({"b": 50, "d": 20}, {0: 2269, 1: 50, 2: 0, 3: 300}),
    ],
)
def test_plan(level, expected):
    labels = np.repeat([0, 1, 3], [2269, 18, 300])
    assert plan(level, labels, ["a", "b", "c", "d"]) == expected


def test_plan_from_a_file(tmp_path):
    labels = np.repeat([0, 1], [3, 9])
    (tmp_path / "counts.json").write_text(json.dumps({"Cubism": 7}))
    (tmp_path / "counts.yaml").write_text("Cubism: 7\n")
    for name in ("counts.json", "counts.yaml"):
        assert plan(str(tmp_path / name), labels, ["Cubism", "Rococo"]) == {0: 7, 1: 9}


@pytest.mark.parametrize("level", ["all", "-3", "1.5", ""])
def test_unknown_level(level):
    with pytest.raises(ValueError, match="must be off, on, auto"):
        plan(level, np.array([0, 1]))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"Dada": 5}, "'Dada' is not a style"),
        ({"Cubism": -1}, "Cubism: -1"),
        ({"Cubism": "many"}, "Cubism: 'many'"),
        ({"Cubism": True}, "Cubism: True"),
        (["Cubism"], "mapping of styles"),
    ],
)
def test_style_counts_names_the_style(targets, message):
    with pytest.raises(ValueError, match=message):
        style_counts(targets, ["Cubism"])


def test_cache_needs_a_key(tmp_path):
    images, labels = paintings([6, 9])
    with pytest.raises(ValueError, match="key"):
        recipes(images, labels, "auto", 0, cache=Cache(tmp_path))


def test_cache_serves_all_levels_and_seeds(tmp_path, monkeypatch):
    images, labels = paintings([6, 9, 30])
    settings = [("auto", 0), ("auto", 1), ("20", 0)]
    expected = [recipes(images, labels, *setting) for setting in settings]
    recipes(images, labels, "auto", 5, cache=Cache(tmp_path), key="a")
    monkeypatch.setattr(smote, "nearest", None)  # whoever searches now fails
    for setting, want in zip(settings, expected, strict=True):
        for got, array in zip(
            recipes(images, labels, *setting, cache=Cache(tmp_path), key="a"), want, strict=True
        ):
            np.testing.assert_array_equal(got, array)


@pytest.mark.parametrize("changed", ["key", "k", "rows"])
def test_cache_tells_contents_apart(tmp_path, changed):
    images, labels = paintings([8, 9])
    recipes(images, labels, "auto", 0, cache=Cache(tmp_path), key="a")
    if changed == "rows":
        labels = labels[::-1]
    recipes(
        images, labels, "auto", 0, cache=Cache(tmp_path), key="ab"[changed == "key"], k=5 - (changed == "k")
    )
    assert len(list(tmp_path.glob("neighbours/*.npy"))) == 2


def test_another_process_finds_the_neighbours(tmp_path):
    images, labels = paintings([8, 9])
    made = recipes(images, labels, "auto", 3, cache=Cache(tmp_path), key="a")
    np.savez(tmp_path / "data.npz", images=images, labels=labels)
    code = (
        "import sys, numpy as np; from pathlib import Path; from wikiart.smote import recipes as smote\n"
        "from wikiart.cache.folder import Cache\n"
        "folder = Path(sys.argv[1]); data = np.load(folder / 'data.npz'); smote.nearest = None\n"
        "made = smote.recipes(data['images'], data['labels'], 'auto', 3, cache=Cache(folder), key='a')\n"
        "np.savez(folder / 'made.npz', *made)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=ROOT)
    with np.load(tmp_path / "made.npz") as theirs:
        for ours, name in zip(made, theirs.files, strict=True):
            np.testing.assert_array_equal(ours, theirs[name])


def test_whoever_comes_second_waits(tmp_path):
    started, searches, results = threading.Event(), [], []

    def search():
        searches.append(1)
        started.set()
        threading.Event().wait(0.2)
        return np.zeros((3, 2), np.int64)

    def ask():
        results.append(smote._kept(Cache(tmp_path), ("a", 5, np.arange(3)), search))

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    first.start()
    started.wait()
    second.start()
    first.join()
    second.join()
    assert len(searches) == 1
    assert len(results) == 2


def test_failed_search_leaves_nothing_behind(tmp_path):
    def fail():
        raise RuntimeError("out of patience")

    with pytest.raises(RuntimeError, match="patience"):
        smote._kept(Cache(tmp_path), ("a", 5, np.arange(3)), fail)
    assert not list(tmp_path.glob("*.npy"))
    assert smote._kept(Cache(tmp_path), ("a", 5, np.arange(3)), lambda: np.ones(2)).tolist() == [1, 1]
