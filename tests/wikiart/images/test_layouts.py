"""Each layout, on a folder of that kind."""

import shutil
import unicodedata

import numpy as np
import pytest

from tests import layouts as samples
from tests.conftest import STYLES, paint, paint_folder
from wikiart.errors import DataError
from wikiart.images import layouts, paintings
from wikiart.images.building import build_store
from wikiart.images.paintings import stratified


@pytest.mark.parametrize("name", samples.LAYOUTS)
def test_each_layout_is_recognized_named_and_decoded(name, tmp_path):
    dataset = paintings.find(samples.LAYOUTS[name](tmp_path / "images"))
    line = str(dataset)
    assert name in line
    assert "\n" not in line
    assert f"2 styles, {len(dataset.train)} images for training and {len(dataset.test)} for testing" in line
    store_of = build_store(dataset, 24, tmp_path / "cache")
    assert not store_of.skipped
    for split in (store_of.train, store_of.test):
        for pixels, label in zip(split.images, split.labels, strict=True):
            style = store_of.classes[label].removesuffix("_Period")
            nearest = min(STYLES, key=lambda name: np.abs(pixels.mean((0, 1)) - STYLES[name]).sum())
            assert nearest == style


def names(items) -> list[str]:
    return [painting.name for painting in items]


def test_images_of_nested_folders_have_the_style_of_the_outermost(tmp_path):
    root = samples.split_folders(tmp_path)
    paint(root / "train" / "Amber" / "picasso" / "blue" / "x.jpg", STYLES["Amber"], 1)
    dataset = paintings.find(root)
    assert "train/Amber/picasso/blue/x.jpg" in names(dataset.train)
    assert dataset.counts("train") == {"Amber": 5, "Blue": 3}


def test_a_style_spelt_in_two_unicode_forms_is_one_style(tmp_path):
    root = samples.split_folders(tmp_path)
    paint(root / "train" / unicodedata.normalize("NFC", "Été") / "0.jpg", (0, 0, 0), 1)
    paint(root / "test" / unicodedata.normalize("NFD", "Été") / "0.jpg", (0, 0, 0), 2)
    dataset = paintings.find(root)
    assert dataset.counts("train")["Été"] == dataset.counts("test")["Été"] == 1
    assert not build_store(dataset, 24, tmp_path / "cache").skipped


def test_one_name_in_two_folders_is_two_images(tmp_path):
    dataset = paintings.find(samples.style_folders(tmp_path))
    assert len(dataset.train) + len(dataset.test) == 12


def test_a_linked_style_folder_counts_and_a_circle_does_not(tmp_path):
    root = samples.style_folders(tmp_path / "images")
    shutil.move(root / "Blue", tmp_path / "elsewhere")
    (root / "Blue").symlink_to(tmp_path / "elsewhere")
    (root / "Amber" / "circle").symlink_to(root / "Amber")
    (root / "Amber" / "all").symlink_to(root)
    dataset = paintings.find(root)
    assert dataset.counts("train") + dataset.counts("test") == {"Amber": 6, "Blue": 6}


def test_the_split_depends_on_names_and_seed_alone(tmp_path):
    items = [layouts.Painting(f"{style}/{n}.jpg", style) for style in "AB" for n in range(100)]
    _, test = stratified(items)
    assert len(test) == 20
    assert {painting.style for painting in test} == {"A", "B"}
    assert set(stratified(items[::-1])[1]) == set(test)
    assert set(stratified(items, seed=1)[1]) != set(test)
    more = [*items, layouts.Painting("A/new.jpg", "A")]
    assert len(set(stratified(more)[1]) - set(test)) <= 1
    assert test[0].name == "A/0.jpg"  # pinned: another machine, another day


@pytest.mark.parametrize(("count", "drawn"), [(1, 0), (2, 1), (5, 1), (14, 1), (16, 2), (1000, 100)])
def test_every_style_keeps_a_training_image(count, drawn):
    train, test = stratified(layouts.Painting(f"A/{n}.jpg", "A") for n in range(count))
    assert (len(train), len(test)) == (count - drawn, drawn)


