"""Disks that are full or cannot be written."""

import errno
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ablations.cli import prepare
from tests.conftest import paint_folder
from wikiart.cache import disk
from wikiart.errors import CacheError
from wikiart.images import paintings
from wikiart.images.building import build_store


@pytest.fixture
def dataset(tmp_path):
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


def remaining(folder: Path) -> list[Path]:
    """Files and scratch folders; locks are empty and do not count."""
    paths = (path for path in folder.rglob("*") if path.is_file() or path.name.startswith("."))
    return [path for path in paths if path.suffix != ".lock"]


@pytest.mark.parametrize("foreseen", [True, False])
def test_a_full_disk_is_named_and_nothing_is_left_on_it(dataset, small_disk, monkeypatch, foreseen):
    if not foreseen:
        monkeypatch.setattr(disk, "_check_space", lambda *_: None)
    with pytest.raises(CacheError, match=r"no space left for .*disk/stores$") as raised:
        build_store(dataset, 512, small_disk)
    assert raised.value.full
    assert remaining(small_disk) == []
    assert build_store(dataset, 24, small_disk).train.images.shape == (5, 24, 24, 3)


def test_the_command_says_what_helps_against_a_full_disk(dataset, small_disk):
    options = ["--data", str(dataset.root), "--image-size", "512", "--cache", str(small_disk)]
    refused = CliRunner().invoke(prepare.command, options)
    assert refused.exit_code == 1
    [line] = [line for line in refused.output.splitlines() if "no space left for" in line]
    assert "disk/stores: choose another folder with --cache or WIKIART_CACHE, or make room" in line
    assert line.endswith("--clear yes")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("call", ["save", "savez"])
def test_a_disk_that_fills_at_any_moment(dataset, tmp_path, monkeypatch, number, call):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(np, call, fail)
    with pytest.raises(CacheError, match="no space left"):
        build_store(dataset, 24, tmp_path / "cache")
    assert remaining(tmp_path / "cache") == []


def test_a_cache_below_a_file_cannot_be_written(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match=r"file/below/stores cannot be written \(Not a directory\)$"):
        build_store(dataset, 24, tmp_path / "file" / "below")


def test_the_command_says_so_of_the_sample_too(tmp_path):
    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(prepare.command, ["--cache", str(tmp_path / "file" / "below")])
    assert refused.exit_code == 1
    assert "cannot be written (Not a directory): choose another folder with --cache" in refused.output


def test_a_cache_error_comes_back_whole_from_another_process():
    with pytest.raises(CacheError) as raised, disk.cache_errors(Path("/cache")):
        raise OSError(errno.ENOSPC, "No space left on device")
    copy = pickle.loads(pickle.dumps(raised.value))
    assert (str(copy), copy.full) == ("no space left for /cache", True)
