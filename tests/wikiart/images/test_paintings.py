"""Finding images, and what is refused."""

import pytest

from tests.conftest import NOT_TESTED, STYLES, paint, paint_folder
from wikiart.errors import DataError
from wikiart.images import paintings


def test_classes_come_from_the_training_split(paintings_folder):
    dataset = paintings.find(paintings_folder)
    assert dataset.classes == tuple(sorted(STYLES))
    assert dataset.counts("train") == {"Amber": 14, "Blue": 9, "Crimson": 6, "Dusk": 3}
    assert NOT_TESTED not in dataset.counts("test")
    assert dataset.test[0].path.startswith("test/Amber/")


def test_other_files_are_ignored(tmp_path):
    root = paint_folder(tmp_path, {"Amber": 2, "Dusk": 2}, {"Amber": 1})
    (root / "train" / "Amber" / "notes.txt").write_text("no image")
    paint(root / "train" / "Amber" / ".hidden.jpg", (0, 0, 0), 0)
    (root / "train" / ".cache").mkdir()
    assert len(paintings.find(root).train) == 4


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ({"Amber": 2, "Dusk": 2}, {"Amber": 1, "Blue": 1}, "no training style has this name"),
        ({"Amber": 2}, {"Amber": 1}, "needs two or more"),
        ({"Amber": 2, "Dusk": 2}, {}, "is not a folder"),
    ],
)
def test_unusable_folders_are_refused_by_name(tmp_path, train, test, message):
    root = paint_folder(tmp_path, train, test)
    with pytest.raises(DataError, match=message) as refused:
        paintings.find(root)
    assert str(root) in str(refused.value)


def test_an_empty_style_is_refused(tmp_path):
    root = paint_folder(tmp_path, {"Amber": 2, "Dusk": 2}, {"Amber": 1})
    (root / "train" / "Empty").mkdir()
    with pytest.raises(DataError, match=r"no image in .*Empty"):
        paintings.find(root)


def test_a_data_set_without_test_images_is_refused(tmp_path):
    root = paint_folder(tmp_path, {"Amber": 2, "Dusk": 2}, {})
    (root / "test" / "Amber").mkdir(parents=True)
    with pytest.raises(DataError, match="no image under"):
        paintings.find(root)
