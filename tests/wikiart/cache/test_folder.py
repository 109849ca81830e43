"""Disks that are full or cannot be written, and what is swept and cleared."""

import errno
import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from filelock import FileLock

from ablations.cli import cache as command
from ablations.cli import prepare
from tests.conftest import paint_folder
from wikiart.cache import folder as cache
from wikiart.errors import CacheError
from wikiart.images import paintings, store


@pytest.fixture
def found(tmp_path):
    return paintings.find(paint_folder(tmp_path / "images", {"Amber": 3, "Dusk": 2}, {"Dusk": 2}))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs to be root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def left(folder: Path) -> list[Path]:
    """Files, and folders of scratch; locks are empty."""
    found = (path for path in folder.rglob("*") if path.is_file() or path.name.startswith("."))
    return [path for path in found if path.suffix != ".lock"]


@pytest.mark.parametrize("foreseen", [True, False])
def test_a_full_disk(found, small_disk, monkeypatch, foreseen):
    if not foreseen:
        monkeypatch.setattr(cache, "_check_space", lambda *_: None)
    with pytest.raises(CacheError, match=r"no space left for .*disk/stores.*--cache.*--clear yes") as told:
        store.build(found, 512, small_disk)
    assert "\n" not in str(told.value)
    assert left(small_disk) == []
    assert store.build(found, 24, small_disk).train.images.shape == (5, 24, 24, 3)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("call", ["save", "savez"])
def test_a_disk_that_fills_at_any_moment(found, tmp_path, monkeypatch, number, call):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(np, call, fail)
    with pytest.raises(CacheError, match="no space left"):
        store.build(found, 24, tmp_path / "cache")
    assert left(tmp_path / "cache") == []


def test_a_cache_below_a_file(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match=r"file/below/stores cannot be written \(Not a directory\): choose"):
        store.build(found, 24, tmp_path / "file" / "below")


def test_the_sample_says_so_too(tmp_path):
    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(prepare.command, ["--cache", str(tmp_path / "file" / "below")])
    assert refused.exit_code == 1
    assert "cannot be written (Not a directory): choose another folder with --cache" in refused.output


def scratch(folder: Path, age: float) -> Path:
    """A scratch folder with a file, both last touched so many seconds ago."""
    folder.mkdir(parents=True)
    (folder / "train.npy").write_bytes(bytes(1000))
    for path in (folder / "train.npy", folder):
        os.utime(path, (time.time() - age,) * 2)
    return folder


def test_abandoned_scratch_is_swept_by_the_next_store(found, tmp_path):
    old = scratch(tmp_path / "stores" / f".{'0' * 32}-abc", age=2 * cache.ABANDONED)
    new = scratch(tmp_path / "stores" / f".{'1' * 32}-abc", age=1)
    store.build(found, 24, tmp_path)
    assert not old.exists()
    assert new.exists()


def test_clear_removes_what_the_suite_keeps_and_nothing_else(found, tmp_path):
    folder = tmp_path / "cache"
    made = store.build(found, 24, folder)
    scratch(folder / ".sample-abc", age=2 * cache.ABANDONED)
    scratch(folder / "sample-v1", age=0)
    (folder / "neighbours").mkdir()
    (folder / "neighbours" / "abc.npy").write_bytes(bytes(3_000_000))
    (folder / "neighbours" / "abc.npy.lock").write_bytes(b"")
    (folder / "trainings").mkdir()
    for name in ("abc.pt", "abc.lock"):
        (folder / "trainings" / name).write_bytes(b"")
    held = FileLock(folder / "trainings" / "held.lock")
    held.acquire()
    own = scratch(folder / ".git-mine", age=2 * cache.ABANDONED), scratch(folder / "stores" / "mine", age=0)
    shown = CliRunner().invoke(command.command, ["--cache", str(folder)])
    assert shown.exit_code == 0
    assert "stores        1" in shown.output
    assert made.folder.exists()
    done = CliRunner().invoke(command.command, ["--cache", str(folder), "--clear", "yes"])
    assert "cleared: 3.0 MB" in done.output
    names = [".git-mine", "neighbours", "stores", "trainings"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [path.exists() for path in own] == [True, True]
    assert not made.folder.exists()
    assert list((folder / "neighbours").iterdir()) == []
    assert [path.name for path in (folder / "stores").iterdir()] == ["mine"]
    assert [path.name for path in (folder / "trainings").iterdir()] == ["held.lock"]
    held.release()


def test_an_empty_or_missing_cache(tmp_path):
    done = CliRunner().invoke(command.command, ["--cache", str(tmp_path / "none"), "--clear", "yes"])
    assert done.exit_code == 0
    assert str(tmp_path / "none") in done.output
