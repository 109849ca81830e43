"""The whole factorial, the study's way and this suite's, on the same images: time and memory.

    python benchmarks/suite.py [--quick] [--sizes 64 224 416] [--epochs N] [--share S] [--few]

Three ways of the same 16 cells (class order, convolutions, dropout, SMOTE), one after the other:

- ``study``: benchmarks/study.py, a process for each cell, torch's own number of threads.
- ``suite, 16 trainings``: this suite with two seeds instead of two class orders, which makes as many
  runs and gives each a training of its own.
- ``suite``: this suite as a user runs it, a training for every two cells. Both with their MLflow
  store, models, report and figures.

All 16 cells are run, none is extrapolated. Images are the generated paintings in the study's
proportions, scaled to each size as JPEG; at least six a style, which imbalanced-learn's SMOTE needs.
``without imports`` is the study's time less that for starting its processes: the smaller the
experiment, the more these weigh, on both sides. Memory is the highest sum of anonymous memory over
a way's processes, what they share counted once (Pss_Anon), read five times a second; Linux only.
Times depend on the machine and on what else it does: compare the ways with each other. Minutes;
``--quick`` is a trial of one. ``--few`` varies convolutions and SMOTE alone: 4 cells are enough to see
the memory.
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

from wikiart.sample import generate
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
    """What one way of doing the work took."""

    seconds: float
    peak: int  #: bytes
    trained: int = 0  #: images, over all cells and epochs
    inside: float = 0.0  #: seconds without the imports

    def __add__(self, other: "Outcome") -> "Outcome":  # type: ignore[override]  # two in turn, no longer tuple
        return Outcome(
            self.seconds + other.seconds,
            max(self.peak, other.peak),
            self.trained + other.trained,
            self.inside + other.inside,
        )


def run(command: list[str], environment: dict[str, str]) -> tuple[Outcome, str]:
    """Run a command to its end; what it took, and what it printed.

    Raises
    ------
    SystemExit
        The command failed; with its output.
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
    """A process and its descendants."""
    yield parent
    try:
        threads = list(Path(f"/proc/{parent}/task").iterdir())
        children = [child for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:  # it has ended meanwhile
        return
    for child in children:
        yield from _family(int(child))


def _anonymous(process: int) -> int:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        return int(rollup.split("Pss_Anon:")[1].split()[0]) * 1024
    except (OSError, IndexError):  # ended meanwhile
        return 0


def paint(folder: Path, size: int, share: float) -> dict[str, int]:
    """JPEGs of a size in ``folder/{train,test}/<Style>``; the number in each split."""
    made = {"train": 0, "test": 0}
    for name, style in STYLES.items():
        for split, count in (
            ("train", max(6, round(share * style.train))),
            ("test", round(share * style.test)),
        ):
            (folder / split / name).mkdir(parents=True)
            for number in range(max(1, count)):
                image = generate.paint(name, split, number).resize((size, size), Image.Resampling.BICUBIC)
                image.save(folder / split / name / f"{number:04}.jpg", quality=90)
                made[split] += 1
    return made


def study(folder: Path, epochs: int, factors: Factors) -> Outcome:
    total = Outcome(0, 0)
    for levels in product(*factors.values()):
        command = [sys.executable, "benchmarks/study.py", str(folder), "--epochs", str(epochs)]
        for name, level in zip(factors, levels, strict=True):
            command += [f"--{name.replace('_', '-')}", level]
        outcome, output = run(command, dict(os.environ))
        said = json.loads(output.splitlines()[-1])
        total += outcome._replace(trained=said["trained"], inside=said["seconds"])
    return total


def suite(
    folder: Path, size: int, epochs: int, scratch: Path, factors: Factors, *, seeds: int = 1
) -> Outcome:
    """The suite in an empty cache and an empty MLflow store."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        place = Path(name)
        options = ["--data", str(folder), "--seeds", str(seeds)]
        options += ["--image-size", str(size), "--epochs", str(epochs), *_asked(factors)]
        return run(*ablate(place, options))[0]


def ablate(place: Path, options: list[str]) -> tuple[list[str], dict[str, str]]:
    """The suite's command and environment, with a cache, an MLflow store and results in ``place``."""
    command = [sys.executable, "-m", "ablations.ablate", *options]
    command += ["--cache", str(place / "cache"), "--out", str(place / "results")]
    return command, {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{place}/mlflow.db"}


def _asked(factors: Factors) -> list[str]:
    return ["--factors", " ".join(f"{name}={','.join(levels)}" for name, levels in factors.items())]


def compare(size: int, epochs: int, share: float, scratch: Path, factors: Factors) -> None:
    """Run the ways on new images of a size; a line for each as it ends."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name) / "paintings"
        made = paint(folder, size, share)
        print(f"\n{size} pixels, {made['train']} training and {made['test']} test images, {epochs} epochs")
        print(f"  {'':24}     s   images/s   peak MB   times faster   times less memory", flush=True)
        reference = study(folder, epochs, factors)
        show("study", reference, reference)
        show("study, without imports", reference._replace(seconds=reference.inside), reference)
        if "class_order" in factors:
            apart = {name: levels for name, levels in factors.items() if name != "class_order"}
            show("suite, 16 trainings", suite(folder, size, epochs, scratch, apart, seeds=2), reference)
        show("suite", suite(folder, size, epochs, scratch, factors), reference)


def show(way: str, outcome: Outcome, reference: Outcome) -> None:
    """Images a second are those of the 16 cells, whoever trained for them."""
    print(
        f"  {way:24}{outcome.seconds:6.0f}{reference.trained / outcome.seconds:11.0f}"
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
