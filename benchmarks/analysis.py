"""Time and memory of the analysis: simulated tables of 48 runs, with few and with many test items.

    python benchmarks/analysis.py --items 630 --items 24421

Each size is measured in a process of its own: the seconds of `summary.analysis.analyse` (best of some
repetitions), the processor's seconds of the same call, and the peak memory of the process, which holds
the table too.
"""

import resource
import sys
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time

import click

ROOT = Path(__file__).parents[1]
SEEDS = 3


@click.command(help=__doc__.splitlines()[0])
@click.option("--items", "sizes", multiple=True, default=[630, 24_421], help="Test items.")
@click.option("--repeat", default=3, help="Repetitions, of which the fastest counts.")
def main(sizes: tuple[int, ...], repeat: int) -> None:
    for items in sizes:
        with get_context("spawn").Pool(1) as pool:
            seconds, busy, rows, mebibytes = pool.apply(measure, (items, repeat))
        size = f"48 runs x {items:,} items ({rows:,} rows)"
        click.echo(f"{size}: {seconds:.2f} s, processor {busy:.2f} s, peak {mebibytes:,.0f} MiB")


def measure(items: int, repeat: int) -> tuple[float, float, int, float]:
    sys.path[:0] = map(str, (ROOT, ROOT / "results", ROOT / "tests" / "results"))
    import suites
    from simulation import full_factorial
    from summary.analysis import analyse

    design = full_factorial(suites.CARD)
    answers = suites.suite(design, seeds=SEEDS, items=items)
    durations = []
    for _ in range(repeat):
        start, busy = perf_counter(), process_time()
        analyse(answers, design)
        durations.append((perf_counter() - start, process_time() - busy))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (*map(min, zip(*durations, strict=True)), len(answers), peak)


if __name__ == "__main__":
    main()
