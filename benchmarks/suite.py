"""Time and memory of the whole factorial on the same images: the study, a careful user, this suite.

    python benchmarks/suite.py [--quick] [--sizes 64 224 416] [--epochs N] [--share S] [--few]

Runs the same 16 cells (class order, convolutions, dropout, SMOTE) with each method, one after the other:

- ``study``: benchmarks/study.py, one process per cell, torch's default number of threads.
- ``careful``: benchmarks/careful.py, a script as a careful user would write it today: one process,
  images decoded once, one training for both class orders, MLflow runs with metrics and models.
- ``suite, 16 trainings``: this suite with two seeds instead of two class orders, so that every run has a
  training of its own.
- ``suite``: this suite as a user runs it, with one training for two cells. Both include their MLflow
  store, models, report and figures.

All 16 cells are run, none is extrapolated. Images are the generated paintings in the study's
proportions, scaled to each size and saved as JPEG, with at least six per style, which imbalanced-learn's
SMOTE needs. ``without imports`` is the time of the study without starting its processes, which matter
more in small experiments. Memory is the highest sum of anonymous memory over the processes of a method
(Pss_Anon, which counts shared memory once), read five times a second; Linux only. Times depend on the
machine and its load: compare only the ratios. Takes minutes; ``--quick`` is a trial of one minute.
``--few`` varies only convolutions and SMOTE: 4 cells are enough to measure the memory.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from wikiart.sample.painting import paint as paint_picture
from wikiart.sample.styles import STYLES

ROOT = Path(__file__).resolve().parents[1]
SHARES = {64: 0.15, 224: 0.02, 416: 0.02}  # of the study's 13,350 training and 630 test images
MB = 2**20
Factors = dict[str, tuple[str, ...]]
FACTORS: Factors = {
    "class_order": ("unsorted", "sorted"),
    "conv_layers": ("1", "3"),
    "dropout": ("0.01", "0.1"),
    "smote": ("off", "on"),
}
FEW = {name: FACTORS[name] for name in ("conv_layers", "smote")}


class Outcome(NamedTuple):
    """Time, memory and work of one method."""

    seconds: float
    peak: int  #: bytes
    trained: int = 0  #: images, over all cells and epochs
    inside: float = 0.0  #: seconds without the imports

    def __add__(self, other: "Outcome") -> "Outcome":  # type: ignore[override]  # one after the other, not a longer tuple
        return Outcome(
            self.seconds + other.seconds,
            max(self.peak, other.peak),
            self.trained + other.trained,
            self.inside + other.inside,
        )


def run(command: list[str], environment: dict[str, str]) -> tuple[Outcome, str]:
    """Run a command; return its time and memory, and its output.

    Raises
    ------
    SystemExit
        The command failed; the message is its output.
    """
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, sum(map(_anonymous, _family(process.pid))))
            time.sleep(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}\n{output}")
    return Outcome(time.perf_counter() - begin, peak), output


def _family(parent: int) -> Iterator[int]:
    """Yield the ids of a process and its descendants."""
    yield parent
    try:
        threads = list(Path(f"/proc/{parent}/task").iterdir())
        children = [child for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:  # it has ended
        return
    for child in children:
        yield from _family(int(child))


def _anonymous(process: int) -> int:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        return int(rollup.split("Pss_Anon:")[1].split()[0]) * 1024
    except (OSError, IndexError):  # it has ended
        return 0


def paint(folder: Path, size: int, share: float) -> dict[str, int]:
    """Write JPEGs of a size to ``folder/{train,test}/<Style>``; return the number of images in each split."""
    counts = {"train": 0, "test": 0}
    for name, style in STYLES.items():
        for split, count in (
            ("train", max(6, round(share * style.train))),
            ("test", round(share * style.test)),
        ):
            (folder / split / name).mkdir(parents=True)
            for number in range(max(1, count)):
                image = paint_picture(name, split, number).resize((size, size), Image.Resampling.BICUBIC)
                image.save(folder / split / name / f"{number:04}.jpg", quality=90)
                counts[split] += 1
    return counts


def study(folder: Path, epochs: int, factors: Factors) -> Outcome:
    total = Outcome(0, 0)
    for levels in product(*factors.values()):
        command = [sys.executable, "benchmarks/study.py", str(folder), "--epochs", str(epochs)]
        for name, level in zip(factors, levels, strict=True):
            command += [f"--{name.replace('_', '-')}", level]
        outcome, output = run(command, dict(os.environ))
        printed = json.loads(output.splitlines()[-1])
        total += outcome._replace(trained=printed["trained"], inside=printed["seconds"])
    return total


def careful(folder: Path, epochs: int, scratch: Path, factors: Factors) -> Outcome:
    """Run benchmarks/careful.py with an empty MLflow store."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        command = [sys.executable, "benchmarks/careful.py", str(folder), "--epochs", str(epochs)]
        command += _factor_options(factors)
        return run(command, {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{name}/mlflow.db"})[0]


def suite(
    folder: Path, size: int, epochs: int, scratch: Path, factors: Factors, *, seeds: int = 1
) -> Outcome:
    """Run the suite with an empty cache and an empty MLflow store."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        place = Path(name)
        options = ["--data", str(folder), "--seeds", str(seeds)]
        options += ["--image-size", str(size), "--epochs", str(epochs), *_factor_options(factors)]
        return run(*ablate(place, options))[0]


def ablate(place: Path, options: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the suite's command and environment, with cache, MLflow store and results in ``place``."""
    command = [sys.executable, "-m", "ablations.ablate", *options]
    command += ["--cache", str(place / "cache"), "--out", str(place / "results")]
    return command, {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{place}/mlflow.db"}


def _factor_options(factors: Factors) -> list[str]:
    return ["--factors", " ".join(f"{name}={','.join(levels)}" for name, levels in factors.items())]


def compare(size: int, epochs: int, share: float, scratch: Path, factors: Factors) -> None:
    """Run all methods on new images of a size; print a line for each."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name) / "paintings"
        counts = paint(folder, size, share)
        print(
            f"\n{size} pixels, {counts['train']} training and {counts['test']} test images, {epochs} epochs"
        )
        print(f"  {'':24}     s   images/s   peak MB        speedup   times less memory", flush=True)
        reference = study(folder, epochs, factors)
        show("study", reference, reference)
        show("study, without imports", reference._replace(seconds=reference.inside), reference)
        show("careful", careful(folder, epochs, scratch, factors), reference)
        if "class_order" in factors:
            apart = {name: levels for name, levels in factors.items() if name != "class_order"}
            show("suite, 16 trainings", suite(folder, size, epochs, scratch, apart, seeds=2), reference)
        show("suite", suite(folder, size, epochs, scratch, factors), reference)


def show(method: str, outcome: Outcome, reference: Outcome) -> None:
    """Print a method's line; its images per second count those of every cell, shared trainings or not."""
    print(
        f"  {method:24}{outcome.seconds:6.0f}{reference.trained / outcome.seconds:11.0f}"
        f"{outcome.peak / MB:10.0f}{reference.seconds / outcome.seconds:15.1f}"
        f"{reference.peak / outcome.peak:20.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="64 pixels, one epoch")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SHARES), help="default: 64 224 416")
    parser.add_argument("--epochs", type=int, default=10, help="default: 10")
    parser.add_argument("--share", type=float, help="of the study's images (default: by size)")
    parser.add_argument("--few", action="store_true", help="4 cells: convolutions and SMOTE alone")
    parser.add_argument("--scratch", type=Path, help="folder for temporary files (default: the system's)")
    options = parser.parse_args()
    sizes, epochs = ([64], 1) if options.quick else (options.sizes, options.epochs)
    for size in sizes:
        share = options.share or (0.01 if options.quick else SHARES.get(size, 0.02))
        compare(size, epochs, share, options.scratch, FEW if options.few else FACTORS)


if __name__ == "__main__":
    main()
