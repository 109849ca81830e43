"""Small suites for the tests: designs of the study's four factors, and their answers."""

from dataclasses import replace

import numpy as np
import pandas as pd

import simulation
from summary.analysis import Design, Factor
from summary.suite import RUN_COLUMNS, Suite

CLASS_ORDER = Factor("class_order", ("unsorted", "sorted"), "evaluate")
PRIOR = Factor("prior", ("train", "uniform"), "evaluate")
LAYERS = Factor("conv_layers", ("1", "3"))
DROPOUT = Factor("dropout", ("0.01", "0.1"))
SMOTE = Factor("smote", ("off", "on"))
CARD = (CLASS_ORDER, LAYERS, DROPOUT, SMOTE)
BASE = {"class_order": "sorted", "conv_layers": "3", "dropout": "0.1", "smote": "off"}


def suite(design: Design, seeds: int = 3, items: int = 120, random_seed: int = 0) -> pd.DataFrame:
    """Answers of all runs of a design; accuracies differ from cell to cell."""
    rng = np.random.default_rng(random_seed)
    trained = design.trained_cells
    expected = np.linspace(0.25, 0.45, len(trained))
    structure = simulation.STRUCTURES["independent, 0.7 points"]
    [correct] = simulation.draw(rng, structure, simulation.level_codes(design), expected, seeds, items)
    truth = simulation.truths(rng, items)
    readings = {"sorted": simulation.answers(rng, correct, truth)}
    readings["unsorted"] = simulation.misread(rng, readings["sorted"])
    answers = [
        readings[cell.get("class_order", "sorted")][trained.index(design.trained_cell(cell))]
        for cell in design.cells
    ]
    return simulation.table(np.array(answers), truth, design.cells)


def effect(table: pd.DataFrame, factor: str, level: str | None = None, metric: str = "accuracy") -> pd.Series:
    """The one row of an effect."""
    rows = table[(table["factor"] == factor) & ((level is None) | (table["level"] == level))]
    if "metric" in table:
        rows = rows[rows["metric"] == metric]
    assert len(rows) == 1
    return rows.iloc[0]


def answers_of(
    right: dict[tuple[str, ...], list[int]], factors: tuple[Factor, ...], items: int = 10
) -> pd.DataFrame:
    """Runs that answer the first items right: in each cell, the given number of items for each seed."""
    names = [factor.name for factor in factors]
    rows = [
        {
            **dict(zip(names, cell, strict=True)),
            **{"seed": seed, "item": f"{k}", "truth": "a", "prediction": "a" if k < count else "b"},
        }
        for cell, counts in right.items()
        for seed, count in enumerate(counts)
        for k in range(items)
    ]
    return pd.DataFrame(rows)


def without_runs(suite: Suite, *rows: int) -> Suite:
    """The suite as it would be if these of its runs had failed."""
    runs = suite.runs.copy()
    runs.loc[list(rows), list(RUN_COLUMNS)] = None
    failed = suite.runs.loc[list(rows), ["cell", "seed"]].itertuples(index=False, name=None)
    of_run = suite.answers.set_index(["cell", "seed"]).index
    return replace(suite, runs=runs, answers=suite.answers[~of_run.isin(list(failed))])
