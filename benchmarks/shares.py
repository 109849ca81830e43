"""Where a suite's processor time goes: training, evaluation, MLflow, loading of libraries.

    pip install py-spy
    python benchmarks/shares.py [ablate's options, such as --seeds 1]

Samples the default suite and all its workers with py-spy (https://github.com/benfred/py-spy), in an
empty cache and an empty MLflow store, and prints what share of the samples lay in which part. A
sample counts for the first part, in the order of `PARTS`, that its stack passes through: a database
call below MLflow is MLflow. Threads that wait are not counted.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.suite import ROOT, ablate

WAITS = re.compile(
    r"(threading|selectors|connection|popen_fork)\.py:\d+\)$|^process \d+:[^;]*$"
)  # of the last frame
#: Part -> what a stack of it looks like, frames as "function (file:line)"; the first that fits.
PARTS = {
    "loading of MLflow and what it loads": re.compile(
        r"<frozen importlib.*/mlflow/|/mlflow/.*<frozen importlib"
    ),
    "loading of other libraries": re.compile(r"<frozen importlib"),
    "checkpoints: torch.export": re.compile(r"/torch/_?export/"),
    "MLflow": re.compile(r"/mlflow/"),
    "training": re.compile(r"wikiart/(learning/(training|steps|batches|state|fast/\w+)|smote/\w+)\.py"),
    "evaluation": re.compile(r"wikiart/learning/evaluation\.py"),
    "summary and report": re.compile(r"/results/"),
    "images: painting, decoding, describing": re.compile(r"wikiart/(sample|images)/"),
}


def part_of(stack: str) -> str:
    return next((part for part, looks in PARTS.items() if looks.search(stack)), "the rest")


def sampled(options: list[str], place: Path) -> Counter[str]:
    """Samples of each part while a suite with these options ran in ``place``."""
    raw = place / "stacks.txt"
    command, environment = ablate(place, options)
    spy = ["py-spy", "record", "--format", "raw", "--subprocesses", "--full-filenames", "--rate", "20"]
    spy += ["--output", str(raw), "--"]
    subprocess.run([*spy, *command], cwd=ROOT, env=environment, check=True)
    counts: Counter[str] = Counter()
    for line in raw.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        if not WAITS.search(stack.rpartition(";")[2]):
            counts[part_of(stack)] += int(count)
    return counts


def main() -> None:
    if {"-h", "--help"} & set(sys.argv):
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory() as name:
        counts = sampled(sys.argv[1:], Path(name))
    total = sum(counts.values())
    for part, count in counts.most_common():
        print(f"{part:40}{100 * count / total:6.1f} %")


if __name__ == "__main__":
    main()
