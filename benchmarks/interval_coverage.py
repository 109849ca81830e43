"""Coverage of the intervals of summary.analysis: simulated tables with known effects.

    python benchmarks/interval_coverage.py --tables 2000
    python benchmarks/interval_coverage.py --tables 2000 --until 2.5

Each table: 8 cells (two-level factors A, B, C) x seeds x test items, from one of twelve structures of the
runs' variation (tests/results/simulation.py), without any effect and with A and A x B worth 3 points.
Printed in percent: coverage of the 95 % intervals on new items (mean, lowest and highest of the
effects); their mean half-width in points (main effects); tables with a false positive after Holm's
correction (the larger of those with and without effects); tables in which all six simultaneous
intervals hold; power at the size that is stated as detectable.

Sections: (1) by structure, for 3, 5 and 10 seeds; (2) unequal seeds; (3) other designs; (4) comparison of two
suites; (5) the accuracy of single cells; (6) balanced accuracy and macro-F1. With --until, instead: seeds
that are added until the intervals are narrow enough, or after looks at the effects.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "results"))

import click
import numpy as np

import simulation
from growth import Growth, grow
from simulation import STRUCTURES, STYLES, full_factorial, half_fraction, one_at_a_time
from studies import BASE, DESIGN, TWO_EFFECTS, Study, study
from summary.analysis import Factor
from summary.analysis.comparison import difference_of_suites
from summary.analysis.contrasts import Contrast, trained_contrasts
from summary.analysis.layout import Layout
from summary.analysis.samples import Classification, macro_metrics

ITEMS = {3: 630, 5: 472, 10: 472}  # by the number of seeds
SOME = ("independent, 2 points", "a seed moves all cells", "80 % by architecture", "unequal spread")
CELLS = DESIGN.trained_cells
LOOKS = {3: (3, 5, 10), 5: (5, 10, 20)}  # by the number of seeds at the first


@click.command(help=__doc__.splitlines()[0])
@click.option("--tables", default=2000, help="Tables per line.")
@click.option("--random-seed", default=1)
@click.option("--until", default=0.0, help="Half-width in points at which no more seeds are added.")
def main(tables: int, random_seed: int, until: float) -> None:
    margin = 196 * np.sqrt(0.95 * 0.05 / tables)
    click.echo(f"{tables} tables per line; the coverage of one effect is known to +- {margin:.1f}")
    if until:
        print_growth(tables, random_seed, until)
        return
    print_structures(tables, random_seed)
    print_unequal_seeds(tables, random_seed)
    print_designs(tables, random_seed)
    print_comparisons(tables, random_seed)
    print_cells(tables, random_seed)
    print_macro_metrics(min(tables // 5, 400), random_seed)


def print_structures(tables: int, random_seed: int) -> None:
    for seeds, items in ITEMS.items():
        _head(f"(1) {seeds} seeds, {items} items, by structure")
        rows = []
        for number, (name, structure) in enumerate(STRUCTURES.items()):
            settings = {"items": items, "random_seed": random_seed + number}
            null = study(structure, seeds, tables, **settings)
            rows.append(_numbers([null, study(structure, seeds, tables, accuracy=TWO_EFFECTS, **settings)]))
            _line(name, rows[-1])
        mean, low, high, half, errors, joint, weakest, strongest = np.transpose(rows)
        summary = [mean.mean(), low.min(), high.max(), half.mean(), errors.max(), joint.min()]
        _line("all structures", [*summary, weakest.min(), strongest.max()])


def print_unequal_seeds(tables: int, random_seed: int) -> None:
    for seeds in (3, 5):
        _head(f"(2) {seeds} seeds, but not in every cell, {ITEMS[seeds]} items")
        full, same = np.ones((8, seeds), bool), np.tile(np.arange(seeds), (8, 1))
        for title, runs, labels in (
            ("a run is missing", _without(full, (0, 0)), same),
            ("a cell has 2 seeds", _without(full, (0, slice(2, None))), same),
            ("a cell has 1 seed", _without(full, (0, slice(1, None))), same),
            ("half have 1 less", _without(full, (slice(4, None), 0)), same),
            ("own seeds per cell", full, np.arange(8 * seeds).reshape(8, -1)),
        ):
            # What a seed does to several cells needs common seeds.
            names = SOME if labels is same else ("independent, 2 points", "unequal spread")
            settings = {"items": ITEMS[seeds], "runs": runs, "seed_of_run": labels}
            for name in names:
                result = study(STRUCTURES[name], seeds, tables, random_seed=random_seed, **settings)
                _line(f"{title}; {name}", _numbers([result]))


def _without(runs: np.ndarray, index: tuple) -> np.ndarray:
    rest = runs.copy()
    rest[index] = False
    return rest


def print_designs(tables: int, random_seed: int) -> None:
    levels = Factor("A", ("0", "1", "2"))
    base = dict.fromkeys("ABC", "0")
    designs = {
        "three levels": full_factorial((levels, *DESIGN.factors[1:])),
        "half fraction": half_fraction(DESIGN.factors, base),
        "one at a time": one_at_a_time(DESIGN.factors, base),
    }
    present = CELLS[1:]
    partial = [rest for contrast in trained_contrasts(DESIGN) if (rest := contrast.over(present))]
    for seeds in (3, 5):
        _head(f"(3) {seeds} seeds, other designs, {ITEMS[seeds]} items")
        settings = {"items": ITEMS[seeds], "random_seed": random_seed}
        for name in SOME:
            for title, design in designs.items():
                result = study(STRUCTURES[name], seeds, tables, design=design, **settings)
                _line(f"{title}; {name}", _numbers([result]))
            result = study(
                STRUCTURES[name],
                seeds,
                tables,
                contrasts=partial,
                runs=_without(np.ones((8, seeds), bool), (0, slice(None))),
                **settings,
            )
            _line(f"a cell is missing; {name}", _numbers([result]))


def print_comparisons(tables: int, random_seed: int) -> None:
    """Two suites of 8 cells; the suite is the last factor, so that seeds act on cells of both alike."""
    design = full_factorial((*DESIGN.factors, Factor("suite", ("first", "second"))))
    cells = [(suite, *cell) for *cell, suite in design.trained_cells]
    contrasts = [difference_of_suites(CELLS), *(difference_of_suites([cell]) for cell in CELLS)]
    second = np.array([cell[0] == "second" for cell in cells])
    for seeds in (3, 5):
        _head(f"(4) two suites of {seeds} seeds, {ITEMS[seeds]} items: all cells, single cells")
        number = np.tile(np.arange(2 * seeds), (len(cells), 1))
        runs = {
            "the same seeds": number < seeds,
            "other seeds": (number < seeds) != second[:, None],
            "some seeds": np.where(second[:, None], (number > 0) & (number <= seeds), number < seeds),
        }
        for title, chosen in runs.items():
            for name in SOME:
                result = study(
                    STRUCTURES[name],
                    2 * seeds,
                    tables,
                    design=design,
                    items=ITEMS[seeds],
                    random_seed=random_seed,
                    contrasts=contrasts,
                    cells=cells,
                    runs=chosen,
                )
                _line(f"{title}; {name}", _numbers([result])[:4])


def print_cells(tables: int, random_seed: int) -> None:
    contrasts = [Contrast("cell", "", "", "", ({cell: 1},)) for cell in CELLS]
    for seeds in (3, 5, 10):
        _head(f"(5) {seeds} seeds, {ITEMS[seeds]} items: the accuracy of each cell")
        for name in SOME:
            settings = {"contrasts": contrasts, "items": ITEMS[seeds], "random_seed": random_seed}
            result = study(STRUCTURES[name], seeds, tables, **settings)
            _line(name, _numbers([result])[:4])


def print_macro_metrics(tables: int, random_seed: int) -> None:
    """Hold classes at the counts of STYLES or at four times these; the truth is the mean estimate."""
    click.echo(f"\n(6) coverage of the effects on balanced accuracy and macro-F1, {tables} tables")
    for seeds in (3, 5):
        for copies in (1, 4):
            truth = np.repeat(np.arange(len(STYLES)), copies * np.array(STYLES))
            coverage = _macro("independent, 2 points", seeds, truth, tables, random_seed)
            text = ", ".join(f"{metric} {100 * share:.1f}" for metric, share in coverage.items())
            click.echo(f"{seeds} seeds, {len(truth)} items: {text}")


def _macro(name: str, seeds: int, truth: np.ndarray, tables: int, random_seed: int) -> Mapping[str, float]:
    rng = np.random.default_rng(random_seed)
    layout = Layout([cell for cell in CELLS for _ in range(seeds)], [*range(seeds)] * len(CELLS))
    estimates: dict[str, list] = {"balanced_accuracy": [], "macro_f1": []}
    levels = simulation.level_codes(DESIGN)
    for _ in range(tables):
        settings = (np.full(8, BASE), seeds, len(truth))
        [correct] = simulation.draw(rng, STRUCTURES[name], levels, *settings, class_of_item=truth)
        answer = simulation.answers(rng, correct, truth).reshape(-1, len(truth))
        runs = Classification(tuple(map(str, range(len(STYLES)))), truth, answer)
        for metric, sample in macro_metrics(runs, 300, 0).items():
            pairs = [layout.estimate(contrast, sample) for contrast in trained_contrasts(DESIGN)]
            estimates[metric].append([(e, *parts.interval(e)) for e, parts in pairs])
    coverage = {}
    for metric, rows in estimates.items():
        estimate, low, high = np.moveaxis(np.array(rows), 2, 0)
        mean = estimate.mean(0)
        coverage[metric] = float(((low <= mean) & (mean <= high)).mean())
    return coverage


def print_growth(tables: int, random_seed: int, until: float) -> None:
    """Add seeds from 3 or 5 to at most 20, by width, or until an effect is significant at one of three looks.

    The last columns are false positives of the latter: by p, p times the looks so far, and p times all three.
    """
    columns = "mean", "lowest", "highest", "errors", "seeds", "without +1", "p", "p x so far", "p x all"
    click.echo(f"\nuntil {until:g} points, {ITEMS[5]} items; looks at {LOOKS}")
    click.echo(f"{'':48}" + "".join(f"{column:>11}" for column in columns))
    for number, (name, structure) in enumerate(STRUCTURES.items()):
        settings = {"items": ITEMS[5], "random_seed": random_seed + number}
        growths = [grow(structure, tables, until, accuracy=mean, **settings) for mean in (None, TWO_EFFECTS)]
        for first, looks in LOOKS.items():
            _line(f"{name}; from {first}", _growth_numbers(growths, first, looks))


def _growth_numbers(growths: Sequence[Growth], first: int, looks: tuple[int, ...]) -> list[float]:
    stops = [growth.stops(first) for growth in growths]
    pairs = list(zip(growths, stops, strict=True))
    coverage = np.mean([growth.coverage(seeds) for growth, seeds in pairs], axis=0)
    at_once = np.mean([growth.coverage(growth.stops(first, extra=0)) for growth in growths])
    errors = max(growth.false_positives(seeds) for growth, seeds in pairs)
    by_looks = [
        max(growth.false_positives_of_looks(looks, factors) for growth in growths)
        for factors in ((1, 1, 1), (1, 2, 3), (3, 3, 3))
    ]
    shares = [coverage.mean(), coverage.min(), coverage.max(), errors]
    return [*(100 * np.array(shares)), float(np.mean(stops)), 100 * at_once, *(100 * np.array(by_looks))]


def _head(title: str) -> None:
    columns = "mean", "lowest", "highest", "half-width", "errors", "joint", "power from", "to"
    click.echo(f"\n{title}\n{'':48}" + "".join(f"{column:>11}" for column in columns))


def _numbers(results: Sequence[Study]) -> list[float]:
    coverage = np.mean([result.coverage for result in results], axis=0)
    power = np.mean([result.power for result in results], axis=0)
    half = np.mean([result.half[:, :3].mean() for result in results])
    errors = max(result.false_positives for result in results)
    joint = min(result.joint_coverage for result in results)
    shares = coverage.mean(), coverage.min(), coverage.max(), half, errors, joint, power.min(), power.max()
    return [100 * share for share in shares]


def _line(name: str, numbers: Sequence[float]) -> None:
    click.echo(f"{name:48}" + "".join(f"{number:>11.1f}" for number in numbers))


if __name__ == "__main__":
    main()
