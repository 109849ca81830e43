"""Pictures and counts of the synthetic images, logged on the suite's run."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from yaml import YAMLError

from ablations.design.designs import Design
from ablations.design.factors import DesignError
from ablations.process.errors import first_line
from ablations.process.progress import progress_bar
from ablations.suite.figures import bars_figure, parents_figure
from ablations.tracking.destination import Destination
from wikiart.images.store import Store
from wikiart.smote.cached import recipes_of_store
from wikiart.smote.levels import planned_counts
from wikiart.smote.recipes import Recipes

SHOWN = 12  # styles on a contact sheet


def log(destination: Destination, design: Design, store: Store, device: str) -> None:
    """Log ``smote/`` on the suite's run: a contact sheet for each level, and the counts of all levels.

    The sheets are those of the first seed. The neighbours that are searched for them are kept in the cache,
    where the trainings find them.

    Parameters
    ----------
    destination : Destination
        The suite's run.
    design : Design
        Its cells name the SMOTE levels. If all are ``off``, nothing is logged.
    store : Store
        The images at the smallest image size.
    device : str
        A torch device for the search of neighbours.

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
    client = destination.client
    counts = {"before": planned_counts("off", store.train.labels, store.classes)}
    for level in levels:
        counts[level] = _target_counts(level, store)
        with progress_bar(f"SMOTE {level}: neighbours") as progress:
            recipes = recipes_of_store(store, level, seed, device, progress)
        if len(recipes.labels):
            sheet = _contact_sheet(store, recipes)
            client.log_figure(destination.parent_id, sheet, f"smote/sheet-{Path(level).stem}.png")
    table = pd.DataFrame(
        {name: list(column.values()) for name, column in counts.items()}, index=store.classes
    )
    client.log_figure(destination.parent_id, bars_figure(table), "smote/counts.png")
    client.log_table(destination.parent_id, table.reset_index(names="style"), "smote/counts.json")


def _target_counts(level: str, store: Store) -> dict[int, int]:
    """Return the number of training images that each class has with a SMOTE level."""
    try:
        return planned_counts(level, store.train.labels, store.classes)
    except (ValueError, OSError, YAMLError) as error:  # from reading the file
        raise DesignError(f"smote={level}: {first_line(error)}: mend the file") from error


def _contact_sheet(store: Store, recipes: Recipes) -> Figure:
    """Draw a synthetic image of each of the styles that get most of them, between its two parents."""
    largest = np.argsort(-np.bincount(recipes.labels), kind="stable")[:SHOWN]
    images, rows = store.train.images, []
    for number, label in enumerate(largest):
        of_style = np.flatnonzero(recipes.labels == label)
        if not len(of_style):
            continue
        # The draws of all styles begin alike, so that the first recipes of several styles look the same:
        # each style shows another one.
        row = of_style[number % len(of_style)]
        weight = float(recipes.weight[row])
        first = images[recipes.first[row]].astype(np.float32)
        second = images[recipes.second[row]].astype(np.float32)
        blended = first + weight * (second - first)
        pictures = [pixels.round().astype(np.uint8) for pixels in (first, blended, second)]
        rows.append((store.classes[label], weight, pictures))
    return parents_figure(rows)
