"""Samples: metrics of runs on one test set, with the covariance of these metrics over new test sets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Runs:
    """Answers of R runs to the same n test items."""

    table: pd.DataFrame  #: (R, factors + "seed"), levels as text
    items: tuple[str, ...]  #: names of the n items
    classes: tuple[str, ...]  #: those of test items, then those that occur among predictions alone
    truth: np.ndarray  #: (n,) codes into classes
    prediction: np.ndarray  #: (R, n) codes into classes

    @property
    def correct(self) -> np.ndarray:
        """(R, n) floats, 1 where the answer is right."""
        return (self.prediction == self.truth).astype(float)

    @property
    def support(self) -> np.ndarray:
        """Number of test items of each class that has any; shape (K,)."""
        return np.bincount(self.truth)


@dataclass(frozen=True)
class Sample:
    """A metric of each run (0..1), and the covariance of these values over test sets drawn anew.

    Those of several tables with the same runs may be stacked along leading axes.
    """

    value: np.ndarray  #: (..., R)
    covariance: np.ndarray  #: (..., R, R)
    items: int  #: number of test items behind it


def read_runs(answers: pd.DataFrame, factors: Sequence[str]) -> Runs:
    """Arrange a long table of answers as a matrix of runs and items.

    Parameters
    ----------
    answers : DataFrame
        One row per (run, item): a column per factor, ``seed``, ``item``, ``truth``, ``prediction``.
    factors : sequence of str
        Names of the columns that, with ``seed``, identify a run.

    Raises
    ------
    ValueError
        No row, a missing column, an item twice in one run, runs on different items, or one
        item with two truths.
    """
    keys = [*factors, "seed"]
    if missing := [name for name in [*keys, "item", "truth", "prediction"] if name not in answers]:
        raise ValueError(f"the answers lack the column {', '.join(missing)}")
    if answers.empty:
        raise ValueError("there is no finished run")
    answers = answers.astype(dict.fromkeys(factors, str))
    run = answers.groupby(keys, sort=False).ngroup().to_numpy()
    item, items = pd.factorize(answers["item"], sort=True)
    counts = np.zeros((run.max() + 1, len(items)), int)
    np.add.at(counts, (run, item), 1)
    if counts.max() > 1:
        raise ValueError(
            "an item stands twice in one run: are two runs of the same cell and seed in the table?"
        )
    if counts.min() < 1:
        raise ValueError("the runs do not share their test items; compare only runs on the same items")
    truths = pd.Series(answers["truth"].to_numpy()).groupby(item)
    if truths.nunique().max() > 1:
        raise ValueError("an item has two truths")
    tested = sorted(answers["truth"].unique())
    classes = [*tested, *sorted(set(answers["prediction"].unique()) - set(tested))]
    prediction = np.empty(counts.shape, int)
    prediction[run, item] = pd.Categorical(answers["prediction"], classes).codes
    table = answers[keys].drop_duplicates().reset_index(drop=True)
    truth = pd.Categorical(truths.first(), classes).codes.astype(int)
    return Runs(table, tuple(items), tuple(classes), truth, prediction)


def accuracy(runs: Runs, label: int | None = None) -> Sample:
    """Compute the share of correct answers, on all items or on those of one class."""
    return mean_score(runs.correct if label is None else runs.correct[:, runs.truth == label])


def mean_score(scores: np.ndarray) -> Sample:
    """Compute the mean over the items of each run's scores, shape (..., R, n).

    The covariance of two runs' means over test sets is that of their scores over items, divided
    by the number of items. A single item says nothing of how items differ: NaN.
    """
    items = scores.shape[-1]
    mean = scores.mean(-1, keepdims=True)
    deviation = scores - mean
    divisor = (items - 1) * items or np.nan  # items - 1 for an unbiased covariance, items for that of means
    return Sample(mean[..., 0], deviation @ deviation.swapaxes(-1, -2) / divisor, items)


def macro_metrics(runs: Runs, replications: int = 1000, random_seed: int = 0) -> dict[str, Sample]:
    """Compute balanced accuracy and macro-F1, with their covariance by a bootstrap over items.

    The bootstrap resamples the items within their classes. A cell's metric is the mean over its
    runs, so that the runs' own variation needs no resampling: `layout.Layout` combines the two,
    as for accuracy. (Resampling runs and items at once, the pigeonhole bootstrap, counts luck
    three times; Owen 2007, *Annals of Applied Statistics* 1.) A class with one item adds no
    variation, so intervals are too short where such classes weigh much.

    Parameters
    ----------
    runs : Runs
        Answers to the test items.
    replications : int
        Number of bootstrap test sets; default 1000.
    random_seed : int
        The same seed gives the same result; default 0.

    Returns
    -------
    dict
        ``"balanced_accuracy"`` and ``"macro_f1"``; both means over the classes with test items.
    """
    weights = _item_weights(runs, replications, np.random.default_rng(random_seed))
    # The first row weighs each item once: the metrics of the data themselves.
    weights = np.vstack([np.ones(len(runs.truth)), weights]).astype(np.float32)
    recall, f1 = np.empty((2, len(runs.prediction), len(weights)))
    for run, prediction in enumerate(runs.prediction):
        recall[run], f1[run] = _macro(weights, runs.truth, prediction, runs.support)
    return {
        name: Sample(values[:, 0], np.cov(values[:, 1:]).reshape(len(values), -1), len(runs.truth))
        for name, values in (("balanced_accuracy", recall), ("macro_f1", f1))
    }


def _item_weights(runs: Runs, replications: int, rng: np.random.Generator) -> np.ndarray:
    """Draw weights of the items, (B, n), that sum to the number of its items within each class.

    With n_k items of a class, n_k - 1 are drawn with replacement and each is weighted by
    n_k / (n_k - 1). Drawing all n_k would give a mean the variance (n_k - 1) / n_k times as large
    as its unbiased estimate; this rescaling removes the bias (Rao and Wu 1988, *JASA* 83, section 2).
    """
    weights = np.ones((replications, len(runs.truth)))
    for label, count in enumerate(runs.support):
        if count > 1:
            drawn = rng.multinomial(count - 1, np.full(count, 1 / count), replications)
            weights[:, runs.truth == label] = drawn * count / (count - 1)
    return weights


def _macro(weights: np.ndarray, truth: np.ndarray, prediction: np.ndarray, support: np.ndarray) -> tuple:
    """Compute mean recall and mean F1 of one run under each row of weights: (B, n) -> two of (B,).

    Of each class with test items: recall = hits / support and F1 = 2 hits / (predicted + support). The
    weights leave the support, the number of its items, as it is.
    """
    tested = np.arange(len(support))
    predicted = (prediction[:, None] == tested).astype(np.float32)
    hits = predicted * (truth[:, None] == tested)
    predicted, hits = weights @ predicted, weights @ hits  # (B, K)
    return (hits / support).mean(1), (2 * hits / (predicted + support)).mean(1)
