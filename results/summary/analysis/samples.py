"""Samples: metrics of runs on one test set, with the covariance of these metrics over new test sets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from summary.analysis.measure import BALANCED_ACCURACY, MACRO_F1, Measure, measure_of
from summary.errors import AnswersError


@dataclass(frozen=True)
class Classification:
    """Classes that R runs gave to the same n test items, and the right ones."""

    classes: tuple[str, ...]  #: those of test items, then those that occur among predictions alone
    truth: np.ndarray  #: (n,) codes into classes
    prediction: np.ndarray  #: (R, n) codes into classes

    @property
    def support(self) -> np.ndarray:
        """Number of test items of each class that has any; shape (K,)."""
        return np.bincount(self.truth)


@dataclass(frozen=True)
class Runs:
    """Scores of R runs on the same n test items."""

    table: pd.DataFrame  #: (R, factors + "seed"), levels as text
    scores: np.ndarray  #: (R, n) floats: 1 where an answer is right and 0 where it is wrong, or any score
    items: (
        int  #: n; 0 if a run has one number, so that nothing is known of single items, and scores are (R, 1)
    )
    classification: Classification | None = None  #: None if there are no predictions


@dataclass(frozen=True)
class Sample:
    """A metric of each run, and the covariance of these values over test sets drawn anew.

    Those of several tables with the same runs may be stacked along leading axes.
    """

    value: np.ndarray  #: (..., R)
    covariance: np.ndarray  #: (..., R, R)
    items: int  #: number of test items behind it; 0 if it is not known for single items


def read_runs(answers: pd.DataFrame, factors: Sequence[str], measure: Measure | None = None) -> Runs:
    """Arrange a long table of answers as a matrix of runs and items.

    Parameters
    ----------
    answers : DataFrame
        One row per (run, item): a column per factor, ``seed``, ``item``, and ``truth`` and ``prediction``, or
        ``correct`` (0 or 1), or ``score``. Without ``item``: one row per run.
    factors : sequence of str
        Names of the columns that, with ``seed``, identify a run.
    measure : Measure, optional
        Which of these is read; default: `measure_of`.

    Raises
    ------
    AnswersError
        No row, a missing column, an item twice in one run, runs on different items, one item with two
        truths, or a score that is no number.
    """
    measure = measure or measure_of(answers)
    predicted = measure.is_share and "prediction" in answers
    values = ["truth", "prediction"] if predicted else ["correct" if measure.is_share else "score"]
    keys = [*factors, "seed"]
    of_items = ["item"] if measure.items else []
    if missing := [name for name in [*keys, *of_items, *values] if name not in answers]:
        raise AnswersError(f"the answers lack the column {', '.join(missing)}")
    if answers.empty:
        raise AnswersError("there is no finished run")
    answers = answers.astype(dict.fromkeys(factors, str))
    run = answers.groupby(keys, sort=False).ngroup().to_numpy()
    table = answers[keys].drop_duplicates().reset_index(drop=True)
    names = answers["item"] if measure.items else pd.Series("", answers.index)
    item, items = pd.factorize(names, sort=True)
    position = _positions(run, item, table, items if measure.items else None)
    if not predicted:
        return Runs(table, _numbers(answers[values[0]])[position], len(items) if measure.items else 0)
    classification = _classify(answers, item, position)
    correct = (classification.prediction == classification.truth).astype(float)
    return Runs(table, correct, len(items), classification)


def _positions(run: np.ndarray, item: np.ndarray, table: pd.DataFrame, items: pd.Index | None) -> np.ndarray:
    """Find the row of each run and item, shape (R, n), which must be one."""
    shape = len(table), item.max() + 1
    counts = np.bincount(run * shape[1] + item, minlength=shape[0] * shape[1]).reshape(shape)
    if counts.max() > 1:
        twice, _ = np.argwhere(counts > 1)[0]
        what = "a run stands twice" if items is None else "an item stands twice in one run"
        raise AnswersError(f"{what}, {_name(table, twice)}: are there two runs of the same cell and seed?")
    if counts.min() < 1 and items is not None:
        lacking, absent = np.argwhere(counts < 1)[0]
        raise AnswersError(
            f"the runs do not share their test items: {_name(table, lacking)} has no row for the item "
            f"{items[absent]}; compare only runs on the same items"
        )
    position = np.empty(shape, int)
    position[run, item] = np.arange(len(run))
    return position


def _name(table: pd.DataFrame, run: int) -> str:
    return ", ".join(f"{name}={value}" for name, value in table.iloc[run].items())


def _numbers(values: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(float)
    if not np.isfinite(numbers).all():
        first = values.iloc[np.flatnonzero(~np.isfinite(numbers))[0]]
        raise AnswersError(f"column {values.name}: {first} is not a finite number")
    return numbers


def _classify(answers: pd.DataFrame, item: np.ndarray, position: np.ndarray) -> Classification:
    truths = pd.Series(answers["truth"].to_numpy()).groupby(item)
    if truths.nunique().max() > 1:
        raise AnswersError("column truth: an item has two truths")
    tested = sorted(answers["truth"].unique())
    classes = [*tested, *sorted(set(answers["prediction"].unique()) - set(tested))]
    truth = pd.Categorical(truths.first(), classes).codes.astype(int)
    prediction = pd.Categorical(answers["prediction"], classes).codes.astype(int)[position]
    return Classification(tuple(classes), truth, prediction)


def accuracy(runs: Runs, chosen: np.ndarray | slice = slice(None)) -> Sample:
    """Compute each run's mean score, on all items or on the chosen ones; of answers, its accuracy.

    If there is one number per run, its variance over items is unknown and counts as none.
    """
    if not runs.items:
        return Sample(runs.scores[:, 0], np.zeros((len(runs.scores),) * 2), 0)
    return mean_score(runs.scores[:, chosen])


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


def macro_metrics(runs: Classification, replications: int = 1000, random_seed: int = 0) -> dict[str, Sample]:
    """Compute balanced accuracy and macro-F1, with their covariance by a bootstrap over items.

    The bootstrap resamples the items within their classes. A cell's metric is the mean over its
    runs, so that the runs' own variation needs no resampling: `layout.Layout` combines the two,
    as for accuracy. (Resampling runs and items at once, the pigeonhole bootstrap, counts luck
    three times; Owen 2007, *Annals of Applied Statistics* 1.) A class with one item adds no
    variation, so intervals are too short where such classes weigh much.

    Parameters
    ----------
    runs : Classification
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
        for name, values in ((BALANCED_ACCURACY, recall), (MACRO_F1, f1))
    }


def _item_weights(runs: Classification, replications: int, rng: np.random.Generator) -> np.ndarray:
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
