"""Styles and images with odd names have names that can be printed, logged and drawn."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import STYLES, paint
from wikiart.errors import DataError
from wikiart.images.names import MOST_CHARACTERS, printable, style_names
from wikiart.images.paintings import find


@given(st.text(st.characters()))
def test_a_printable_name_is_one_line_of_utf8_without_escape_codes(name):
    shown = printable(name)
    shown.encode()
    assert not any(character in "\x1b\n\r\x9b\u202e\u2028" for character in shown)
    assert printable(shown) == shown


def test_folders_of_any_name_become_styles(tmp_path):
    folders = [b"line\nbreak", b"\x1b[31mred", b"\xff\xfe", b"$x{$", b"truth", b"Amber"]
    for number, folder in enumerate(folders):
        for image in range(2):
            paint(tmp_path / os.fsdecode(folder) / f"{image}\n.jpg", STYLES["Amber"], 2 * number + image)
    data = find(tmp_path)
    expected = {r"line\nbreak", r"\x1b[31mred", r"\udcff\udcfe", "$x{$", "truth", "Amber"}
    assert set(data.classes) == {painting.style for painting in data.train} == expected
    assert all(painting.name.endswith(r"\n.jpg") for painting in data.train)
    assert all(path.is_file() for path in data.sources("train"))


def test_names_that_are_too_long_or_the_same_are_refused():
    with pytest.raises(DataError, match=r"the style x{40}\.\.\. has a name of 201 characters: rename it"):
        style_names(["x" * (MOST_CHARACTERS + 1)])
    with pytest.raises(DataError, match="2 styles would be called"):
        style_names(["a\n", r"a\n"])
