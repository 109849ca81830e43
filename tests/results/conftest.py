"""Suites as summarize.py reads them."""

import mlflow
import pytest

from summary.suite import RUN_COLUMNS, Suite, read_suite


@pytest.fixture(scope="session")
def card_suite(suite) -> Suite:
    """The four questions, one seed."""
    mlflow.set_tracking_uri(suite.uri)
    return read_suite(suite.parents()[-1].info.run_id)


@pytest.fixture(scope="session")
def smote_suite(suite, more) -> Suite:
    """SMOTE alone, two seeds."""
    mlflow.set_tracking_uri(suite.uri)
    parent = next(run for run in suite.parents() if run.data.tags["seeds"] == "2")
    return read_suite(parent.info.run_id)


def without(suite: Suite, *rows: int) -> Suite:
    """The suite as it would be if these of its runs had failed."""
    runs = suite.runs.copy()
    runs.loc[list(rows), list(RUN_COLUMNS)] = None
    return Suite(suite.parent, suite.about, runs)
