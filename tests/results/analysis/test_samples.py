"""Metrics of runs and their covariance: against scikit-learn and closed forms."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from suites import CARD
from summary.analysis.samples import accuracy, macro_metrics, read_runs


def test_macro_metrics_are_those_of_scikit_learn(card_answers):
    runs = read_runs(card_answers, [factor.name for factor in CARD])
    metrics = macro_metrics(runs.classification, replications=2)
    truth, prediction = runs.classification.truth, runs.classification.prediction
    for r in (0, 30, 47):
        present = list(range(len(runs.classification.support)))
        f1 = f1_score(truth, prediction[r], labels=present, average="macro", zero_division=0)
        assert metrics["macro_f1"].value[r] == pytest.approx(f1, abs=1e-6)
        balanced = recall_score(truth, prediction[r], labels=present, average="macro")
        assert metrics["balanced_accuracy"].value[r] == pytest.approx(balanced, abs=1e-6)


def test_bootstrap_is_the_stratified_variance_and_deterministic(card_answers):
    """Balanced accuracy is linear in the items, so its covariance has a closed form."""
    runs = read_runs(card_answers, [factor.name for factor in CARD])
    sample = macro_metrics(runs.classification, replications=4000, random_seed=1)["balanced_accuracy"]
    support = runs.classification.support
    by_class = [
        accuracy(runs, runs.classification.truth == k).covariance for k, n in enumerate(support) if n > 1
    ]
    exact = np.sum(by_class, axis=0) / len(support) ** 2
    assert np.diag(sample.covariance) == pytest.approx(np.diag(exact), rel=0.15)
    assert np.trace(sample.covariance) == pytest.approx(np.trace(exact), rel=0.03)
    again = macro_metrics(runs.classification, replications=4000, random_seed=1)["balanced_accuracy"]
    assert (again.covariance == sample.covariance).all()
