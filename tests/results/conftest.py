"""Suites as summarize.py reads them."""

import mlflow
import pandas as pd
import pytest

import suites
from simulation import full_factorial
from summary.suite import Suite
from summary.tracking import read_suite


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


@pytest.fixture(scope="session")
def card_answers() -> pd.DataFrame:
    """Simulated answers of the four factors, three seeds, 200 items."""
    return suites.suite(full_factorial(suites.CARD, suites.BASE), seeds=3, items=200)
