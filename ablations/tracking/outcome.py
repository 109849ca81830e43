"""What a training came to, on disk until its runs are finished: no outage makes it train twice."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wikiart.learning.training import Epoch

Point = tuple[int, Epoch]  #: milliseconds since 1970, and what the epoch came to


class NotHandedIn(RuntimeError):
    """A training is finished and kept on disk, but its runs are not: the tracking server is away.

    ``packed`` is the outcome's folder, where it was kept on another machine.
    """

    packed: bytes | None = None


@dataclass(frozen=True)
class Outcome:
    """All that the runs of a training are written from, besides the images."""

    folder: Path
    outputs: list[int]  #: the network's answer to each test image
    curve: list[Point]
    seconds: float  #: what the training took
    remarks: list[str]  #: lines for the runs' logs

    @property
    def model(self) -> Path:
        """The trained network as an MLflow model."""
        return self.folder / "model"


def write(
    folder: Path,
    save_model: Callable[[Path], None],
    outputs: Iterable[int],
    curve: Sequence[Point],
    seconds: float,
    remarks: Sequence[str],
) -> Outcome:
    """Write an outcome; the folder appears whole or not at all."""
    part = folder.with_name(f"{folder.name}.writing")
    remove(part)
    part.mkdir(parents=True)
    save_model(part / "model")
    about = {
        "outputs": [int(output) for output in outputs],
        "curve": [(when, *epoch) for when, epoch in curve],
        "seconds": seconds,
        "remarks": list(remarks),
    }
    (part / "outcome.json").write_text(json.dumps(about), encoding="utf-8")
    remove(folder)
    part.rename(folder)
    return read(folder)


def read(folder: Path) -> Outcome:
    """An outcome that is there."""
    about = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    curve = [(when, Epoch(*epoch)) for when, *epoch in about["curve"]]
    return Outcome(folder, about["outputs"], curve, about["seconds"], about["remarks"])


def remove(folder: Path) -> None:
    """Remove an outcome, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


def pack(folder: Path) -> bytes:
    """An outcome as bytes, for another machine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, ".")
    return packed.getvalue()


def unpack(packed: bytes, folder: Path) -> None:
    """Write what `pack` made; the folder appears whole or not at all."""
    part = folder.with_name(f"{folder.name}.writing")
    remove(part)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(part, filter="data")
    remove(folder)
    part.rename(folder)
