"""Shares of a suite's processor time: training, evaluation, MLflow, imports.

    pip install py-spy
    python benchmarks/shares.py [ablate's options, such as --seeds 1]

Samples all processes of the default suite with py-spy (https://github.com/benfred/py-spy), in an empty
cache and an empty MLflow store, and prints the share of each part. A sample counts for the first part, in
the order of `PARTS`, that matches its stack: a database call made by MLflow counts as MLflow. Waiting
threads are not counted.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.suite import ROOT, ablate

#: Last frame of a thread that waits.
WAITING = re.compile(r"(threading|selectors|connection|popen_fork)\.py:\d+\)$|^process \d+:[^;]*$")
#: Part -> pattern of its stacks; frames are written as "function (file:line)". The first match counts.
PARTS = {
    "imports of MLflow and its dependencies": re.compile(
        r"<frozen importlib.*/mlflow/|/mlflow/.*<frozen importlib"
    ),
    "imports of other libraries": re.compile(r"<frozen importlib"),
    "checkpoints: torch.export": re.compile(r"/torch/_?export/"),
    "MLflow": re.compile(r"/mlflow/"),
    "training": re.compile(r"wikiart/(learning/(training|steps|batches|state|fast/\w+)|smote/\w+)\.py"),
    "evaluation": re.compile(r"wikiart/learning/evaluation\.py"),
    "summary and report": re.compile(r"/results/"),
    "images: painting, decoding, describing": re.compile(r"wikiart/(sample|images)/"),
}


def part_of(stack: str) -> str:
    return next((part for part, pattern in PARTS.items() if pattern.search(stack)), "the rest")


def sample(options: list[str], place: Path) -> Counter[str]:
    """Run a suite with these options in the folder ``place``; count the samples of each part."""
    raw = place / "stacks.txt"
    command, environment = ablate(place, options)
    profiler = ["py-spy", "record", "--format", "raw", "--subprocesses", "--full-filenames", "--rate", "20"]
    profiler += ["--output", str(raw), "--"]
    subprocess.run([*profiler, *command], cwd=ROOT, env=environment, check=True)
    counts: Counter[str] = Counter()
    for line in raw.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        if not WAITING.search(stack.rpartition(";")[2]):
            counts[part_of(stack)] += int(count)
    return counts


def main() -> None:
    if {"-h", "--help"} & set(sys.argv):
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory() as name:
        counts = sample(sys.argv[1:], Path(name))
    total = sum(counts.values())
    for part, count in counts.most_common():
        print(f"{part:40}{100 * count / total:6.1f} %")


if __name__ == "__main__":
    main()
