"""A suite that is read from MLflow holds what its runs hold."""

import mlflow
import pytest

from summary import tracking
from summary.tracking import NoSuite, newest_suite, read_suite
from tests.conftest import TINY


def test_every_planned_run_is_found(suite, card_suite):
    assert len(card_suite.runs) == len(card_suite.finished) == 16
    metrics = {run.info.run_id: run.data.metrics for run in suite.cells()}
    for _, row in card_suite.runs.iterrows():
        assert row["accuracy"] == metrics[row["run_id"]]["test/accuracy"]
        assert row["macro_f1"] == metrics[row["run_id"]]["test/macro_f1"]


def test_answers_give_the_accuracies_again(card_suite):
    correct = card_suite.answers["truth"] == card_suite.answers["prediction"]
    accuracy = correct.groupby(card_suite.answers["cell"]).mean()
    for _, row in card_suite.runs.iterrows():
        assert accuracy[row["cell"]] == pytest.approx(row["accuracy"])


def test_curves_have_every_epoch(card_suite):
    assert len(card_suite.curves) == 16 * TINY["epochs"]
    assert card_suite.curves["epoch"].max() == TINY["epochs"]
    assert card_suite.curves["loss"].notna().all()


def test_reused_runs_count(smote_suite):
    assert len(smote_suite.finished) == 4
    assert sorted(smote_suite.runs["seed"]) == [0, 0, 1, 1]


def test_newest_suite_by_experiment(suite, more):
    mlflow.set_tracking_uri(suite.uri)
    assert newest_suite("Default") == newest_suite() == suite.parents()[0].info.run_id


def test_what_is_no_suite_is_refused(suite):
    mlflow.set_tracking_uri(suite.uri)
    with pytest.raises(NoSuite, match="no experiment is called elsewhere"):
        newest_suite("elsewhere")
    with pytest.raises(NoSuite, match="0123 is no suite"):
        read_suite("0123")
    cell = suite.cells()[0].info.run_id
    with pytest.raises(NoSuite, match=f"{cell} is no suite"):
        read_suite(cell)


def test_curves_of_validation_images_are_read_where_a_run_has_them(suite):
    experiment = suite.client.create_experiment("curves")
    for prefixes in (["train"], ["train", "validation"]):
        run_id = suite.client.create_run(experiment).info.run_id
        for prefix in prefixes:
            for epoch in (1, 2):
                suite.client.log_metric(run_id, f"{prefix}/loss", 1 / epoch, step=epoch)
        curve = tracking._read_curve(suite.client.get_run(run_id))
        assert ("validation_loss" in curve) == ("validation" in prefixes)
        assert list(curve["loss"]) == [1, 0.5]
