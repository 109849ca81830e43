"""The local engine: failures stay with their task, and a dead worker's task is tried once more."""

import multiprocessing
from pathlib import Path

import pytest

from ablations.engines.local import Local, WorkerDied
from tests.ablations.tasks import who, work


def calls(folder: Path) -> int:
    return len(list(folder.iterdir()))


def test_a_failure_stays_with_its_task(tmp_path):
    words = ["go", "fail", "go", "go"]
    tasks = [(word, tmp_path / str(n)) for n, word in enumerate(words)]
    shares: dict[int, list[float]] = {}
    ended = dict(
        Local(2, 1).run(work, tasks, lambda index, share: shares.setdefault(index, []).append(share))
    )
    assert {index: type(error) for index, error in ended.items()} == {
        index: ValueError if word == "fail" else type(None) for index, word in enumerate(words)
    }
    assert "as asked" in str(ended[1])
    assert all(calls(folder) == 1 for _, folder in tasks)
    # A report may come too late, when its task has ended.
    assert all(seen in ([0.0], [0.0, 0.5]) for seen in shares.values())


def test_a_dead_worker_costs_its_task_one_try(tmp_path):
    tasks = [("die once", tmp_path / "a"), ("die", tmp_path / "b"), ("go", tmp_path / "c")]
    ended = dict(Local(1, 1).run(work, tasks, lambda index, share: None))
    assert ended[0] is None
    assert isinstance(ended[1], WorkerDied)
    assert ended[2] is None
    assert [calls(folder) for _, folder in tasks] == [2, 2, 1]


def test_a_task_that_kills_its_worker_does_not_take_others_into_its_failure(tmp_path):
    tasks = [("die", tmp_path / "a"), ("nap", tmp_path / "b")]  # the nap is longer than the other's life
    ended = dict(Local(2, 1).run(work, tasks, lambda index, share: None))
    assert isinstance(ended[0], WorkerDied)
    assert ended[1] is None


def test_an_interrupt_ends_the_workers(tmp_path):
    def interrupt(index: int, share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Local(2, 1).run(work, [("sleep", tmp_path / "a"), ("sleep", tmp_path / "b")], interrupt))
    assert multiprocessing.active_children() == []


def test_a_question_reaches_every_worker_at_the_same_time():
    answers = Local(2, 1).ask(who, 0.5)
    assert len(set(answers)) == 2
    assert multiprocessing.active_children() == []
