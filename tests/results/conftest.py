"""Suites as summarize.py reads them."""

import mlflow
import pytest

from summary import suite as reading


@pytest.fixture(scope="session")
def read(suite) -> reading.Suite:
    """The four questions, one seed."""
    mlflow.set_tracking_uri(suite.uri)
    return reading.read_suite(suite.parents()[-1].info.run_id)


@pytest.fixture(scope="session")
def repeated(suite, more) -> reading.Suite:
    """SMOTE alone, two seeds."""
    mlflow.set_tracking_uri(suite.uri)
    parent = next(run for run in suite.parents() if run.data.tags["seeds"] == "2")
    return reading.read_suite(parent.info.run_id)


def without(suite: reading.Suite, *rows: int) -> reading.Suite:
    """The suite as it were if these of its runs had failed."""
    runs = suite.runs.copy()
    runs.loc[list(rows), [*reading.ABOUT_RUN, *reading.METRICS]] = None
    return reading.Suite(suite.parent, suite.about, runs)
