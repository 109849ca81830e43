"""A suite as data: the runs of a factorial, their answers, and what a report says of them.

`summary.tracking` reads one from MLflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from ablations.process import names
from summary.analysis import Design, Factor, Measure

RUN_COLUMNS = ("run_id", "commit", "weights", *names.METRICS)
IMAGES = Measure(items="images")
MOST_CELLS = 64  #: that are printed and drawn


@dataclass(frozen=True)
class Suite:
    """The runs of one factorial.

    ``about`` has the content of design.json. ``runs`` has a row for each planned run: cell, the factors,
    seed, and run_id, commit, weights (the same for runs that are readings of one training) and the metrics
    (accuracies in 0..1). These columns are empty where no run is finished.
    """

    name: str
    about: dict
    runs: pd.DataFrame
    answers: (
        pd.DataFrame
    )  #: a row per finished run and test item: cell, factors, seed, item, truth, prediction
    #: a row per displayed, finished run and epoch: cell, factors, seed, epoch, loss, accuracy (training)
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    id: str = ""  #: of the suite's run in MLflow
    command: str = ""  #: that ran it
    measure: Measure = IMAGES
    metrics: Mapping[str, str] = field(
        default_factory=lambda: names.METRICS
    )  #: column of ``runs`` -> its name

    @property
    def factors(self) -> list[str]:
        """Names of the factors."""
        return [factor["name"] for factor in self.about["factors"]]

    @property
    def design(self) -> Design:
        """The design as the analysis takes it."""
        factors = (Factor(f["name"], tuple(f["levels"]), f["stage"]) for f in self.about["factors"])
        cells = (run["levels"] for run in self.about["runs"])
        return Design(tuple(factors), tuple(cells), self.about["design"], self.about["base"])

    @property
    def finished(self) -> pd.DataFrame:
        """The rows of ``runs`` whose run is finished."""
        return self.runs.dropna(subset="run_id")

    @cached_property
    def displayed_cells(self) -> list[str]:
        """The cells that are printed and drawn: all, or the base cell and the best ones."""
        return displayed_cells(self.about, self.runs, self.measure.name)

    @property
    def base_cell(self) -> str | None:
        """The name of the base cell; None if it is not in the design or has no finished run."""
        return base_cell(self.about, self.runs)


def displayed_cells(about: dict, runs: pd.DataFrame, metric: str) -> list[str]:
    """Choose the cells that are printed and drawn: all, or the base cell and the best in a metric."""
    cells = runs["cell"].unique().tolist()
    if len(cells) <= MOST_CELLS:
        return cells
    best = runs.dropna(subset="run_id").groupby("cell")[metric].mean().nlargest(MOST_CELLS).index
    chosen = list(dict.fromkeys(filter(None, [base_cell(about, runs), *best])))[:MOST_CELLS]
    return [cell for cell in cells if cell in chosen]


def base_cell(about: dict, runs: pd.DataFrame) -> str | None:
    """Find the base cell; None if it is not in the design or has no finished run."""
    rows = runs.dropna(subset="run_id")
    for factor in about["factors"]:
        rows = rows[rows[factor["name"]] == about["base"].get(factor["name"])]
    return next(iter(rows["cell"]), None)
