"""Times until a suite says and does something, of this checkout and of an earlier one.

    python benchmarks/startup.py [--before FOLDER] [--repeats 5]

- ``first line``: until ``python -m ablations.ablate`` prints something, on images that are decoded already.
- ``missing folder``: until the same command with ``--data nowhere`` has ended with its message.
- ``first training``: until the first run of a cell begins, in the default suite (``--fresh yes``), estimate
  included; then the suite is interrupted.
- ``asked again``: until a finished suite of 16 cells that is started again has ended, and the processor time
  of its main process and of the processes that it waited for.

Each checkout has a cache and a database of its own, which it fills first. The checkouts take turns, and
medians are printed, with the ratio of the earlier checkout to this one. Times depend on the machine and its
load: compare only the ratios. Takes minutes.
"""

import argparse
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FINISHED = ("--seeds", "1", "--epochs", "1")  # options of the suite that is asked again
FIRST_TRAINING = (
    "select min(start_time) from runs join tags using (run_uuid) "
    "where key = 'role' and value = 'cell' and start_time > ?"
)
POLL = 0.05  # seconds between two looks at the database


@dataclass(frozen=True)
class Checkout:
    """A checkout of this project, with a cache and a database for its suites."""

    code: Path
    place: Path

    def start(self, *options: str) -> subprocess.Popen:
        """Start ``python -m ablations.ablate``."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.place}/mlflow.db",
            "WIKIART_CACHE": str(self.place / "cache"),
            "PYTHONPATH": str(self.code),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "ablations.ablate", *options],
            cwd=self.place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def prepare(self) -> None:
        """Paint and decode the images, create the database and finish the suite that is asked again."""
        self.place.mkdir()
        _end(self.start(*FINISHED))

    def first_line(self) -> dict[str, float]:
        """Measure the time until the first line."""
        start = time.monotonic()
        process = self.start(*FINISHED)
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.monotonic() - start
        _interrupt(process)
        return {"first line": seconds}

    def missing_folder(self) -> dict[str, float]:
        """Measure the time until a missing folder is reported."""
        start = time.monotonic()
        self.start("--data", "nowhere").communicate()
        return {"missing folder": time.monotonic() - start}

    def first_training(self) -> dict[str, float]:
        """Measure the time until the first run of a cell begins."""
        start = time.time()
        process = self.start("--fresh", "yes", "--quiet", "yes")
        while not (begin := self._first_training(start)):
            time.sleep(POLL)
        _interrupt(process)
        return {"first training": begin - start}

    def _first_training(self, not_before: float) -> float | None:
        with closing(sqlite3.connect(self.place / "mlflow.db", timeout=60)) as database:
            [[milliseconds]] = database.execute(FIRST_TRAINING, [1000 * not_before])
        return milliseconds and milliseconds / 1000

    def asked_again(self) -> dict[str, float]:
        """Measure the time of a finished suite that is started again."""
        start, before = time.monotonic(), os.times()
        _end(self.start(*FINISHED))
        after = os.times()
        processor = (
            after.children_user - before.children_user + after.children_system - before.children_system
        )
        return {"asked again": time.monotonic() - start, "asked again, processor": processor}


def _end(process: subprocess.Popen) -> None:
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(output.decode())


def _interrupt(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGINT)
    process.communicate()


def measure(checkouts: dict[str, Checkout], repeats: int) -> dict[str, dict[str, float]]:
    """Return the medians: measurement -> checkout -> seconds."""
    for checkout in checkouts.values():
        checkout.prepare()
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    steps: list[Callable[[Checkout], dict[str, float]]] = [
        Checkout.first_line,
        Checkout.missing_folder,
        Checkout.first_training,
        Checkout.asked_again,
    ]
    for _ in range(repeats):
        for step in steps:
            for name, checkout in checkouts.items():
                for measurement, seconds in step(checkout).items():
                    samples[measurement][name].append(seconds)
    return {
        measurement: {name: statistics.median(values) for name, values in by_checkout.items()}
        for measurement, by_checkout in samples.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, help="folder of an earlier checkout")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        checkouts = {"now": Checkout(ROOT, Path(scratch) / "now")}
        if options.before:
            checkouts["before"] = Checkout(options.before.resolve(), Path(scratch) / "before")
        for measurement, seconds in measure(checkouts, options.repeats).items():
            words = [f"{name} {value:6.1f} s" for name, value in seconds.items()]
            if options.before:
                words.append(f"ratio {seconds['before'] / seconds['now']:.1f}")
            print(f"{measurement:24} {'   '.join(words)}", flush=True)


if __name__ == "__main__":
    main()
