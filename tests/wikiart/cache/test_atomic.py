"""Files and folders that appear whole or not at all."""

import pytest

from wikiart.cache.atomic import atomic_file, atomic_folder


def test_a_file_appears_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "below" / "file"
    with atomic_file(path) as scratch:
        scratch.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_file_keeps_its_content_if_the_block_fails(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error), atomic_file(path) as scratch:
        scratch.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("replace", [True, False])
def test_a_folder_replaces_another_only_if_told_to(tmp_path, replace):
    path = tmp_path / "folder"
    for content in ("first", "second"):
        with atomic_folder(path, replace=replace) as scratch:
            (scratch / "file").write_text(content)
    assert (path / "file").read_text() == ("second" if replace else "first")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_does_not_appear_if_the_block_fails(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "folder") as scratch:
        (scratch / "file").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_a_folder_as_the_umask_says(tmp_path):
    with atomic_folder(tmp_path / "folder"):
        pass
    (tmp_path / "usual").mkdir()
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "usual").stat().st_mode