def test_artgan_names_may_be_doubly_encoded_or_in_both_lists(tmp_path):
    dataset = paintings.find(samples.artgan_lists(tmp_path))
    assert dataset.classes == ("Amber", "Blue_Period")  # the folder's name, not that of style_class.txt
    assert "Amber/grégoire_été.jpg" in names(dataset.train)
    assert names(dataset.test) == ["Amber/e.jpg", "Amber/f.jpg", "Blue_Period/e.jpg"]
    assert "in both lists, so kept in training only: 1" in str(dataset)


@pytest.mark.parametrize("where", ["beside", "below", "in wikiart_csv"])
def test_artgan_lists_may_lie_near_the_images(tmp_path, where):
    images = samples.artgan_lists(tmp_path)
    lists = {"beside": tmp_path, "below": images / "lists", "in wikiart_csv": tmp_path / "wikiart_csv"}[where]
    lists.mkdir(exist_ok=True)
    for file in ("style_train.csv", "style_val.csv", "style_class.txt"):
        shutil.move(images / file, lists / file)
    for data in (images, tmp_path)[: 1 if where == "below" else 2]:
        dataset = paintings.find(data)
        assert (len(dataset.train), len(dataset.test)) == (8, 3)
        assert all((dataset.root / painting.path).is_file() for painting in (*dataset.train, *dataset.test))


def test_artgan_names_that_are_missing_are_left_out_and_listed(tmp_path):
    images = samples.artgan_lists(tmp_path)
    (images / "Amber" / "e.jpg").unlink()
    decoded = build_store(paintings.find(images), 24, tmp_path / "cache", allow_skipped=0.1)
    assert decoded.skipped == (("Amber/e.jpg", "No such file or directory"),)


@pytest.mark.parametrize(
    ("train", "classes", "message"),
    [
        (["Amber/c.jpg;0"], "", "expected lines such as"),
        ([], "", "is empty"),
        (["Amber/c.jpg,0", "Blue_Period/c.jpg,1"], "0 Blue_Period\n1 Amber\n", "different versions"),
    ],
)
def test_artgan_lists_that_contradict_each_other_are_refused(tmp_path, train, classes, message):
    images = samples.artgan_lists(tmp_path)
    samples.write_lists(images, train, ["Amber/e.jpg,0"], classes)
    with pytest.raises(DataError, match=message):
        paintings.find(images)
    (images / "style_val.csv").unlink()
    with pytest.raises(DataError, match=r"style_val\.csv is missing|expected|empty"):
        paintings.find(images)


def test_lists_of_other_images_are_ignored(tmp_path):
    samples.write_lists(tmp_path, ["Elsewhere/a.jpg,0"], ["Elsewhere/b.jpg,0"])
    dataset = paintings.find(samples.style_folders(tmp_path / "images"))
    assert dataset.layout.startswith("style folders")


def test_kaggle_subsets_are_the_splits(tmp_path):
    dataset = paintings.find(samples.kaggle_table(tmp_path))
    assert dataset.counts("train") == {"Amber": 3, "Blue": 3}
    assert "Amber/grégoire_été.jpg" in names(dataset.test)
    assert "2 of subset uncertain artist left out" in str(dataset)


def test_kaggle_without_subsets_is_split(tmp_path):
    dataset = paintings.find(samples.kaggle_table(tmp_path, subset=False))
    assert dataset.counts("test") == {"Amber": 1, "Blue": 1}
    assert "no split of its own: 10% of each style drawn for testing" in str(dataset)


