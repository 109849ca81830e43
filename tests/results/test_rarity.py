"""Groups of styles by rarity."""

from hypothesis import given
from hypothesis import strategies as st

from summary.rarity import rarity_groups

COUNTS = st.dictionaries(st.text(min_size=1, max_size=5), st.integers(1, 3000), max_size=30)


@given(counts=COUNTS)
def test_every_style_is_in_one_group_and_rarer_groups_come_first(counts):
    groups = rarity_groups(counts)
    members = [style for styles in groups.values() for style in styles]
    assert sorted(members) == (sorted(counts) if len(counts) >= 3 else [])
    assert all(groups.values())
    images = [counts[style] for style in members]
    assert images == sorted(images)


def test_groups_of_many_styles_have_fixed_bounds():
    counts = {f"style {images}": images for images in (1, 5, 19, 20, 50, 99, 100, 300, 499, 500, 1000, 2269)}
    groups = rarity_groups(counts)
    assert list(groups) == ["fewer than 20", "20 to 99", "100 to 499", "500 or more"]
    assert all(len(styles) == 3 for styles in groups.values())


def test_empty_groups_are_left_out():
    counts = {f"style {number}": 5 if number < 8 else 700 for number in range(12)}
    assert list(rarity_groups(counts)) == ["fewer than 20", "500 or more"]


def test_few_styles_make_three_groups_of_about_the_same_size():
    groups = rarity_groups({f"style {number}": 10 * (number + 1) for number in range(8)})
    assert [len(styles) for styles in groups.values()] == [3, 2, 3]
    assert groups["rarest third"] == ["style 0", "style 1", "style 2"]
