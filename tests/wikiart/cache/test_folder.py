"""What the cache lists, sweeps and clears, and what it leaves alone."""

import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from ablations.cli import cache as command
from tests.conftest import paint_folder
from wikiart.cache.atomic import locked
from wikiart.cache.folder import ABANDONED, Cache
from wikiart.images import paintings
from wikiart.images.building import build_store
from wikiart.smote.cached import recipes_of_store


@pytest.fixture
def dataset(tmp_path):
    return paintings.find(paint_folder(tmp_path / "images", {"Amber": 3, "Dusk": 2}, {"Dusk": 2}))


def write(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def scratch_folder(folder: Path, age: float) -> Path:
    """A scratch folder with a file, both changed ``age`` seconds ago."""
    file = write(folder / "train.npy", bytes(1000))
    for path in (file, folder):
        os.utime(path, (time.time() - age,) * 2)
    return folder


def invoke(folder: Path, *options: str) -> str:
    result = CliRunner().invoke(command.command, ["--cache", str(folder), *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_building_a_store_removes_the_scratch_of_dead_writers_only(dataset, tmp_path):
    """A writer of a store or a training holds a lock; for a sample the time of the last change tells."""
    dead, alive = (scratch_folder(tmp_path / "stores" / f".{n * 32}-01234567.part", age=1) for n in "01")
    part = scratch_folder(tmp_path / "trainings" / ".a.outcome-01234567.part", age=1)
    samples = [scratch_folder(tmp_path / f".sample-v1-{n}.part", age=n * ABANDONED) for n in (0, 2)]
    write(tmp_path / "stores" / f".{'0' * 32}.lock")
    with FileLock(tmp_path / "stores" / f".{'1' * 32}.lock"):
        build_store(dataset, 24, tmp_path)
    assert [path.exists() for path in (dead, alive, part, *samples)] == [False, True, False, True, False]


def test_a_shared_cache_is_open_to_the_group(dataset, tmp_path):
    """Folders are 0777 and files, locks among them, 0666, without what the umask takes."""
    before = os.umask(0o002)
    try:
        decoded = build_store(dataset, 24, tmp_path / "cache")
        recipes_of_store(decoded, "auto", 0)
        with locked(Cache(tmp_path / "cache").training("a").lock):
            pass
    finally:
        os.umask(before)
    modes = {
        path: path.stat().st_mode & 0o777 for path in (tmp_path / "cache", *(tmp_path / "cache").rglob("*"))
    }
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o775}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o664}


def test_every_path_of_the_cache_is_listed_under_its_kind(dataset, tmp_path):
    cache = Cache(tmp_path / "cache")
    files = cache.training("f" * 64)
    decoded = build_store(dataset, 24, cache.root)
    paths = {
        "stores": [decoded.folder],
        "neighbours": [write(cache.neighbours("a" * 32))],
        "states": [write(files.state)],
        "outcomes": [write(files.outcome / "outcome.json").parent],
        "level files": [write(cache.level_file("Amber: 3", ".yaml"))],
        "samples": [write(cache.sample(1) / "file").parent],
        "scratch": [write(cache.root / "levels" / ".x.yaml-01234567.part")],
        "locks": sorted([write(files.lock), cache.root / "stores" / f".{decoded.key}.lock"]),
    }
    assert cache.contents() == paths
    assert list(cache.clear().values()) == [0, 1, 0]
    assert [path for path in cache.root.rglob("*") if path.is_file()] == paths["scratch"]


def test_clear_removes_what_is_listed_and_nothing_else(dataset, tmp_path):
    folder = tmp_path / "cache"
    decoded = build_store(dataset, 24, folder)
    scratch_folder(folder / ".sample-abc", age=2 * ABANDONED)
    scratch_folder(folder / "sample-v1", age=0)
    write(folder / "neighbours" / "abc.npy", bytes(3_000_000))
    for name in ("neighbours/abc.npy.lock", "trainings/abc.pt", "trainings/abc.lock", "trainings/held.pt"):
        write(folder / name)
    write(folder / "trainings" / "abc.outcome" / "model" / "MLmodel")
    own = (
        scratch_folder(folder / ".git-mine", age=2 * ABANDONED),
        scratch_folder(folder / "stores/mine", age=0),
    )
    output = invoke(folder)
    assert "stores         1" in output
    assert "outcomes       1" in output
    assert decoded.folder.exists()
    with FileLock(folder / "trainings" / "held.lock"):
        output = invoke(folder, "--clear", "yes")
    assert "cleared: 3.0 MB" in output
    assert "left alone: 1 in use by a running process, which holds the lock" in output
    assert "left alone: 2 other files" in output
    assert [path.exists() for path in own] == [True, True]
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        ".git-mine/train.npy",
        "stores/mine/train.npy",
        "trainings/held.lock",
        "trainings/held.pt",
    }
    assert "left alone: 2 other files" in invoke(folder, "--clear", "yes")
    assert list((folder / "trainings").iterdir()) == []


def test_clear_removes_scratch_at_once_where_no_lock_is_held(tmp_path):
    names = "stores/.{0}-01234567.part", "trainings/.a.pt-01234567.part", ".sample-v1-01234567.part"
    paths = [scratch_folder(tmp_path / name.format("0" * 32), age=1) for name in names]
    write(tmp_path / "trainings" / "a.lock")
    with FileLock(tmp_path / "trainings" / "a.lock"):
        Cache(tmp_path).clear()
    assert [path.exists() for path in paths] == [False, True, True]
    Cache(tmp_path).clear()
    assert [path.exists() for path in paths] == [False, False, True]


def test_the_files_of_a_finished_training_are_removed_with_what_was_left_of_them(tmp_path):
    files, other = (Cache(tmp_path).training(letter * 64) for letter in "ab")
    write(files.outcome / "outcome.json")
    scratch = files.state.with_name(f".{files.state.name}-01234567.part")
    kept = [write(files.lock), write(other.state)]
    for path in (files.state, scratch):
        write(path)
    files.remove()
    assert sorted(files.lock.parent.iterdir()) == kept


def test_an_empty_or_missing_cache_is_shown_and_cleared(tmp_path):
    assert str(tmp_path / "none") in invoke(tmp_path / "none", "--clear", "yes")
