"""Benchmark of SMOTE as recipes against dense imbalanced-learn: memory, time, largest difference of a pixel.

    python benchmarks/smote.py [--quick] [--threads N] [--scratch FOLDER]

Images are random pixels in the study's proportions of styles, in a file that is mapped into memory.
Each measurement runs in a process of its own, with one thread by default, like the trainings of a
suite. Memory is the peak of anonymous memory (RssAnon of /proc/self/status, read every
5 ms): what a process allocates, without the pages of mapped files, which the system can drop and
read again at any time. Linux only. The full run takes minutes, 6 GB of memory for imbalanced-learn,
and 7 GB in the scratch folder, which it removes; ``--quick`` takes seconds.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from imblearn.over_sampling import SMOTE

sys.path.insert(0, str(Path(__file__).parents[1]))

from wikiart.learning.batches import BatchReader
from wikiart.learning.data import TrainingData
from wikiart.learning.network import Network
from wikiart.sample.styles import STYLES
from wikiart.smote.recipes import Recipes, draw_recipes, no_recipes

STUDY = [style.train for style in STYLES.values()]  # training images of every style
SERIES = [(500, 64), (1000, 64), (1000, 128), (2000, 128), (1000, 224)]  # (images, size)
QUICK = [(300, 32), (600, 64)]
SEED = 42
MB = 2**20


class Peak:
    """Time and growth of anonymous memory within a ``with`` block."""

    def __enter__(self) -> "Peak":
        self._done = threading.Event()
        self.start = self.highest = _anonymous()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        self._begin = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._begin
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self.highest = max(self.highest, _anonymous())

    @property
    def growth(self) -> int:
        """Largest growth of the memory, in bytes."""
        return self.highest - self.start


def _anonymous() -> int:
    return int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0]) * 1024


def in_process(task: Callable, *arguments: Any) -> Any:
    """Call a function in a fresh process and return its result."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(task, *arguments).result()


def write_images(folder: Path, counts: list[int], size: int) -> None:
    """Write ``images.npy`` of random pixels and ``labels.npy``, shuffled."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    shape = (len(labels), size, size, 3)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shape)
    for image in images:
        image[...] = np.frombuffer(rng.bytes(image.size), np.uint8).reshape(image.shape)
    images.flush()
    np.save(folder / "labels.npy", labels)


def read_images(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    return np.load(folder / "images.npy", mmap_mode="c"), np.load(folder / "labels.npy")


def by_recipes(folder: Path) -> tuple[float, int, int, int]:
    """Draw recipes and write them; return seconds, growth and peak of memory in bytes, number of recipes."""
    images, labels = read_images(folder)
    with Peak() as peak:
        synthetic = draw_recipes(images, labels, "auto", SEED)
    np.savez(folder / "recipes.npz", *synthetic)
    return peak.seconds, peak.growth, peak.highest, len(synthetic.labels)


def by_imbalanced_learn(folder: Path) -> tuple[float, int, float]:
    """Run dense SMOTE; return seconds, growth of memory in bytes, largest difference of a pixel."""
    images, labels = read_images(folder)
    with Peak() as peak:
        flat = images.reshape(len(images), -1).astype(np.float32)
        pixels, all_labels = SMOTE(random_state=SEED).fit_resample(flat, labels)
    with np.load(folder / "recipes.npz") as arrays:
        synthetic = Recipes(*arrays.values())
    if not np.array_equal(all_labels[len(labels) :], synthetic.labels):
        raise SystemExit("labels or order differ")
    largest = 0.0
    for first, second, weight, pixel in zip(*synthetic[:3], pixels[len(labels) :], strict=True):
        difference = flat[first] + weight * (flat[second] - flat[first]) - pixel
        largest = max(largest, float(np.abs(difference).max()))
    return peak.seconds, peak.growth, largest


def compare(scratch: Path, series: list[tuple[int, int]]) -> None:
    print("imbalanced-learn (dense float32) and recipes, `auto`; MB beyond those of the imports")
    print(" images  size   made    dense s      MB   recipes s    MB   largest difference")
    for number, size in series:
        counts = [max(6, round(count * number / sum(STUDY))) for count in STUDY]
        with tempfile.TemporaryDirectory(dir=scratch) as name:
            folder = Path(name)
            write_images(folder, counts, size)
            seconds, growth, _, synthetic = in_process(by_recipes, folder)
            dense_seconds, dense_growth, largest = in_process(by_imbalanced_learn, folder)
        print(
            f"{sum(counts):7}{size:6}{synthetic:7}   {dense_seconds:8.1f}{dense_growth / MB:8.0f}   "
            f"{seconds:9.1f}{growth / MB:6.0f}   {largest:.1e} of 255",
            flush=True,
        )


def full(scratch: Path, size: int = 416) -> None:
    """Measure the recipes alone, at the study's full counts."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        write_images(folder, STUDY, size)
        seconds, growth, highest, synthetic = in_process(by_recipes, folder)
    real = sum(STUDY)
    print(f"\nrecipes for the study's counts at {size} pixels, `auto`: {real} -> {real + synthetic} images")
    print(
        f"{seconds:.0f} s, at most {highest / MB:.0f} MB of anonymous memory, imports included "
        f"({growth / MB:.0f} MB without)",
        flush=True,
    )


def batch_costs(size: int, items: int = 1000, batch: int = 16, rounds: int = 200) -> dict[str, float]:
    """Return the median milliseconds of a plain batch, of blended ones and of a training step."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (items, size, size, 3), dtype=np.uint8)
    labels = rng.integers(0, len(STUDY), items)
    first, second = rng.integers(0, items, items), rng.integers(0, items, items)
    recipes = Recipes(first, second, rng.random(items, dtype=np.float32), labels[first])
    plain, both = (
        BatchReader(TrainingData(images, labels, synthetic, len(STUDY)), "cpu")
        for synthetic in (no_recipes(), recipes)
    )
    network = Network(3, 0.1, size, len(STUDY)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters())

    def step(index: torch.Tensor) -> None:
        pixels, target = plain.read(index)
        loss = torch.nn.functional.nll_loss(network(pixels), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    tasks = {
        "plain": lambda index: plain.read(index),
        "half blended": lambda index: both.read(index + items * (torch.arange(batch) % 2)),
        "all blended": lambda index: both.read(index + items),
        "training step": step,
    }
    durations: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):  # in turn, so that other load of the machine affects all of them alike
        index = torch.from_numpy(rng.integers(0, items, batch))
        for name, task in tasks.items():
            begin = time.perf_counter()
            task(index)
            durations[name].append(1000 * (time.perf_counter() - begin))
    return {name: statistics.median(values) for name, values in durations.items()}


def blending(sizes: list[int]) -> None:
    print("\nmilliseconds for a batch of 16 (median of 200), CPU")
    for size in sizes:
        costs = in_process(batch_costs, size)
        print(f"{size:5} pixels: " + ", ".join(f"{name} {value:.2f}" for name, value in costs.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small images only, seconds in place of minutes")
    parser.add_argument("--scratch", type=Path, help="folder for temporary images (default: the system's)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process (default: 1)")
    options = parser.parse_args()
    for library in ("OMP", "MKL", "OPENBLAS"):  # read by the processes when they start
        os.environ[f"{library}_NUM_THREADS"] = str(options.threads)
    compare(options.scratch, QUICK if options.quick else SERIES)
    if not options.quick:
        full(options.scratch)
    blending([64] if options.quick else [64, 224])


if __name__ == "__main__":
    main()
