"""Group the cells of a design by the training that produces their weights."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.design import study
from ablations.design.designs import Design, SuiteDescription
from ablations.design.factors import Cell
from wikiart.cache.folder import Cache, TrainingFiles
from wikiart.images.store import Store
from wikiart.learning.config import TrainingConfig
from wikiart.learning.reading import Reading
from wikiart.smote.spelling import level_file
from wikiart.versions import VERSIONS

#: Settings that are newer than the first fingerprints, at the value that gives the numbers from before they
#: existed. At this value a setting takes no part in a fingerprint, so that earlier runs remain finished.
NEUTRAL: Cell = {"prior": "train", "class_weights": "none", "validation": 0, "augment": "none"}
SEED = ", seed "  #: stands between cell and seed in the name of a run


@dataclass(frozen=True)
class CellRun:
    """A cell with one seed: everything that is known of its run before it starts."""

    name: str
    cell: str  #: name of the cell, without the seed
    levels: tuple[tuple[str, str], ...]  #: (factor, level)
    seed: int
    reading: Reading
    fingerprint: str  #: of everything that decides the results
    description: str


@dataclass(frozen=True)
class Training:
    """A distinct set of weights, and the cells that are read from it."""

    name: str
    fingerprint: str  #: of everything that decides the weights
    config: TrainingConfig
    cells: tuple[CellRun, ...]
    store: Path
    digest: str  #: of the store's content

    @property
    def files(self) -> TrainingFiles:
        """State, outcome and lock of the training, in the cache of its store."""
        return Cache.of_store(self.store).training(self.fingerprint)


def plan_trainings(design: Design, stores: Mapping[int, Store]) -> list[Training]:
    """Return the distinct trainings of a design.

    They are in the order of the seeds: a suite that is interrupted has complete replicates.

    Parameters
    ----------
    design : Design
        The cells and seeds.
    stores : mapping
        Image size -> decoded images, for every image size in the design.
    """
    cells: dict[TrainingConfig, list[Cell]] = {}
    for seed in design.seeds:
        for cell in design.cells:
            cells.setdefault(design.config(cell, seed), []).append(cell)
    return [
        _training(design, config, cells_of_training, stores[config.image_size])
        for config, cells_of_training in cells.items()
    ]


def cells_digest(trainings: Iterable[Training]) -> str:
    """Return a digest of the cells that are read from some trainings, whatever the number of their seeds."""
    return _sha256(
        sorted(cell.fingerprint for training in trainings for cell in training.cells if cell.seed == 0)
    )


def plan_digest(description: SuiteDescription, design: Design, trainings: Iterable[Training]) -> str:
    """Return the digest of what a suite asks and plans: two suites with the same one have the same runs."""
    runs = sorted((run.name, run.fingerprint) for training in trainings for run in training.cells)
    return _sha256([description.text, design.kind, design.base, runs])


def _training(design: Design, config: TrainingConfig, cells: list[Cell], store: Store) -> Training:
    deciding = [_deciding_settings(config), _file_content(config.smote), store.digest, VERSIONS]
    trained = [factor.name for factor in design.factors if factor.stage == "train"]
    return Training(
        name=" ".join([*(f"{name}={cells[0][name]}" for name in trained), f"seed={config.seed}"]),
        fingerprint=_sha256(deciding),
        config=config,
        cells=tuple(_cell_run(design, cell, config, deciding) for cell in cells),
        store=store.folder,
        digest=store.digest,
    )


def _deciding_settings(config: TrainingConfig) -> Cell:
    """Return the settings that take part in the fingerprint of a training; see ``NEUTRAL``."""
    settings = config.model_dump()
    return {name: value for name, value in settings.items() if name not in NEUTRAL or value != NEUTRAL[name]}


def _cell_run(design: Design, cell: Cell, config: TrainingConfig, deciding: list) -> CellRun:
    label, reading = design.label(cell), design.reading(cell)
    return CellRun(
        name=f"{label}{SEED}{config.seed}",
        cell=label,
        levels=tuple((name, str(level)) for name, level in cell.items()),
        seed=config.seed,
        reading=reading,
        fingerprint=_sha256([*deciding, *_deciding_reading(reading)]),
        description=_description(design, cell, config.seed),
    )


def _deciding_reading(reading: Reading) -> list[str]:
    """Return what takes part in the fingerprint of a cell beside its training; see ``NEUTRAL``.

    Newer settings have their names with them, which tells them apart if some are left out.
    """
    settings = reading.model_dump()
    first = [value for name, value in settings.items() if name not in NEUTRAL]
    newer = [f"{name}={value}" for name, value in settings.items() if NEUTRAL.get(name, value) != value]
    return first + newer


def _sha256(values: list) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _file_content(level: str) -> str:
    """Return the text of the file that a SMOTE level names, or "": the text decides, not the name."""
    path = level_file(level)
    return path.read_text(encoding="utf-8") if path else ""


def _description(design: Design, cell: Cell, seed: int) -> str:
    """Return the Markdown text that MLflow's interface shows on a cell's run."""
    settings = design.settings(cell)
    varied = ", ".join(f"{name} = {level}" for name, level in cell.items())
    fixed = ", ".join(f"{name} = {level}" for name, level in settings.items() if name not in cell)
    paragraphs = [f"**Cell** {varied}; replicate (seed) {seed}.", f"Settings that are not varied: {fixed}."]
    if step := study.step(settings):
        paragraphs.append(f"Corresponds to a step of the study, which reported the accuracy: {step}.")
    if readings := [factor.name for factor in design.factors if factor.stage == "evaluate"]:
        paragraphs.append(f"Cells that differ only in {' and '.join(readings)} have the same weights.")
    return "\n\n".join(paragraphs)
