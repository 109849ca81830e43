"""Generated images and one real suite that the tests look at."""

import logging
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
STYLES = {"Amber": (230, 170, 20), "Blue": (20, 40, 220), "Crimson": (210, 20, 40), "Dusk": (60, 20, 80)}
NOT_TESTED = "Blue"  # in the middle of the alphabet: without care every later style shifts by one


def paint(path: Path, colour: tuple[int, int, int], seed: int, size: int = 24) -> None:
    """A noisy patch of one colour."""
    noise = np.random.default_rng(seed).normal(0, 25, (size, size, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)


def paint_folder(root: Path, train: dict[str, int], test: dict[str, int]) -> Path:
    """``root/{train,test}/<Style>/<n>.jpg`` with so many images each."""
    for split, counts in (("train", train), ("test", test)):
        for style, count in counts.items():
            for n in range(count):
                seed = hash_of(split, style, n)
                paint(root / split / style / f"{n}.jpg", STYLES[style], seed)
    return root


def hash_of(*words: object) -> int:
    """A seed from words, the same in every process."""
    return zlib.crc32("/".join(map(str, words)).encode())


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what is made once stay in one process: those of a file, and all on the real suite."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        group = "suite" if "suite" in fixtures else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Restore the loggers that commands and trainings set in the test's own process."""
    loggers = [logging.getLogger(name) for name in ("wikiart", "wikiart.cache")]
    before = [(logger.propagate, logger.level, logger.handlers) for logger in loggers]
    yield
    for logger, (propagate, level, handlers) in zip(loggers, before, strict=True):
        logger.propagate, logger.handlers = propagate, handlers
        logger.setLevel(level)


@pytest.fixture(scope="session")
def paintings_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four styles of 14, 9, 6 and 3 training images; one of them has no test image."""
    train = dict(zip(STYLES, (14, 9, 6, 3), strict=True))
    test = {style: 5 for style in STYLES if style != NOT_TESTED}
    return paint_folder(tmp_path_factory.mktemp("paintings"), train, test)


@dataclass(frozen=True)
class Finished:
    """A suite that was really run, by ``mlflow run``, and what it printed."""

    folder: Path
    uri: str
    output: str
    environment: dict[str, str]

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.uri)

    def parents(self) -> list[Run]:
        """Runs of suites, newest first."""
        return self.client.search_runs(["0"], "tags.role = 'suite'")

    def cells(self) -> list[Run]:
        """Runs of cells, newest first."""
        return self.client.search_runs(["0"], "tags.role = 'cell'")

    def run(self, entry: str, **parameters: object) -> subprocess.CompletedProcess:
        """Another ``mlflow run`` on the same tracking store and cache."""
        return mlflow_run(self.environment, entry, out=self.folder / "results", **parameters)


def mlflow_run(
    environment: dict[str, str], entry: str, project: Path = ROOT, /, **parameters: object
) -> subprocess.CompletedProcess:
    """``mlflow run . -e <entry> --env-manager local`` with these parameters."""
    command = [sys.executable, "-m", "mlflow", "run", str(project), "-e", entry, "--env-manager", "local"]
    for name, value in parameters.items():
        command += ["-P", f"{name}={value}"]
    folder = Path(environment["WIKIART_CACHE"]).parent  # where MLflow puts artifacts: not the repository
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, cwd=folder)


def environment_for(folder: Path) -> dict[str, str]:
    """An environment whose tracking store and cache lie in a folder of the test's."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "WIKIART_CACHE": str(folder / "cache"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


TINY = {"image_size": 24, "batch_size": 4, "epochs": 6, "seeds": 1}


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory, paintings_folder: Path) -> Finished:
    """The four questions on the generated folder: 16 cells, one seed."""
    folder = tmp_path_factory.mktemp("suite")
    environment = environment_for(folder)
    done = mlflow_run(environment, "ablate", data=paintings_folder, out=folder / "results", **TINY)
    assert done.returncode == 0, done.stdout + done.stderr
    uri = environment["MLFLOW_TRACKING_URI"]
    mlflow.set_tracking_uri(uri)
    return Finished(folder, uri, done.stdout, environment)


@pytest.fixture(scope="session")
def more(suite: Finished, paintings_folder: Path) -> subprocess.CompletedProcess:
    """A second suite on the same store: one factor, two seeds, of which one run is finished already."""
    done = suite.run("smote", data=paintings_folder, factors="smote=off,auto", **{**TINY, "seeds": 2})
    assert done.returncode == 0, done.stdout + done.stderr
    return done
