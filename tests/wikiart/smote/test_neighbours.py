"""The search for neighbours against scikit-learn's, ties included, and against its memory setting."""

import threading
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from wikiart.smote.neighbours import _Blocks, nearest


def pixels(n: int, size: int, *, values: int = 256, seed: int = 0) -> np.ndarray:
    """Random images of few or many pixel values; with few, most distances tie."""
    return np.random.default_rng(seed).integers(0, values, (n, size, size, 3), dtype=np.uint8)


def by_scikit_learn(images: np.ndarray, k: int) -> np.ndarray:
    flat = images.reshape(len(images), -1).astype(np.float32)
    with threadpool_limits(1, user_api="openmp"):
        return NearestNeighbors(n_neighbors=k + 1).fit(flat).kneighbors(flat, return_distance=False)


@pytest.mark.parametrize("n", [8, 300])  # one chunk of scikit-learn's, and several
@pytest.mark.parametrize("values", [2, 256])
@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("memory", [40_000, 2**29])  # blocks far smaller than a class, and one for all
def test_neighbours_equal_those_of_scikit_learn(n, values, k, memory):
    images = pixels(n, 5, values=values)
    assert (nearest(images, np.arange(n), k, memory=memory) == by_scikit_learn(images, k)).all()


def test_many_images_equal_scikit_learns_other_code_path():
    images = pixels(1030, 16)
    images[500:600] = images[:100]
    assert (nearest(images, np.arange(1030), 3) == by_scikit_learn(images, 3)).all()


def test_identical_images_are_ordered_as_scikit_learn_does():
    images = np.full((20, 4, 4, 3), 7, np.uint8)
    assert (nearest(images, np.arange(20), 5) == by_scikit_learn(images, 5)).all()


def test_distances_beyond_the_precision_of_float32_are_exact():
    """Retouches of one painting: distances of 1, 2, 3 ... between images whose norms are near 10⁸."""
    rng = np.random.default_rng(0)
    images = np.repeat(rng.choice(np.array([1, 2, 253, 254], np.uint8), (1, 80, 80, 3)), 20, axis=0)
    for retouched, image in enumerate(images):
        image.reshape(-1)[:retouched] += 1
    assert nearest(images, np.arange(20), 12)[0].tolist() == list(range(13))


def test_only_the_given_rows_are_searched():
    images = pixels(40, 5)
    rows = np.array([3, 8, 9, 20, 31, 39])
    assert (nearest(images, rows, 2) == by_scikit_learn(images[rows], 2)).all()


@pytest.mark.parametrize(
    ("n", "table"), [(1, [[0, 0]]), (2, [[0, 1], [1, 0]]), (3, [[0, 1, 2], [1, 0, 2], [2, 1, 0]])]
)
def test_with_fewer_than_k_others_all_are_neighbours(n, table):
    images = np.array([0, 10, 30], np.uint8)[:, None, None, None] + np.zeros((3, 4, 4, 3), np.uint8)
    assert nearest(images, np.arange(n), 5).tolist() == table


def test_progress_ends_at_one():
    shares = []
    nearest(pixels(30, 8), np.arange(30), memory=8_000, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize("n", [2, 100, 2269, 13_350, 80_000])
def test_the_blocks_fit_the_memory(n):
    memory = 512 * 2**20
    rows, tile, slab, chunk = _Blocks.within(memory, n)
    assert n * (rows * 8 + tile * 4 + 2 * slab + 2 * chunk * 4) <= memory


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory from /proc")
def test_a_search_stays_within_its_memory():
    images, rows = pixels(600, 64), np.arange(600)  # 29 MB as float32
    nearest(images, rows[:100])
    before, peak, done = anonymous(), [0], threading.Event()

    def watch():
        while not done.wait(0.002):
            peak[0] = max(peak[0], anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    nearest(images, rows, memory=4 * 2**20)
    done.set()
    watcher.join()
    assert peak[0] - before < 12 * 2**20


def anonymous() -> int:
    """Bytes of memory of this process that belong to no file."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024
