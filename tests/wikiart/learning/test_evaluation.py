"""Scores of predicted styles, and the two orders in which outputs are read."""

import numpy as np
import pytest
from pydantic import ValidationError

from wikiart.learning.evaluation import output_styles, score
from wikiart.learning.reading import Reading

CLASSES = tuple("abcdefghij")
UNSORTED = Reading(class_order="unsorted")


def test_scores_of_a_small_case():
    truth = ["a", "a", "a", "b", "d"]
    prediction = ["a", "b", "a", "b", "c"]
    scores = score(truth, prediction, "abcd")
    assert scores.accuracy == pytest.approx(3 / 5)
    assert scores.by_class == pytest.approx({"a": 2 / 3, "b": 1, "d": 0})  # c has no test image
    assert scores.balanced_accuracy == pytest.approx((2 / 3 + 1 + 0) / 3)
    f1 = {"a": 2 * 1 * (2 / 3) / (1 + 2 / 3), "b": 2 * 0.5 * 1 / 1.5, "d": 0}
    assert scores.macro_f1 == pytest.approx(sum(f1.values()) / 3)
    assert scores.confusion.tolist() == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


def test_sorted_reads_every_output_as_itself():
    assert output_styles(CLASSES, Reading(), 3) == CLASSES


def test_unsorted_is_a_permutation_drawn_from_the_seed():
    readings = {output_styles(CLASSES, UNSORTED, seed) for seed in range(20)}
    assert all(sorted(styles) == list(CLASSES) for styles in readings)
    assert len(readings) == 20
    assert output_styles(CLASSES, UNSORTED, 5) == output_styles(CLASSES, UNSORTED, 5)


def test_unsorted_is_what_two_processes_with_two_orders_do():
    """Labels are numbered in one order for training and in another for testing; numbers are compared."""
    seed = 11
    generator = np.random.default_rng(seed)
    training_order = [CLASSES[k] for k in generator.permutation(10)]
    testing_order = [CLASSES[k] for k in generator.permutation(10)]
    styles = output_styles(CLASSES, UNSORTED, seed)
    for predicted in CLASSES:
        for true in CLASSES:
            numbers_agree = training_order.index(predicted) == testing_order.index(true)
            assert numbers_agree == (styles[CLASSES.index(predicted)] == true)


def test_unsorted_has_chance_accuracy_over_many_seeds():
    accuracies = [
        np.mean(np.array(output_styles(CLASSES, UNSORTED, seed)) == CLASSES) for seed in range(2000)
    ]
    assert np.mean(accuracies) == pytest.approx(1 / 10, abs=0.01)


def test_another_order_is_refused():
    with pytest.raises(ValidationError, match="'unsorted' or 'sorted'"):
        Reading.model_validate({"class_order": "shuffled"})
