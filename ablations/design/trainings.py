"""Cells into trainings: which weights a design needs, and which cells are read from each."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.design import study
from ablations.design.designs import Design
from ablations.design.factors import Cell
from wikiart.cache.folder import Cache, TrainingFiles
from wikiart.images.store import Store
from wikiart.learning.config import TrainingConfig
from wikiart.versions import VERSIONS


@dataclass(frozen=True)
class CellRun:
    """One cell with one seed: all that its run is known by before it starts."""

    name: str
    cell: str  #: the cell's own name, without the seed
    levels: tuple[tuple[str, str], ...]  #: (factor, level)
    seed: int
    class_order: str
    fingerprint: str
    description: str


@dataclass(frozen=True)
class Training:
    """One distinct set of weights, and the cells that are read from it."""

    name: str
    fingerprint: str  #: of what decides the weights
    config: TrainingConfig
    cells: tuple[CellRun, ...]
    store: Path
    digest: str  #: of the store's content

    @property
    def files(self) -> TrainingFiles:
        """State, outcome and lock of the training, in the cache of its store."""
        return Cache.of_store(self.store).training(self.fingerprint)


def trainings(plan: Design, stores: Mapping[int, Store]) -> list[Training]:
    """The distinct trainings of a design: all of the first seed, then of the second, ...

    ``stores`` has the decoded images for each image size of the design. Seed by seed, so
    that a suite that is cut short leaves whole replicates.
    """
    cells: dict[TrainingConfig, list[CellRun]] = {}
    fingerprints: dict[TrainingConfig, str] = {}
    for seed in plan.seeds:
        for cell in plan.cells:
            config = plan.config(cell, seed)
            decides = [config.model_dump(), _file(config.smote), stores[config.image_size].digest, VERSIONS]
            fingerprints[config] = _sha256(decides)
            run = _cell_run(plan, cell, config, decides)
            cells.setdefault(config, []).append(run)
    return [
        Training(
            name=_name(plan, runs[0]),
            fingerprint=fingerprints[config],
            config=config,
            cells=tuple(runs),
            store=stores[config.image_size].folder,
            digest=stores[config.image_size].digest,
        )
        for config, runs in cells.items()
    ]


def _name(plan: Design, run: CellRun) -> str:
    trained = {factor.name for factor in plan.factors if factor.stage == "train"}
    words = [f"{name}={level}" for name, level in run.levels if name in trained]
    return " ".join([*words, f"seed={run.seed}"])


def _cell_run(plan: Design, cell: Cell, config: TrainingConfig, decides: list) -> CellRun:
    order = plan.class_order(cell)
    label = plan.label(cell)
    return CellRun(
        name=f"{label}-s{config.seed}",
        cell=label,
        levels=tuple((name, str(level)) for name, level in cell.items()),
        seed=config.seed,
        class_order=order,
        fingerprint=_sha256([*decides, order]),
        description=_description(plan, cell, config),
    )


def _sha256(decides: list) -> str:
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _file(level: str) -> str:
    """What a SMOTE level that names a file says, since the file may change under its name."""
    path = Path(level)
    return path.read_text(encoding="utf-8") if path.suffix else ""


def _description(plan: Design, cell: Cell, config: TrainingConfig) -> str:
    settings = {**plan.base, **cell}
    varied = ", ".join(f"{name} = {level}" for name, level in cell.items())
    held = ", ".join(f"{name} = {settings[name]}" for name in settings if name not in cell)
    lines = [f"**Cell** {varied}; replicate (seed) {config.seed}.", f"Held fixed: {held}."]
    if step := study.step(settings):
        lines.append(f"Stands for the study's step: {step}.")
    if settings["class_order"] == "unsorted":
        lines.append(
            "The weights are those of the cell with sorted classes; only the reading of the outputs differs."
        )
    return "\n\n".join(lines)
