"""Scores of predicted styles, and the ways in which outputs are read."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.stats import norm

from wikiart.learning.class_weights import class_weights
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.evaluation import (
    log_probabilities,
    output_styles,
    prior_adjustment,
    read,
    score,
    training_shares,
)
from wikiart.learning.network import Network
from wikiart.learning.reading import Reading
from wikiart.smote.recipes import Recipes, no_recipes

CLASSES = tuple("abcdefghij")
UNSORTED = Reading(class_order="unsorted")
TRAIN, UNIFORM = Reading(prior="train"), Reading(prior="uniform")


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


def test_the_uniform_prior_divides_the_probabilities_by_the_training_shares():
    """Computed by torch from the plain network's output."""
    torch.manual_seed(0)
    network = Network(3, 0.1, 16, 10).eval()
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    counts = torch.tensor([50, 30, 20, 10, 5, 4, 3, 2, 1, 1])
    with torch.inference_mode():
        probabilities = network(torch.from_numpy(images).permute(0, 3, 1, 2).float()).exp()
    expected = {TRAIN: probabilities.argmax(1), UNIFORM: (probabilities / counts).argmax(1)}
    assert not torch.equal(expected[TRAIN], expected[UNIFORM])
    outputs, shares = log_probabilities(network, images), (counts / counts.sum()).numpy()
    for reading, answers in expected.items():
        assert read(outputs, CLASSES, prior_adjustment(reading, shares)) == [CLASSES[k] for k in answers]
        # Another class order changes the names of the answers, not which output is the largest.
        mixed = output_styles(CLASSES, UNSORTED, 5)
        both = Reading(class_order="unsorted", prior=reading.prior)
        assert read(outputs, mixed, prior_adjustment(both, shares)) == [mixed[k] for k in answers]


def test_training_shares_count_synthetic_images():
    images, labels = np.zeros((6, 16, 16, 3), np.uint8), np.array([0, 0, 0, 0, 1, 2])
    plain = TrainingData(images, labels, no_recipes(), 3)
    assert training_shares(TrainingConfig(), plain) == pytest.approx([4 / 6, 1 / 6, 1 / 6])
    rows = np.array([4, 5, 5])
    recipes = Recipes(rows, rows, np.zeros(3, np.float32), np.array([1, 2, 2]))
    resampled = TrainingData(images, labels, recipes, 3)
    assert training_shares(TrainingConfig(), resampled) == pytest.approx([4 / 9, 2 / 9, 3 / 9])
    balanced = TrainingConfig(class_weights="balanced")
    assert training_shares(balanced, resampled) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(("copies", "weights"), [(1, "none"), (4, "none"), (20, "none"), (2, "effective")])
def test_the_effect_of_a_uniform_prior_on_two_gaussians(copies, weights):
    """Classes N(0, 1) and N(d, 1), 20 : 1, the rare one copied: softmax regression is the exact model.

    log p(1 | x) - log p(0 | x) = d x - d^2 / 2 - log r with r : 1 the weighted counts in training. It is 0
    at x = d / 2 + log(r) / d, so that with t = log(r) / d the accuracies of the classes are
    F(d / 2 + t) and F(d / 2 - t), F being the normal distribution. Without the shares t is 0.
    """
    distance, rare = 2.0, 400
    frequent = 20 * rare

    def points(number: int) -> np.ndarray:
        return norm.ppf((np.arange(number) + 0.5) / number)

    x = torch.tensor(np.concatenate([points(frequent), *[points(rare) + distance] * copies]))[:, None]
    labels = torch.tensor([0] * frequent + [1] * rare * copies)
    images = np.zeros((len(labels), 1, 1, 3), np.uint8)
    data = TrainingData(images, labels.numpy(), no_recipes(), 2)
    loss_weights = class_weights(weights, data.class_counts)
    ratio = 20 / copies if loss_weights is None else 20 / copies * loss_weights[0] / loss_weights[1]
    loss_weights = None if loss_weights is None else torch.from_numpy(loss_weights)
    regression = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.LogSoftmax(1)).double()
    optimizer = torch.optim.LBFGS(regression.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.nll_loss(regression(x), labels, loss_weights)
        loss.backward()
        return loss

    optimizer.step(closure)
    test = np.concatenate([points(5000), points(5000) + distance])
    truth = ["a"] * 5000 + ["b"] * 5000
    with torch.inference_mode():
        outputs = regression(torch.tensor(test)[:, None]).numpy()
    shares = training_shares(TrainingConfig(class_weights=weights), data)
    recalls = {}
    for reading in (TRAIN, UNIFORM):
        scores = score(truth, read(outputs, "ab", prior_adjustment(reading, shares)), "ab")
        recalls[reading] = np.array([scores.by_class["a"], scores.by_class["b"]])
    shift = np.log(ratio) / distance
    expected = norm.cdf([distance / 2 + shift, distance / 2 - shift])
    assert recalls[TRAIN] == pytest.approx(expected, abs=0.01)
    assert recalls[UNIFORM] == pytest.approx(norm.cdf(distance / 2), abs=0.01)
    effect = recalls[UNIFORM].mean() - recalls[TRAIN].mean()  # on balanced accuracy
    assert effect == pytest.approx(norm.cdf(distance / 2) - expected.mean(), abs=0.005)
