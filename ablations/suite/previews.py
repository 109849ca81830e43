"""Pictures and counts of the synthetic images, logged on the suite's run by a worker."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from yaml import YAMLError

from ablations.design.designs import Design
from ablations.design.factors import DesignError
from ablations.engines.local import in_background
from ablations.process.errors import first_line
from ablations.process.progress import say
from ablations.suite.machines import resolve_device
from ablations.tracking.destination import Destination
from wikiart.images import store
from wikiart.images.store import Store
from wikiart.learning.config import TrainingConfig
from wikiart.learning.split import validation_rows
from wikiart.smote.levels import planned_counts
from wikiart.smote.spelling import level_file, split_level


class SmoteLevel(NamedTuple):
    """A level of SMOTE."""

    config: TrainingConfig  #: of the first cell that has the level, with the first seed
    counts: dict[int, int]  #: class -> number of images that it trains on


def smote_levels(design: Design, images: Store) -> list[SmoteLevel]:
    """Return the levels of SMOTE in a design, without ``off``.

    Raises
    ------
    ablations.design.factors.DesignError
        A file of styles and counts does not fit the images.
    """
    configs: dict[str, TrainingConfig] = {}
    for cell in design.cells:
        config = design.config(cell, design.seeds[0])
        configs.setdefault(config.smote, config)
    configs.pop("off", None)
    return [SmoteLevel(config, _target_counts(config, images)) for config in configs.values()]


def _target_counts(config: TrainingConfig, images: Store) -> dict[int, int]:
    """Return the number of images of each class that a configuration trains on."""
    level, labels = config.smote, images.train.labels
    labels = np.delete(labels, validation_rows(labels, config.validation, config.seed))
    try:
        return planned_counts(level, labels, images.classes)
    except (ValueError, OSError, YAMLError) as error:  # from reading the file
        remedy = "correct the file" if level_file(level) else "choose a smaller number"
        raise DesignError(f"smote={level}: {first_line(error)}: {remedy}") from error


@dataclass(frozen=True)
class Previews:
    """What a worker needs to draw the previews of a suite."""

    destination: Destination  #: the suite's run
    store: Path  #: of the smallest images
    levels: Sequence[SmoteLevel]
    device: str  #: a torch device for the search of neighbours, or "auto"


@contextmanager
def drawn(previews: Previews) -> Iterator[None]:
    """Draw and log the previews in a worker while this block runs, and wait for them at its end."""
    if not previews.levels:
        yield
        return
    with in_background(log, previews, threads=os.cpu_count() or 1) as result:
        yield
        if error := result().error:
            say(f"the pictures of the synthetic images are missing: {first_line(error)}", always=True)


def log(previews: Previews, report: Callable[[float], None]) -> None:
    """Log ``smote/`` on the suite's run: a contact sheet for each level, and the counts of all levels.

    Runs in a worker. Levels that copy have no sheet. The neighbours that the sheets need are in the cache if
    the trainings have searched them there.
    """
    import pandas as pd  # here: the driver needs neither these nor Matplotlib and torch

    from ablations.suite import pictures
    from wikiart.learning.data import TrainingData

    destination, images = previews.destination, store.load(previews.store)
    device = resolve_device(previews.device)
    for config, _ in previews.levels:
        if split_level(config.smote)[0]:
            continue  # copies look like their parents, and need no neighbours
        recipes = TrainingData.from_store(images, config, device).recipes
        if len(recipes.labels):
            sheet = pictures.contact_sheet(images, recipes)
            destination.log_figure(sheet, f"smote/sheet-{Path(config.smote).stem}.png")
    columns = {"before": planned_counts("off", images.train.labels, images.classes)}
    columns |= {config.smote: counts for config, counts in previews.levels}
    table = pd.DataFrame(
        {name: list(column.values()) for name, column in columns.items()}, index=images.classes
    )
    destination.log_figure(pictures.bars_figure(table), "smote/counts.png")
    destination.log_table(table.reset_index(names="style"), "smote/counts.json")
