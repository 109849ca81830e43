"""The outcome of a training, on disk until its runs are finished.

If the tracking server cannot be reached, the next start logs the runs from it without training again.
"""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wikiart.cache.atomic import atomic_folder
from wikiart.cache.checksums import is_intact, seal
from wikiart.learning.training import Epoch

Point = tuple[int, Epoch]  #: milliseconds since 1970 at the end of an epoch, and the epoch's results
RESULTS, LOG_PROBABILITIES = "outcome.json", "log_probabilities.npy"


@dataclass(frozen=True, eq=False)
class Outcome:
    """The results of a training, from which the runs of all cells that are read from it can be written."""

    folder: Path
    log_probabilities: np.ndarray  #: float32 (test images, classes), the network's outputs
    shares: list[float]  #: of each class in what the network learnt from
    curve: list[Point]  #: learning curve
    seconds: float  #: duration of the training
    remarks: list[str]  #: lines for the runs' logs

    @property
    def model(self) -> Path:
        """Folder of the trained network as an MLflow model."""
        return self.folder / "model"


def write(outcome: Outcome, save_model: Callable[[Path], None]) -> None:
    """Write an outcome; its folder appears whole or not at all.

    Parameters
    ----------
    outcome : Outcome
        The results; an older outcome in its folder is replaced.
    save_model : callable
        Writes the trained network as an MLflow model into the folder that it is given.
    """
    results = {
        "shares": outcome.shares,
        "curve": [(time_ms, *epoch) for time_ms, epoch in outcome.curve],
        "seconds": outcome.seconds,
        "remarks": outcome.remarks,
    }
    with atomic_folder(outcome.folder, replace=True) as scratch:
        save_model(scratch / "model")
        np.save(scratch / LOG_PROBABILITIES, outcome.log_probabilities, allow_pickle=False)
        (scratch / RESULTS).write_text(json.dumps(results), encoding="utf-8")
        seal(scratch, outcome.folder.name)


def read(folder: Path) -> Outcome | None:
    """Read the outcome in a folder; return None if there is none.

    A damaged one is removed, and so is one of an earlier version, which holds answers in place of
    log-probabilities.
    """
    if not is_intact(folder):
        return None
    if not (folder / LOG_PROBABILITIES).exists():
        shutil.rmtree(folder)
        return None
    results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    curve = [(time_ms, Epoch(*epoch)) for time_ms, *epoch in results.pop("curve")]
    log_probabilities = np.load(folder / LOG_PROBABILITIES, allow_pickle=False)
    return Outcome(folder, log_probabilities, curve=curve, **results)


def pack(folder: Path) -> bytes:
    """Return an outcome as bytes, to be sent to another machine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, ".")
    return packed.getvalue()


def unpack(packed: bytes, folder: Path) -> None:
    """Write the outcome in the bytes of `pack`; its folder appears whole or not at all."""
    with (
        tarfile.open(fileobj=io.BytesIO(packed)) as archive,
        atomic_folder(folder, replace=True) as scratch,
    ):
        archive.extractall(scratch, filter="data")
