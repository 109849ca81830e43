"""The outcome of a training, on disk until its runs are finished.

If the tracking server cannot be reached, the next start logs the runs from it without training again.
"""

import io
import json
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

from wikiart.cache.atomic import atomic_folder
from wikiart.cache.checksums import is_intact, remove_damaged, seal
from wikiart.learning.epoch import Epoch

Point = tuple[int, Epoch]  #: milliseconds since 1970 at the end of an epoch, and the epoch's results
_CURVE = TypeAdapter(list[Point])
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


class _Results(BaseModel):
    """The content of `RESULTS`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    shares: list[float]
    curve: list[list[int | float | None]]  #: milliseconds since 1970, and the fields of `Epoch`
    seconds: float
    remarks: list[str]


def read(folder: Path, fits: Callable[[Outcome], bool] = lambda _: True) -> Outcome | None:
    """Read the outcome in a folder; return None if there is none.

    One that is damaged, foreign or of an earlier version is removed, and the log says so.

    Parameters
    ----------
    folder : Path
        The folder.
    fits : callable
        Returns whether the outcome can be that of the training. Default: any can.
    """
    if not is_intact(folder):
        return None
    with suppress(OSError, ValueError, TypeError):  # from reading the files and from their values
        outcome = _parse(folder)
        if fits(outcome):
            return outcome
    remove_damaged(folder, "it is not the outcome of this training")
    return None


def _parse(folder: Path) -> Outcome:
    results = _Results.model_validate_json((folder / RESULTS).read_bytes())
    curve = _CURVE.validate_python([(time_ms, epoch) for time_ms, *epoch in results.curve])
    log_probabilities = np.load(folder / LOG_PROBABILITIES, allow_pickle=False)
    return Outcome(folder, log_probabilities, results.shares, curve, results.seconds, results.remarks)


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
