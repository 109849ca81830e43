"""Scores by name, and the two ways of numbering the classes."""

import numpy as np
import pytest

from wikiart.learning.evaluation import output_styles, score

CLASSES = tuple("abcdefghij")


def test_scores_of_a_small_case():
    truth = ["a", "a", "a", "b", "d"]
    answers = ["a", "b", "a", "b", "c"]
    scores = score(truth, answers, "abcd")
    assert scores.accuracy == pytest.approx(3 / 5)
    assert scores.by_class == pytest.approx({"a": 2 / 3, "b": 1, "d": 0})  # c has no test image
    assert scores.balanced_accuracy == pytest.approx((2 / 3 + 1 + 0) / 3)
    f1 = {"a": 2 * 1 * (2 / 3) / (1 + 2 / 3), "b": 2 * 0.5 * 1 / 1.5, "d": 0}
    assert scores.macro_f1 == pytest.approx(sum(f1.values()) / 3)
    assert scores.confusion.tolist() == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


def test_sorted_reads_every_output_as_itself():
    assert output_styles(CLASSES, "sorted", 3) == CLASSES


def test_unsorted_is_a_permutation_drawn_from_the_seed():
    readings = {output_styles(CLASSES, "unsorted", seed) for seed in range(20)}
    assert all(sorted(read) == list(CLASSES) for read in readings)
    assert len(readings) == 20
    assert output_styles(CLASSES, "unsorted", 5) == output_styles(CLASSES, "unsorted", 5)


def test_unsorted_is_what_two_processes_with_two_orders_do():
    """Number the labels in one order, train, number the test labels in another, compare numbers."""
    seed = 11
    draw = np.random.default_rng(seed)
    training_order = [CLASSES[k] for k in draw.permutation(10)]
    testing_order = [CLASSES[k] for k in draw.permutation(10)]
    read = output_styles(CLASSES, "unsorted", seed)
    for answered in CLASSES:
        for true in CLASSES:
            numbers_agree = training_order.index(answered) == testing_order.index(true)
            assert numbers_agree == (read[CLASSES.index(answered)] == true)


def test_unsorted_sits_at_chance_over_many_seeds():
    perfect = [
        np.mean([r == c for r, c in zip(output_styles(CLASSES, "unsorted", s), CLASSES, strict=True)])
        for s in range(2000)
    ]
    assert np.mean(perfect) == pytest.approx(1 / 10, abs=0.01)


def test_another_order_is_refused():
    with pytest.raises(ValueError, match="unsorted, sorted"):
        output_styles(CLASSES, "shuffled", 0)
