"""Costs of a suite of many cells besides its trainings.

    python benchmarks/driver.py [--cells 10000] [--carried-out 400]

1. Run a suite whose trainings are replaced by one without computation: seconds of scheduling and
   logging per cell (all requests, tables, pictures, the model's files).
2. Fill its database with copies of these runs, until a suite of ``--cells`` is finished.
3. Start that suite again: seconds until the driver, the suite's main process, has found that all runs are
   finished.

Each line of a suite is printed with the seconds since its start, imports included, and the highest memory
of the driver so far. The summary is left out: its cost is that of the statistics. The images are the
generated paintings at 16 pixels, the tracking store is an SQLite file. Times depend on the machine and its
load. Takes minutes.
"""

import argparse
import json
import os
import resource
import sqlite3
import sys
import tempfile
import time
import uuid
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from benchmarks.suite import MB, run

ROOT = Path(__file__).resolve().parents[1]
EPOCHS = 10
FACTORS = (
    "class_order=unsorted,sorted conv_layers=1,2,3,4,5 dropout=0,0.1,0.2,0.3 "
    "learning_rate=0.001,0.002,0.003,0.004,0.005 batch_size=8,16,32,64,128"
)
CELLS = 1000  # of these factors
COPIED = ("tags", "params", "metrics", "latest_metrics")  # tables with a row per run and name


def command(seeds: int, place: Path) -> list[str]:
    """Return the command line of a suite of all cells."""
    words = [sys.executable, str(Path(__file__).resolve()), "--inner", "--factors", FACTORS]
    words += ["--seeds", str(seeds), "--epochs", str(EPOCHS), "--image-size", "16"]
    return [*words, "--cache", str(place / "cache"), "--out", str(place / "results")]


def inner(arguments: list[str]) -> None:
    """Run the suite's command without computation; DRIVER_TRAININGS limits the number of trainings."""
    from ablations import ablate
    from ablations.process import progress
    from ablations.suite import course, execute, report
    from ablations.suite.plan import Plan
    from benchmarks import no_op

    start = psutil.Process().create_time()

    def say(text: str, *, always: bool = False) -> None:
        progress.say(text, always=always)
        line = next(filter(None, text.splitlines()), "(summary)")
        print(f"driver: {time.time() - start:7.1f} s {resident():6.0f} MB  {line[:80]}", flush=True)

    all_missing = Plan.missing.fget  # type: ignore[attr-defined]
    limit = int(os.environ.get("DRIVER_TRAININGS", "0")) or None
    replacements: list[tuple[object, str, object]] = [
        (execute, "carry_out", no_op.carry_out),
        (report, "summarize", lambda destination, options: 0),
        (Plan, "missing", property(lambda plan: all_missing(plan)[:limit])),
        *((module, "say", say) for module in (course, execute, report)),
    ]
    for owner, name, replacement in replacements:
        patch.object(owner, name, replacement).start()
    ablate.command(arguments)


def resident() -> float:
    """Return the highest memory of this process so far in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB


def fill(database: Path, cells: int) -> None:
    """Copy finished runs under the fingerprints of planned ones, until ``cells`` runs are finished."""
    with sqlite3.connect(database) as store:
        parent = store.execute("select run_uuid from tags where key='role' and value='suite'").fetchone()[0]
        artifacts = store.execute("select artifact_uri from runs where run_uuid=?", (parent,)).fetchone()[0]
        design = json.loads((Path(artifacts.removeprefix("file://")) / "design.json").read_text())
        finished = dict(
            store.execute(
                "select t.value, t.run_uuid from tags t join runs r using (run_uuid) "
                "where t.key='fingerprint' and r.status='FINISHED'"
            )
        )
        columns = {
            table: [row[1] for row in store.execute(f"pragma table_info({table})")]
            for table in ("runs", *COPIED)
        }
        missing = [
            planned["fingerprint"] for planned in design["runs"] if planned["fingerprint"] not in finished
        ]
        originals = list(finished.values())
        for number, fingerprint in enumerate(missing[: cells - len(finished)]):
            original, copy = originals[number % len(originals)], uuid.uuid4().hex
            for table in ("runs", *COPIED):
                names = ", ".join(f'"{name}"' for name in columns[table])
                values = ", ".join("?" if name == "run_uuid" else f'"{name}"' for name in columns[table])
                store.execute(
                    f"insert into {table} ({names}) select {values} from {table} where run_uuid=?",
                    (copy, original),
                )
            store.execute(
                "update tags set value=? where key='fingerprint' and run_uuid=?", (fingerprint, copy)
            )


def measure(cells: int, carried_out: int, place: Path) -> None:
    """Run the three steps and print what they took."""
    database = place / "mlflow.db"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
        "MLFLOW_TRACKING_URI": f"sqlite:///{database}",
        "PYTHONPATH": str(ROOT),
    }
    os.chdir(place)
    seeds = -(-cells // CELLS)
    limited = {**environment, "DRIVER_TRAININGS": str(-(-carried_out // 2))}
    first, output = run(command(seeds, place), limited)
    (place / "first.txt").write_text(output)
    print(_driver_lines(output))
    start = time.monotonic()
    fill(database, cells)
    print(f"filled in {time.monotonic() - start:.0f} s, {database.stat().st_size / MB:.0f} MB", flush=True)
    again, output = run(command(seeds, place), environment)
    (place / "again.txt").write_text(output)
    print(_driver_lines(output))
    for name, outcome in (("first", first), ("again", again)):
        print(f"{name}: {outcome.seconds:.0f} s, at most {outcome.peak / MB:.0f} MB", flush=True)


def _driver_lines(output: str) -> str:
    return "\n".join(line for line in output.splitlines() if line.startswith("driver:"))


def main() -> None:
    if "--inner" in sys.argv:
        sys.argv.remove("--inner")
        inner(sys.argv[1:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--carried-out", type=int, default=400, help="cells that a suite runs")
    parser.add_argument("--scratch", type=Path, help="folder for temporary files (default: the system's)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as place:
        measure(options.cells, options.carried_out, Path(place))


if __name__ == "__main__":
    main()
