"""Cells into trainings: which weights a design needs, and which cells are read from each."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations import study
from ablations.design import Cell, Design
from wikiart.config import TrainingConfig
from wikiart.store import Store

ROOT = Path(__file__).resolve().parent.parent
DECIDING = ("config", "network", "training", "smote", "neighbours", "evaluation")  # modules of wikiart


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
    config: TrainingConfig
    cells: tuple[CellRun, ...]
    store: Path


def trainings(plan: Design, stores: Mapping[int, Store]) -> list[Training]:
    """The distinct trainings of a design: all of the first seed, then of the second, ...

    ``stores`` has the decoded images for each image size of the design. Seed by seed, so
    that a suite that is cut short leaves whole replicates.
    """
    code = _code()
    cells: dict[TrainingConfig, list[CellRun]] = {}
    for seed in plan.seeds:
        for cell in plan.cells:
            config = plan.config(cell, seed)
            run = _cell_run(plan, cell, config, stores[config.image_size].digest, code)
            cells.setdefault(config, []).append(run)
    return [
        Training(_name(plan, runs[0]), config, tuple(runs), stores[config.image_size].folder)
        for config, runs in cells.items()
    ]


def _name(plan: Design, run: CellRun) -> str:
    trained = {factor.name for factor in plan.factors if factor.stage == "train"}
    words = [f"{name}={level}" for name, level in run.levels if name in trained]
    return " ".join([*words, f"seed={run.seed}"])


def _cell_run(plan: Design, cell: Cell, config: TrainingConfig, data: str, code: str) -> CellRun:
    order = plan.class_order(cell)
    decides = json.dumps([config.model_dump(), _file(config.smote), order, data, code], sort_keys=True)
    label = plan.label(cell)
    return CellRun(
        name=f"{label}-s{config.seed}",
        cell=label,
        levels=tuple((name, str(level)) for name, level in cell.items()),
        seed=config.seed,
        class_order=order,
        fingerprint=hashlib.sha256(decides.encode()).hexdigest(),
        description=_description(plan, cell, config),
    )


def _file(level: str) -> str:
    """What a SMOTE level that names a file says, since the file may change under its name."""
    path = Path(level)
    return path.read_text(encoding="utf-8") if path.suffix else ""


def _code() -> str:
    """A digest of the modules that decide a result: a change of theirs makes old runs stale."""
    digest = hashlib.sha256()
    for module in DECIDING:
        digest.update((ROOT / "wikiart" / f"{module}.py").read_bytes())
    return digest.hexdigest()


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