def test_a_kaggle_table_without_file_names_is_refused(tmp_path):
    (samples.style_folders(tmp_path) / "classes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"classes\.csv has no column filename"):
        paintings.find(tmp_path)


@pytest.mark.parametrize("as_text", [False, True])
def test_parquet_rows_keep_their_styles(tmp_path, as_text):
    dataset = paintings.find(samples.parquet_shards(tmp_path, as_text))
    assert dataset.counts("train") + dataset.counts("test") == {"Amber": 6, "Blue": 6}
    assert "left out, for want of a style: 2" in str(dataset)
    assert dataset.train[0].name.startswith("data/train-00000-of-00002.parquet#")


def test_parquet_rows_that_are_no_images_are_listed(tmp_path):
    dataset = paintings.find(samples.parquet_shards(tmp_path / "images", broken=True))
    decoded = build_store(dataset, 24, tmp_path / "cache", allow_skipped=0.5)
    assert sorted(path for path, _ in decoded.skipped) == [
        f"data/train-0000{k}-of-00002.parquet#3" for k in range(2)
    ]
    assert len(decoded.train.paths) + len(decoded.test.paths) == 10


def test_names_of_parquet_shards_give_the_split(tmp_path):
    root = samples.parquet_shards(tmp_path)
    (root / "data" / "train-00001-of-00002.parquet").rename(root / "data" / "test-00000-of-00001.parquet")
    dataset = paintings.find(root)
    assert (len(dataset.train), len(dataset.test)) == (6, 6)


def test_a_broken_shard_is_named(tmp_path):
    root = samples.parquet_shards(tmp_path)
    (root / "data" / "train-00001-of-00002.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(DataError, match=r"train-00001-of-00002\.parquet cannot be used"):
        paintings.find(root)


@pytest.mark.parametrize("what", ["missing", "empty", "a file"])
def test_a_folder_of_no_layout_is_refused(tmp_path, what):
    root = tmp_path / "images"
    if what == "empty":
        root.mkdir()
    if what == "a file":
        root.write_text("")
    with pytest.raises(DataError, match=r"images (is not a folder of images|does not exist): expected"):
        paintings.find(root)


@pytest.mark.parametrize(
    "name", ["../secret/x.png", "/etc/hostname", "Amber/../../x.png", "a/b\0.png", "a/.."]
)
@pytest.mark.parametrize("kind", ["style_train.csv", "classes.csv"])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path, name, kind):
    paint(tmp_path / "secret" / "x.png", STYLES["Amber"], 1)
    root = tmp_path / "images"
    paint(root / "Amber" / "0.png", STYLES["Amber"], 1)
    header, end = ("filename,subset\n", ",train") if kind == "classes.csv" else ("", ",0")
    (root / kind).write_text(f"{header}Amber/0.png{end}\n{name}{end}\n")
    (root / "style_val.csv").write_text("Amber/0.png,0\n")
    line = 2 + (kind == "classes.csv")
    with pytest.raises(DataError, match=rf"{kind}, line {line}: .* is no path inside the image folder"):
        paintings.find(root)


def test_a_link_inside_the_folder_may_lead_elsewhere(tmp_path):
    paint(tmp_path / "disk" / "0.png", STYLES["Amber"], 1)
    root = tmp_path / "images"
    paint(root / "Dusk" / "0.png", STYLES["Dusk"], 1)
    (root / "Amber").symlink_to(tmp_path / "disk")
    (root / "style_train.csv").write_text("Amber/0.png,0\nDusk/0.png,1\n")
    (root / "style_val.csv").write_text("Amber/1.png,0\n")
    assert paintings.find(root).train[0].path == "Amber/0.png"


def test_a_circle_of_links_is_listed_and_stops_nothing(tmp_path):
    root = paint_folder(tmp_path / "images", {"Amber": 2, "Dusk": 2}, {"Dusk": 2})
    (root / "train" / "Amber" / "circle.jpg").symlink_to(root / "train" / "Amber" / "circle.jpg")
    (root / "train" / "Amber" / "circle").symlink_to(root / "train" / "Amber" / "circle")
    (root / "train" / "circle").symlink_to(root / "train" / "circle")
    decoded = build_store(paintings.find(root), 24, tmp_path / "cache", allow_skipped=1)
    assert [path for path, _ in decoded.skipped] == ["train/Amber/circle.jpg"]
    with pytest.raises(DataError, match="does not exist"):
        paintings.find(root / "train" / "circle")
