"""Trainings whose runs could not be finished because the tracking server was unreachable."""

from types import SimpleNamespace

import pytest

from ablations.engines.engine import TaskResult
from ablations.engines.job import Handover
from ablations.suite import execute
from ablations.suite.options import SuiteOptions
from ablations.tracking import outcome
from ablations.tracking.server import ServerError


class Engine:
    """Returns prepared values, a list for each run."""

    workers = threads = 1

    def __init__(self, *values: list[Handover]):
        self.values = list(values)

    def run(self, work, tasks, on_progress):
        yield from (TaskResult(index, value) for index, value in enumerate(self.values.pop(0)))


@pytest.fixture
def jobs(tmp_path):
    """Two jobs with nothing but names and places."""

    def job(name: str):
        files = SimpleNamespace(outcome=tmp_path / name)
        training = SimpleNamespace(name=name, cells=("cell",), files=files)
        return SimpleNamespace(
            training=training, device="cpu", destination=SimpleNamespace(tracking_uri="http://server")
        )

    return [job("first"), job("second")]


def run(monkeypatch, jobs, engine: Engine, *, answers: bool):
    monkeypatch.setattr(execute, "local_engine", lambda *arguments: engine)
    monkeypatch.setattr(execute.server, "answers", lambda uri: answers)
    return execute.execute(jobs, SuiteOptions())


def test_outcomes_are_handed_in_when_the_server_answers_again(monkeypatch, jobs, tmp_path):
    (tmp_path / "outcome").mkdir()
    (tmp_path / "outcome" / "outcome.json").write_text("{}")
    archive = outcome.pack(tmp_path / "outcome")
    engine = Engine([Handover("no answer", archive), Handover()], [Handover()])
    execution = run(monkeypatch, jobs, engine, answers=True)
    assert engine.values == []  # the first job was carried out again, the second was not
    assert not execution.errors and not execution.pending
    assert (tmp_path / "first" / "outcome.json").read_text() == "{}"  # unpacked for the second attempt


def test_a_server_that_stays_unreachable_ends_the_suite(monkeypatch, jobs, tmp_path):
    with pytest.raises(ServerError, match=r"outcomes of 1 training are kept in .* the same command"):
        run(monkeypatch, jobs, Engine([Handover("no answer"), Handover()]), answers=False)
