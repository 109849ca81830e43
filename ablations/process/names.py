"""Names that a suite writes into MLflow and the summary reads.

A metric is added by one entry in ``METRICS`` and one field of `wikiart.learning.evaluation.Scores`.
"""

import re
from collections.abc import Iterable

ACCURACY = "accuracy"  # the metric that decides, unless a question names another
BALANCED_ACCURACY = "balanced_accuracy"
#: Metrics over all test images: field of ``Scores`` -> name in tables and figures. MLflow's interface
#: selects the metric that a run logged first, so the most important one comes first.
METRICS = {ACCURACY: "accuracy", BALANCED_ACCURACY: "balanced accuracy", "macro_f1": "macro-F1"}

#: Metrics of the learning curve, one value per epoch: field of ``Epoch`` -> metric.
CURVES = {"loss": "train/loss", "accuracy": "train/accuracy"}

#: The same on the validation images, of trainings that have some.
VALIDATION_CURVES = {
    "validation_loss": "validation/loss",
    "validation_accuracy": "validation/accuracy",
    "validation_balanced_accuracy": "validation/balanced_accuracy",
}

CLASS_METRIC_CHARACTERS = 220  # of a style in the name of its metric; MLflow allows 250 in all

# Tags of runs.
ROLE, SUITE, CELL = "role", "suite", "cell"  # the tag "role" has the value "suite" or "cell" ...
REPETITION = "repetition"  # ... or this, for a run of `mlflow run` that found its suite finished
FINGERPRINT = "fingerprint"  # of everything that decides the results of a cell's run
TRAINING = "training"  # name of the training within its suite; cells that share it share their weights
DATA = "data"  # digest of the decoded images
REUSED = "reused"  # on a suite's run: number of runs that it took over from other suites
CELLS_DIGEST = "cells_digest"  # on a suite's run: the same for suites of the same cells, whatever their seeds
LOOKS = "looks"  # on a suite's run: numbers of seeds with which its effects were summarized, as "3 5"
PLAN = "plan"  # on a suite's run: digest of its planned runs, see `ablations.design.trainings.plan_digest`
REPEATS = "repeats"  # on a repetition: id of the suite's run

# Kinds of a suite's images, in its design.
GENERATED, WIKIART, OTHER = "generated", "WikiArt", "other"

# Artifacts of a suite's run.
DESIGN_FILE = "design.json"
AUDIT_FILE = "audit.json"
SKIPPED_FILE = "skipped.json"
REUSED_FILE = "reused.json"

# Artifacts of a cell's run.
ITEMS_FILE = "items.json"
CONFUSION_FILE = "confusion.json"
CONFUSION_PICTURE = "confusion.png"
CLASSES_FILE = "classes.json"
LOG_FILE = "log.txt"
ERROR_FILE = "error.txt"

# Conditions of MLflow's search.
SUITES = f"tags.{ROLE} = '{SUITE}'"
CELLS = f"tags.{ROLE} = '{CELL}'"
FINISHED_CELLS = f"{CELLS} and attributes.status = 'FINISHED'"


def test_metric(key: str) -> str:
    """Return the MLflow metric of a key of ``METRICS``."""
    return f"test/{key}"


def class_metrics(styles: Iterable[str]) -> dict[str, str]:
    """Return the MLflow metric of the accuracy of each style, a different one for each.

    Characters that MLflow refuses become ``_``; a number tells names apart that become equal by this, or that
    databases take for equal, as ``a`` and ``A``.
    """
    metrics: dict[str, str] = {}
    taken: set[str] = set()
    for style in styles:
        name = plain = re.sub(r"[^\w.\- ]|^\.+$", "_", style)[:CLASS_METRIC_CHARACTERS]
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.casefold())
        metrics[style] = f"test_class/{name}"
    return metrics


def cell_tag(factors: Iterable[str]) -> str:
    """Return the name of the tag whose value is the cell of these factors that a run belongs to.

    The factors are part of the name because a reused run belongs to cells of different factors.
    """
    return f"cells of {' '.join(factors)}"


def duration_metric(part: str) -> str:
    """Return the MLflow metric of the seconds that a part of the work took."""
    return f"time/{part}_s"
