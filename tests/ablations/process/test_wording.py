"""Words of messages."""

import pytest

from ablations.process.wording import count


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1200, "1,200 runs")]
)
def test_numbers_agree_with_their_nouns(number, text):
    assert count(number, "run") == text
