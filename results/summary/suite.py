"""A suite as data: the runs of a factorial, their answers, and what a report says of them.

`summary.tracking` reads one from MLflow, `summary.published` keeps one in two files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from ablations.process import names
from summary.analysis import Design, Factor, Measure
from summary.rarity import rarity_groups

RUN_COLUMNS = ("run_id", "commit", "weights", *names.METRICS)
MOST_CELLS = 64  #: that are printed and drawn


@dataclass(frozen=True)
class Suite:
    """The runs of one factorial.

    ``about`` has the content of design.json. ``runs`` has a row for each planned run: cell, the factors,
    seed, and run_id, commit, weights (the same for runs that are readings of one training) and the metrics
    (accuracies in 0..1). These columns are empty where no run is finished.
    """

    id: str  #: of the suite's run
    name: str
    about: dict
    runs: pd.DataFrame
    #: a row per finished run and test item: cell, factors, seed, item, truth, prediction
    answers: pd.DataFrame
    #: a row per displayed, finished run and epoch: cell, factors, seed, epoch, loss, accuracy (training), and
    #: validation_loss and others, empty for runs without validation images
    curves: pd.DataFrame
    command: str = ""  #: that gives the same results
    start_time: int = 0  #: in milliseconds since 1970
    reused: int = 0  #: runs of earlier suites
    #: numbers of seeds with which the effects of these cells have been summarized, with this time
    looks: Sequence[int] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)  #: of the suite's run: durations

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
    def measure(self) -> Measure:
        """What decides: the question's metric, or accuracy, as in suites of earlier versions."""
        return Measure(self.about.get("metric", names.ACCURACY), items="images")

    @property
    def rarity_groups(self) -> dict[str, list[str]]:
        """Groups of styles by their number of training images."""
        return rarity_groups({style["style"]: style["train"] for style in self.about["data"]["styles"]})

    @property
    def finished(self) -> pd.DataFrame:
        """The rows of ``runs`` whose run is finished."""
        return self.runs.dropna(subset="run_id")

    @cached_property
    def displayed_cells(self) -> list[str]:
        """The cells that are printed and drawn: all, or the base cell and the most accurate ones."""
        return displayed_cells(self.about, self.runs)

    @property
    def base_cell(self) -> str | None:
        """The name of the base cell; None if it is not in the design or has no finished run."""
        return base_cell(self.about, self.runs)


def displayed_cells(about: dict, runs: pd.DataFrame) -> list[str]:
    """Choose the cells that are printed and drawn: all, or the base cell and the most accurate ones."""
    cells = runs["cell"].unique().tolist()
    if len(cells) <= MOST_CELLS:
        return cells
    best = runs.dropna(subset="run_id").groupby("cell")["accuracy"].mean().nlargest(MOST_CELLS).index
    chosen = list(dict.fromkeys(filter(None, [base_cell(about, runs), *best])))[:MOST_CELLS]
    return [cell for cell in cells if cell in chosen]


def base_cell(about: dict, runs: pd.DataFrame) -> str | None:
    """Find the base cell; None if it is not in the design or has no finished run."""
    rows = runs.dropna(subset="run_id")
    for factor in about["factors"]:
        rows = rows[rows[factor["name"]] == about["base"].get(factor["name"])]
    return next(iter(rows["cell"]), None)
