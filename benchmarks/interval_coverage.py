"""Coverage of the intervals of summary.analysis: simulated tables with known effects, some minutes.

    python benchmarks/interval_coverage.py --replications 2000

Each table: 8 trained cells (factors A, B, C) x seeds x 630 items, read in both class orders.
True effects in points: A 3, A x B 3, B, C, A x C, B x C none. Run variation is given as the
standard deviation of a run's accuracy over seeds; a third of its variance is shared by all
cells of a seed.

Sections: (1) coverage of the two-way and the run-level 95 % intervals, and tables with a false
positive after Holm's correction; (2) power at the effect that is stated as the smallest detectable
one; (3) the same variance with other reference distributions, and plain two-way clustering; (4)
half of the run variance shared by the cells of one architecture (level of A) and seed, so that
trainings are not independent: with trainings as the units, with seeds, and as tested, the default;
(5) balanced accuracy and macro-F1.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "results"))

import click
import numpy as np
import pandas as pd
from scipy import stats

import simulation
from simulation import FACTORS, SETTINGS, STYLES, Noise, Study, full_factorial, study
from summary.analysis.contrasts import trained_contrasts
from summary.analysis.samples import Runs, macro_metrics
from summary.analysis.uncertainty import interval

ARCHITECTURE = Noise(architecture=0.12, run=0.12)

Results = Mapping[tuple[str, int], Study]  #: (setting, seeds) -> simulated tables


@click.command(help=__doc__.splitlines()[0])
@click.option("--replications", default=2000, help="tables per line")
@click.option("--random-seed", default=1)
def main(replications: int, random_seed: int) -> None:
    margin = 196 * np.sqrt(0.95 * 0.05 / replications)
    click.echo(
        f"{replications} tables per line; a coverage of 95 is known to +- {margin:.1f}; figures in percent"
    )
    results = {
        (name, seeds): study(SETTINGS[name], seeds, replications, random_seed=random_seed)
        for seeds in (3, 5)
        for name in SETTINGS
    }
    print_coverage(results)
    print_power(results, replications, random_seed)
    print_alternatives(results, replications // 4, random_seed)
    print_shared_by_architecture(replications // 2, random_seed)
    print_macro_metrics(results, min(replications // 4, 400), random_seed)


def print_coverage(results: Results) -> None:
    click.echo("\n(1) two-way 95 % intervals: coverage by effect")
    names = next(iter(results.values())).names
    click.echo(_head([*names, "mean", "by run", "after Holm"]))
    for line, result in results.items():
        means = result.coverage.mean(), result.covered_by_run.mean(), result.false_positives
        click.echo(_line(line, result, 100 * np.array([*result.coverage, *means])))


def print_power(results: Results, replications: int, random_seed: int) -> None:
    click.echo("\n(2) power at the smallest detectable effect (median of those stated, in points)")
    click.echo(_head(["A size", "A found", "A x B size", "A x B found"]))
    settings: dict[str, Any] = {"class_order": False, "random_seed": random_seed + 1}
    for (name, seeds), result in results.items():
        main_size, cross_size = (
            np.median(result.detectable[:, result.names.index(effect)]) for effect in ("A", "A x B")
        )
        a = study(SETTINGS[name], seeds, replications, (main_size, 0, 0), 0.0, **settings).rejected[0]
        ab = study(SETTINGS[name], seeds, replications, (0, 0, 0), cross_size, **settings).rejected[3]
        click.echo(_line((name, seeds), result, 100 * np.array([main_size, a, cross_size, ab])))


def print_alternatives(results: Results, replications: int, random_seed: int) -> None:
    click.echo("\n(3) alternatives: mean coverage over the effects of A, B, C")
    click.echo(_head(["as is", "normal", "t(seeds-1)", "plain normal", "plain t(s-1)", "plain var<=0"]))
    for (name, seeds), result in results.items():
        quantiles = stats.norm.isf(0.025), stats.t.isf(0.025, seeds - 1)
        numbers = [result.coverage[1:].mean(), *(result.coverage_with(q)[1:].mean() for q in quantiles)]
        numbers += _plain(name, seeds, replications, random_seed)
        click.echo(_line((name, seeds), result, 100 * np.array(numbers)))


def print_shared_by_architecture(replications: int, random_seed: int) -> None:
    click.echo("\n(4) seeds shared within an architecture (A) only: coverage")
    results = {
        (unit, seeds): study(
            ARCHITECTURE, seeds, replications, class_order=False, by_seed=by_seed, random_seed=random_seed
        )
        for seeds in (3, 5)
        for unit, by_seed in (("training", False), ("seed", True), ("tested", None))
    }
    click.echo(_head([*next(iter(results.values())).names, "after Holm"]))
    for line, result in results.items():
        click.echo(_line(line, result, 100 * np.array([*result.coverage, result.false_positives])))


def print_macro_metrics(results: Results, replications: int, random_seed: int) -> None:
    click.echo(
        "\n(5) balanced accuracy and macro-F1, 'some': coverage of their mean over the effects of A, B, C"
    )
    click.echo(_head(["balanced", "macro-F1"]))
    for seeds in (3, 5):
        numbers = _macro("some", seeds, replications, random_seed)
        click.echo(_line(("some", seeds), results["some", seeds], 100 * np.array(numbers)))


def _head(columns: list[str]) -> str:
    return f"{'runs vary':>10}{'seeds':>6}{'sd':>6}" + "".join(f"{name:>13}" for name in columns)


def _line(line: tuple[str, int], result: Study, numbers: np.ndarray) -> str:
    start = f"{line[0]:>10}{line[1]:>6}{100 * result.run_deviation:>6.1f}"
    return start + "".join(f"{number:>13.1f}" for number in numbers)


def _plain(name: str, seeds: int, replications: int, random_seed: int) -> tuple[float, float, float]:
    """Coverage with the normal and with t(seeds - 1), and how often the variance is not positive."""
    rng = np.random.default_rng(random_seed)
    truth = np.array([0.03, 0, 0, 0.03, 0, 0])
    codes = (
        np.array([[level == "1" for level in cell] for cell in full_factorial(FACTORS).trained_cells]) - 0.5
    )
    a, b, c = np.repeat(codes, seeds, 0).T
    columns = np.column_stack([np.ones(len(a)), a, b, c, a * b, a * c, b * c])
    rows = []
    for _ in range(replications):
        accuracy = simulation.accuracies(0.28, (0.03, 0, 0), 0.03)
        correct, _ = simulation.simulate(rng, accuracy, SETTINGS[name], seeds, 630)
        estimate, variance = simulation.plain_two_way(correct.reshape(len(a), -1).astype(float), columns)
        error = np.sqrt(np.maximum(variance[1:], 0))
        distance = np.abs(estimate[1:] - truth)
        covered = [distance <= q * error for q in (stats.norm.isf(0.025), stats.t.isf(0.025, seeds - 1))]
        rows.append([*covered, variance[1:] <= 0])
    return tuple(np.mean(rows, axis=(0, 2)))


def _macro(name: str, seeds: int, replications: int, random_seed: int) -> list[float]:
    """Coverage for the two macro metrics; the truth is the mean estimate (classes held at their counts)."""
    rng = np.random.default_rng(random_seed)
    design = full_factorial(FACTORS)
    layout = simulation.balanced_layout(tuple(design.trained_cells), seeds)
    truth = np.repeat(np.arange(len(STYLES)), STYLES)
    ends: dict[str, list] = {"balanced_accuracy": [], "macro_f1": []}
    for _ in range(replications):
        accuracy = simulation.accuracies(0.28, (0.03, 0, 0), 0.03)
        correct, _ = simulation.simulate(rng, accuracy, SETTINGS[name], seeds, len(truth))
        answer = simulation.answers(rng, correct, truth).reshape(-1, len(truth))
        runs = Runs(pd.DataFrame(), (), tuple(map(str, range(len(STYLES)))), truth, answer)
        for metric, sample in macro_metrics(runs, 300, 0).items():
            rows = []
            for contrast in trained_contrasts(design):
                estimate, parts = layout.estimate(contrast, sample)
                rows.append((estimate, *interval(estimate, parts.variance, parts.df)))
            ends[metric].append(rows)
    arrays = [np.array(rows) for rows in ends.values()]
    means = [array[:, :, 0].mean(0) for array in arrays]
    return [
        ((array[:, :, 1] <= mean) & (mean <= array[:, :, 2])).mean()
        for array, mean in zip(arrays, means, strict=True)
    ]


if __name__ == "__main__":
    main()
