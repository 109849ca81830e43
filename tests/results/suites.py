"""Small suites for the tests: designs of the study's four factors, and their answers."""

import numpy as np
import pandas as pd

import simulation
from simulation import SETTINGS
from summary.analysis.contrasts import Design, Factor

CLASS_ORDER = Factor("class_order", ("unsorted", "sorted"), "evaluate")
LAYERS = Factor("conv_layers", ("1", "3"))
DROPOUT = Factor("dropout", ("0.01", "0.1"))
SMOTE = Factor("smote", ("off", "on"))
CARD = (CLASS_ORDER, LAYERS, DROPOUT, SMOTE)
BASE = {"class_order": "sorted", "conv_layers": "3", "dropout": "0.1", "smote": "off"}


def suite(design: Design, seeds: int = 3, items: int = 120, random_seed: int = 0) -> pd.DataFrame:
    """Answers of all runs of a design; accuracies differ from cell to cell."""
    rng = np.random.default_rng(random_seed)
    trained = design.cells()
    expected = np.linspace(0.25, 0.45, len(trained))
    correct, _ = simulation.simulate(rng, expected, SETTINGS["some"], seeds, items)
    truth = simulation.truths(rng, items)
    read = {"sorted": simulation.answers(rng, correct, truth)}
    read["unsorted"] = simulation.misread(rng, read["sorted"])
    answers = [read[order or "sorted"][trained.index(cell)] for cell, order in design.readings()]
    cells = [design.levels(cell, order) for cell, order in design.readings()]
    return simulation.table(np.array(answers), truth, cells)


def line(table: pd.DataFrame, factor: str, level: str | None = None, metric: str = "accuracy") -> pd.Series:
    """The one row of an effect."""
    found = table[(table["factor"] == factor) & ((level is None) | (table["level"] == level))]
    if "metric" in table:
        found = found[found["metric"] == metric]
    assert len(found) == 1
    return found.iloc[0]


def runs_with(
    right: dict[tuple[str, ...], list[int]], factors: tuple[Factor, ...], items: int = 10
) -> pd.DataFrame:
    """Runs that get the first items right, so many of them as said for each seed."""
    rows = [
        {
            **dict(zip((f.name for f in factors), cell, strict=True)),
            "seed": seed,
            "item": f"{k}",
            "truth": "a",
        }
        | {"prediction": "a" if k < count else "b"}
        for cell, counts in right.items()
        for seed, count in enumerate(counts)
        for k in range(items)
    ]
    return pd.DataFrame(rows)
