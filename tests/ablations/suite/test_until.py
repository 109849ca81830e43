"""Seeds that are added until the effects are precisely known, through a stop; looks at the effects."""

import signal
import subprocess

import mlflow
import pytest
from mlflow import MlflowClient

from summary.analysis import analyse, precision
from summary.report import sentences, tables
from summary.report.formats import p_text
from summary.report.wording import Wording
from summary.suite import Suite
from summary.tracking import read_suite, record_look
from tests.ablations import small

UNTIL, FIRST, MOST = 60, 2, 6  # points: 15 test images cannot tell much
OPTIONS = {"epochs": 4, "factors": "dropout=0.01,0.3", "seeds": FIRST, "until": UNTIL, "max_seeds": MOST}


@pytest.fixture(scope="module")
def grown(tmp_path_factory, paintings_folder) -> Suite:
    """A suite that was stopped when it began to add a seed, and was started again."""
    folder = tmp_path_factory.mktemp("until")
    command = small.command(paintings_folder, folder, **OPTIONS)
    settings = {"cwd": folder, "env": small.environment(folder), "text": True, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, stdout=subprocess.PIPE, **settings) as process:
        for line in process.stdout:
            if line.startswith(f"{FIRST} seeds: effects known to dropout=0.3 ± "):
                process.send_signal(signal.SIGTERM)
        assert process.wait() == 128 + signal.SIGTERM
    done = subprocess.run(command, stdout=subprocess.PIPE, **settings)
    assert done.returncode == 0, done.stdout
    assert f"{2 * FIRST} of them finished already" in done.stdout
    mlflow.set_tracking_uri(settings["env"]["MLFLOW_TRACKING_URI"])
    [newest, stopped] = MlflowClient().search_runs(["0"], "tags.role = 'suite'")
    assert stopped.info.status == "KILLED"
    return read_suite(newest.info.run_id)


def test_one_seed_follows_the_first_number_of_seeds_that_is_enough(grown):
    seeds = grown.runs["seed"].nunique()
    assert len(grown.finished) == 2 * seeds  # no run is missing
    assert MlflowClient().get_run(grown.id).data.tags["seeds"] == str(seeds)
    assert FIRST < seeds <= MOST
    enough = [
        precision(grown.answers[grown.answers["seed"] < number], grown.design, UNTIL)["enough"].all()
        for number in range(FIRST, seeds)
    ]
    assert not any(enough[:-1])
    assert enough[-1] or seeds == MOST


def test_a_stopped_suite_repeats_no_run(grown):
    assert small.results(mlflow.get_tracking_uri()).keys() == {
        run["fingerprint"] for run in grown.about["runs"]
    }


def test_the_report_says_that_seeds_were_added_by_width(grown):
    [sentence] = sentences.added_seeds(grown, Wording(), analyse(grown.answers, grown.design))
    assert "(until=60)" in sentence
    assert "no correction" in sentence


def test_looks_are_remembered_over_suites_of_the_same_cells(grown):
    client, seeds = MlflowClient(), grown.runs["seed"].nunique()
    assert grown.looks == [seeds]
    record_look(grown)
    assert client.get_run(grown.id).data.tags["looks"] == str(seeds)  # the same seeds again are no new look
    [_, stopped] = client.search_runs(["0"], "tags.role = 'suite'")
    assert "looks" not in stopped.data.tags
    client.set_tag(stopped.info.run_id, "looks", "2")  # as if it had been summarized

    again = read_suite(grown.id)
    assert again.looks == [2, seeds]
    analysis = analyse(again.answers, again.design)
    table = tables.details_table(analysis, Wording(), looks=len(again.looks)).text
    [p] = analysis.effects.query("metric == 'accuracy'")["p_holm"]
    assert table["p × 2 looks"][0] == p_text(min(1, 2 * p))
    added = sentences.added_seeds(again, Wording(), analysis)
    assert f"looked at 2 times, with 2 and {seeds} seeds" in " ".join(added)
