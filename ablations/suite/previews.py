"""What SMOTE adds, to look at: pictures and counts on the suite's run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from yaml import YAMLError

from ablations.design.designs import Design
from ablations.design.factors import DesignError
from ablations.process.errors import first_line
from ablations.process.progress import ProgressBar
from ablations.suite.figures import bars_figure, parents_figure
from ablations.suite.remedies import remedies
from ablations.tracking.destination import Destination
from wikiart.images.store import Store
from wikiart.smote.cached import recipes_of_store
from wikiart.smote.levels import planned_counts
from wikiart.smote.recipes import Recipes

SHOWN = 12  # synthetic images of a contact sheet, each of another style


def show(destination: Destination, design: Design, stores: Mapping[int, Store], device: str) -> None:
    """Log ``smote/`` on the parent: for each level a contact sheet, and the counts of all levels.

    The sheets are those of the first seed at the smallest image size. The neighbours that are
    searched for them stay in the cache, where the trainings find them.

    Raises
    ------
    ablations.design.factors.DesignError
        A file of styles and counts does not fit the images.
    """
    seed = design.seeds[0]
    levels = dict.fromkeys(design.config(cell, seed).smote for cell in design.cells)
    levels.pop("off", None)
    if not levels:
        return
    store = stores[min(stores)]
    client = destination.client
    counts = {"before": planned_counts("off", store.train.labels, store.classes)}
    for level in levels:
        counts[level] = _planned(level, store)
        with ProgressBar(f"SMOTE {level}: neighbours") as bar, remedies():
            made = recipes_of_store(store, level, seed, device, bar.update)
        if len(made.labels):
            client.log_figure(
                destination.parent_id, _sheet(store, made), f"smote/sheet-{Path(level).stem}.png"
            )
    table = pd.DataFrame(
        {name: list(column.values()) for name, column in counts.items()}, index=store.classes
    )
    client.log_figure(destination.parent_id, bars_figure(table), "smote/counts.png")
    client.log_table(destination.parent_id, table.reset_index(names="style"), "smote/counts.json")


def _planned(level: str, store: Store) -> dict[int, int]:
    try:
        return planned_counts(level, store.train.labels, store.classes)
    except (ValueError, OSError, YAMLError) as error:  # of a file of styles and counts
        raise DesignError(f"smote={level}: {first_line(error)}: mend the file") from error


def _sheet(store: Store, made: Recipes) -> Figure:
    """One synthetic image of each of the styles that get most, between its parents."""
    most = np.argsort(-np.bincount(made.labels), kind="stable")[:SHOWN]
    images, rows = store.train.images, []
    for number, label in enumerate(most):
        of_style = np.flatnonzero(made.labels == label)
        if not len(of_style):
            continue
        at = of_style[number % len(of_style)]  # every style starts from the same draws: not the first of each
        first, second = images[made.first[at]].astype(np.float32), images[made.second[at]].astype(np.float32)
        weight = float(made.weight[at])
        triple = [first, first + weight * (second - first), second]
        rows.append(
            (store.classes[made.labels[at]], weight, [pixels.round().astype(np.uint8) for pixels in triple])
        )
    return parents_figure(rows)
