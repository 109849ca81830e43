"""Scaling of a suite with the number and size of images and the number of cells; accuracy of its estimate.

    python benchmarks/scale.py [--images 1000] [--epochs 10]

Runs the suite on generated paintings in an empty cache and an empty MLflow store, each time with one
quantity doubled or quadrupled. ``trainings`` is the time from the start of the first training to the end
of the last one; ``each`` is this time per training, epoch, thousand images and 64 x 64 pixels: equal values
mean that the cost is linear. ``expected`` is the suite's own estimate.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from mlflow import MlflowClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.suite import ROOT, ablate, paint

STUDY = 13_350  # training images, of which `paint` takes a share
DROPOUTS = ("0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35")


def run(images: int, size: int, trainings: int, epochs: int, scratch: Path) -> tuple[int, float, float]:
    """Run a suite; return its training images and the seconds that its trainings took and were expected."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        place = Path(name)
        made = paint(place / "paintings", size, images / STUDY)
        options = ["--data", str(place / "paintings"), "--seeds", "1"]
        options += ["--factors", f"dropout={','.join(DROPOUTS[:trainings])}"]
        options += ["--image-size", str(size), "--epochs", str(epochs)]
        command, environment = ablate(place, options)
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        [parent] = MlflowClient(environment["MLFLOW_TRACKING_URI"]).search_runs(["0"], "tags.role = 'suite'")
        seen = parent.data.metrics
        return made["train"], seen["time/trainings_s"], seen.get("time/expected_s", float("nan"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000, help="to begin with (default: 1000)")
    parser.add_argument("--epochs", type=int, default=10, help="default: 10")
    parser.add_argument("--scratch", type=Path, help="folder for temporary files (default: the system's)")
    options = parser.parse_args()
    n = options.images
    print("images   pixels   trainings   seconds   each   expected   expected/seconds", flush=True)
    for times, size, trainings in ((1, 64, 4), (2, 64, 4), (4, 64, 4), (1, 128, 4), (2, 128, 4), (1, 64, 8)):
        made, took, expected = run(times * n, size, trainings, options.epochs, options.scratch)
        each = took / (trainings * options.epochs * made / 1000 * (size / 64) ** 2)
        print(
            f"{made:6}{size:9}{trainings:12}{took:10.1f}{each:7.2f}{expected:11.1f}{expected / took:19.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
