"""Every bad and odd file has one stated outcome: a picture, or a reason."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wikiart.oddities import BAD, ODD, RED, WHITE, jpeg, photograph, png, saved, turned
from wikiart.images import paintings
from wikiart.images.building import build_store
from wikiart.images.decoding import RESIZE, Unreadable, decode


@pytest.mark.parametrize("name", ODD)
def test_odd_images_are_decoded(name, tmp_path):
    make, left, right = ODD[name]
    path = tmp_path / os.fsencode(name).decode("utf-8", "surrogateescape")
    path.write_bytes(make())
    pixels = decode(path, 24).pixels
    assert pixels.shape == (24, 24, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels[12, 0].astype(int) - left).max() <= 12
    assert np.abs(pixels[12, -1].astype(int) - right).max() <= 12


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("rule", RESIZE)
def test_odd_images_have_all_shapes(name, rule):
    assert decode(ODD[name][0](), 32, rule).pixels.shape == (32, 32, 3)


@pytest.mark.parametrize("name", BAD)
def test_damaged_images_are_unreadable_with_a_reason(name, tmp_path):
    make, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(make())
    with pytest.raises(Unreadable, match=reason) as raised:
        decode(path, 24)
    assert 0 < len(str(raised.value)) < 200
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_exif_turns_a_picture_upright(orientation):
    pixels = decode(turned(orientation), 32).pixels
    assert np.abs(pixels[4, 16].astype(int) - RED).max() <= 12
    assert np.abs(pixels[-4, 16].astype(int) - WHITE).max() <= 12


def test_links_pipes_and_folders_are_unreadable(tmp_path):
    (tmp_path / "to-itself.jpg").symlink_to(tmp_path / "to-itself.jpg")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    reasons = {
        "to-itself": "link",
        "folder": "not a file",
        "pipe": "not a file",
    }
    for name, reason in reasons.items():
        with pytest.raises(Unreadable, match=reason):
            decode(tmp_path / f"{name}.jpg", 24)


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EIO, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT])
def test_a_failing_folder_is_not_the_fault_of_the_file(tmp_path, monkeypatch, number):
    def fail(path: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.jpg").write_bytes(b"")
    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        decode(tmp_path / "a.jpg", 24)


def test_width_and_height_are_those_of_the_file():
    picture = decode(saved(photograph(), "JPEG"), 24)
    assert (picture.width, picture.height) == (192, 144)


def test_a_folder_of_odd_and_damaged_files_is_decoded(tmp_path):
    """Readable ones are in the store under their labels, the others are listed by path and reason."""
    for split in ("train", "test"):
        for style in ("Fine", "Odd"):
            (tmp_path / split / style / "nested").mkdir(parents=True)
            (tmp_path / split / style / "nested" / "a.jpg").write_bytes(saved(photograph(), "JPEG"))
    folder = tmp_path / "train" / "Odd"
    for name, (make, *_) in (ODD | BAD).items():
        (folder / name).write_bytes(make())
    (folder / ".hidden.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("no image")
    (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" * 99)
    (folder / "again").symlink_to(folder)
    (folder / "up").symlink_to(tmp_path)
    decoded = build_store(paintings.find(tmp_path), 16, tmp_path / "cache", allow_skipped=0.5)
    assert len(ODD) + len(BAD) >= 40
    assert {Path(skipped.path).name for skipped in decoded.skipped} == set(BAD)
    odd = [
        path
        for path, label in zip(decoded.train.paths, decoded.train.labels, strict=True)
        if decoded.classes[label] == "Odd"
    ]
    assert len(odd) == len(ODD) + 1
    assert all(path.startswith("train/Odd/") for path in odd)
    for path, pixels in zip(decoded.train.paths, decoded.train.images, strict=True):
        if "latin" not in path:  # a name that cannot be written as text is shown with its byte spelt out
            assert np.array_equal(pixels, decode(tmp_path / path, 16).pixels)
    assert "train/Odd/latin-\\udce9.jpg" in decoded.train.paths


MEMORY = """
import resource, sys
from wikiart.images.decoding import decode, Unreadable
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
for data in [open(path, "rb").read() for path in sys.argv[1:]]:
    try:
        decode(data, 64)
    except Unreadable as error:
        print(error)
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])  # ru_maxrss has the parent's as well
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is asked of Linux")
def test_decompression_bombs_take_no_memory(tmp_path):
    bombs = {"a.png": png(60_000, 60_000), "b.jpg": jpeg(65_500, 65_500, progressive=True)}
    bombs["c.jpg"] = jpeg(65_500, 65_500)  # line by line at an eighth of its size: odd, not bad
    for name, data in bombs.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-c", MEMORY, *(str(tmp_path / name) for name in bombs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    *reasons, peak = done.stdout.splitlines()
    assert len(reasons) == 2
    assert int(peak) < 800_000  # KiB; the headers ask for 12 GB each


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size():
    """Larger than Pillow's limit, as some of WikiArt are."""
    data = saved(photograph(1, 1).resize((16_000, 12_000)), "JPEG", quality=30)
    assert decode(data, 64).width == 16_000


PHOTOGRAPH = saved(photograph(), "JPEG", quality=60)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(PHOTOGRAPH) - 1), st.integers(0, 255)), max_size=30),
    early=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, len(PHOTOGRAPH)),
    whole=st.booleans(),
)
def test_mutated_jpegs_are_pictures_or_reasons(changes, early, cut, whole):
    data = bytearray(PHOTOGRAPH)
    for position, value in changes + early:
        data[position] = value
    try:
        assert decode(bytes(data if whole else data[:cut]), 16).pixels.shape == (16, 16, 3)
    except Unreadable as reason:
        assert str(reason)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.sampled_from(sorted(ODD)), st.data())
def test_mutated_odd_files_are_pictures_or_reasons(name, draw):
    data = bytearray(ODD[name][0]())
    for position in draw.draw(st.lists(st.integers(0, min(len(data), 400) - 1), min_size=1, max_size=5)):
        data[position] = draw.draw(st.integers(0, 255))
    try:
        assert decode(bytes(data), 16).pixels.shape == (16, 16, 3)
    except Unreadable as reason:
        assert str(reason)
