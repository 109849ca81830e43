"""Neighbours in the cache: searched once for all levels, seeds and processes."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import paint_folder
from wikiart.cache.folder import Cache
from wikiart.errors import CacheError
from wikiart.images import paintings, store
from wikiart.images.building import build_store
from wikiart.smote import cached
from wikiart.smote.cached import cached_neighbours, recipes_of_store
from wikiart.smote.recipes import draw_recipes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def decoded(tmp_path) -> store.Store:
    folder = paint_folder(tmp_path / "images", {"Amber": 6, "Blue": 9, "Dusk": 14}, {"Dusk": 1})
    return build_store(paintings.find(folder), 16, tmp_path / "cache")


def assert_equal_recipes(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_search_serves_all_levels_and_seeds(decoded, monkeypatch):
    recipes_of_store(decoded, "auto", 5)
    monkeypatch.setattr(cached, "nearest", lambda *_, **__: pytest.fail("searched again"))
    for level, seed in (("auto", 0), ("auto", 1), ("12", 0)):
        expected = draw_recipes(decoded.train.images, decoded.train.labels, level, seed)
        assert_equal_recipes(recipes_of_store(decoded, level, seed), expected)


def test_another_process_reads_the_neighbours(decoded, tmp_path):
    synthetic = recipes_of_store(decoded, "auto", 3)
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from wikiart.images import store; from wikiart.smote import cached\n"
        "cached.nearest = sys.exit  # an error if it is called\n"
        "synthetic = cached.recipes_of_store(store.load(Path(sys.argv[1])), 'auto', 3)\n"
        "np.savez(sys.argv[2], *synthetic)\n"
    )
    command = [sys.executable, "-c", code, str(decoded.folder), str(tmp_path / "theirs.npz")]
    subprocess.run(command, check=True, cwd=ROOT)
    with np.load(tmp_path / "theirs.npz") as theirs:
        assert_equal_recipes(synthetic, theirs.values())


@pytest.mark.parametrize("changed", [{"store_digest": "b"}, {"k": 4}, {"rows": np.array([0, 2])}])
def test_tables_of_other_content_are_kept_apart(tmp_path, changed):
    content = {"store_digest": "a", "k": 5, "rows": np.arange(2)}
    cached_neighbours(Cache(tmp_path), **content, compute=lambda: np.zeros(1))
    other = cached_neighbours(Cache(tmp_path), **{**content, **changed}, compute=lambda: np.ones(1))
    assert other.tolist() == [1]
    assert cached_neighbours(Cache(tmp_path), **content, compute=lambda: np.ones(1)).tolist() == [0]


def test_a_second_process_waits_for_the_search_of_the_first(tmp_path):
    started, searches, results = threading.Event(), [], []

    def search():
        searches.append(1)
        started.set()
        threading.Event().wait(0.2)
        return np.zeros((3, 2), np.int64)

    def read():
        results.append(cached_neighbours(Cache(tmp_path), "a", np.arange(3), 5, search))

    first, second = threading.Thread(target=read), threading.Thread(target=read)
    first.start()
    started.wait()
    second.start()
    first.join()
    second.join()
    assert len(searches) == 1
    assert len(results) == 2


def test_a_failed_search_leaves_nothing_behind(tmp_path):
    def fail():
        raise RuntimeError("out of patience")

    with pytest.raises(RuntimeError, match="patience"):
        cached_neighbours(Cache(tmp_path), "a", np.arange(3), 5, fail)
    assert not list(tmp_path.rglob("*.npy"))
    table = cached_neighbours(Cache(tmp_path), "a", np.arange(3), 5, lambda: np.ones(2))
    assert table.tolist() == [1, 1]


def test_a_cache_that_cannot_be_written_is_named(decoded):
    (decoded.folder.parents[1] / "neighbours").write_text("a file in place of the folder")
    with pytest.raises(CacheError, match=r"cache cannot be written"):
        recipes_of_store(decoded, "auto", 0)


def test_progress_counts_classes(decoded):
    calls = []
    recipes_of_store(decoded, "auto", 0, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (2, 3)  # the third class is the largest: nothing is searched for it
    assert calls == sorted(calls)
