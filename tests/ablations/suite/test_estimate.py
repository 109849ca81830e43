"""The estimate before a long suite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.design import trainings
from ablations.design.designs import make
from ablations.design.factors import parse_factors
from ablations.engines.job import Job
from ablations.engines.local import Local
from ablations.suite import estimate
from ablations.tracking.destination import Destination
from wikiart.images import paintings
from wikiart.images.building import build_store

DURATIONS = st.lists(st.floats(0.01, 1000), min_size=1, max_size=40)


@given(DURATIONS, st.integers(1, 8))
def test_makespan_is_that_of_list_scheduling(durations, workers):
    end = estimate.makespan(durations, workers)
    assert end <= sum(durations) / workers + max(durations) + 1e-6  # Graham's bound for list scheduling
    assert end >= max(sum(durations) / workers, *durations) - 1e-6
    assert estimate.makespan(durations, 1) == pytest.approx(sum(durations))


@pytest.fixture(scope="module")
def jobs(paintings_folder, tmp_path_factory):
    """A function that makes trainings of a number of epochs, which are not carried out."""
    data = build_store(paintings.find(paintings_folder), 24, tmp_path_factory.mktemp("cache"))

    def make_jobs(epochs: int) -> list[Job]:
        factors = parse_factors("conv_layers=1,3 smote=off,auto", [])
        base = {"image_size": 24, "batch_size": 4, "epochs": epochs}
        plan = make("full", factors, base, seeds=1)
        planned = trainings.plan_trainings(plan, {24: data})
        return [Job(training, Destination("", "", ""), "cpu", 0) for training in planned]

    return make_jobs


def test_a_short_suite_gets_no_estimate(jobs):
    assert estimate.seconds(jobs(1), Local(2, 1)) is None


def test_the_estimate_of_a_long_suite_exceeds_its_logging(jobs, monkeypatch):
    monkeypatch.setattr(estimate, "MIN_PIXELS", 1.0)
    trainings = jobs(2)
    for job, expected in zip(trainings, estimate.seconds(trainings, Local(2, 1)), strict=True):
        assert estimate.LOGGING * len(job.training.cells) < expected < 3600
