"""The local engine: results, failures that stay with their task, second tries, interrupts."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from ablations.engines.engine import TaskResult, WorkerDied
from ablations.engines.local import Local
from tests.ablations.tasks import process_id, work


def calls(folder: Path) -> int:
    return len(list(folder.iterdir()))


def run(engine: Local, tasks: list) -> dict[int, TaskResult]:
    return {result.index: result for result in engine.run(work, tasks, lambda index, fraction: None)}


def test_results_errors_and_progress(tmp_path):
    words = ["go", "fail", "go", "go"]
    tasks = [(word, tmp_path / str(number)) for number, word in enumerate(words)]
    fractions: dict[int, list[float]] = {index: [] for index in range(len(tasks))}

    def on_progress(index: int, fraction: float) -> None:
        fractions[index].append(fraction)
        for worker in multiprocessing.active_children():
            os.kill(worker.pid, signal.SIGINT)  # has no effect: Ctrl-C is for the suite

    results = {result.index: result for result in Local(2, 1).run(work, tasks, on_progress)}
    assert [results[index].value for index in range(4)] == ["done", None, "done", "done"]
    assert [type(results[index].error) for index in (0, 2, 3)] == [type(None)] * 3
    assert isinstance(results[1].error, ValueError)
    assert "failed as instructed" in str(results[1].error)
    assert all(calls(folder) == 1 for _, folder in tasks)
    assert all(reported == [0.0, 0.5] for reported in fractions.values())


def test_an_error_that_cannot_be_pickled_keeps_its_message(tmp_path):
    result = run(Local(1, 1), [("fail with OddError", tmp_path / "a")])[0]
    assert str(result.error) == "OddError: 1 and 2"


def test_a_task_whose_worker_dies_is_tried_twice(tmp_path):
    tasks = [("die once", tmp_path / "a"), ("die", tmp_path / "b"), ("go", tmp_path / "c")]
    results = run(Local(1, 1), tasks)
    assert results[0].value == results[2].value == "done"
    assert isinstance(results[1].error, WorkerDied)
    assert [calls(folder) for _, folder in tasks] == [2, 2, 1]


def test_a_death_does_not_touch_the_tasks_of_other_workers(tmp_path):
    tasks = [("die", tmp_path / "a"), ("nap", tmp_path / "b")]  # the nap outlasts both deaths
    results = run(Local(2, 1), tasks)
    assert isinstance(results[0].error, WorkerDied)
    assert results[1].value == "done"
    assert calls(tmp_path / "b") == 1


def test_workers_killed_at_any_moment(tmp_path, capfd):
    """Every tenth report kills a worker, whatever it does at that moment."""
    tasks = [("go", tmp_path / str(number)) for number in range(40)]
    reports = 0

    def kill_sometimes(index: int, fraction: float) -> None:
        nonlocal reports
        reports += 1
        if reports % 10 == 0:
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    results = {result.index: result for result in Local(2, 1).run(work, tasks, kill_sometimes)}
    assert len(results) == len(tasks)
    assert all(result.value == "done" or isinstance(result.error, WorkerDied) for result in results.values())
    assert multiprocessing.active_children() == []
    assert "Traceback" not in capfd.readouterr().err


def test_ctrl_c_that_a_worker_receives_does_not_reach_its_task(tmp_path, capfd):
    """A terminal sends it to the workers as well; it is the suite's to end them."""
    [result] = Local(1, 1).run(work, [("interrupt", tmp_path)], lambda index, fraction: None)
    assert result.value == "done"
    assert "KeyboardInterrupt" not in capfd.readouterr().err


def test_an_interrupt_ends_the_workers(tmp_path, capfd):
    def interrupt(index: int, fraction: float) -> None:
        if fraction > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Local(2, 1).run(work, [("sleep", tmp_path / "a"), ("sleep", tmp_path / "b")], interrupt))
    assert multiprocessing.active_children() == []
    assert "Traceback" not in capfd.readouterr().err


def test_a_generator_that_is_closed_ends_the_workers(tmp_path):
    results = Local(2, 1).run(
        work, [("go", tmp_path / "a"), ("sleep", tmp_path / "b")], lambda index, fraction: None
    )
    assert next(results).value == "done"
    results.close()
    assert multiprocessing.active_children() == []


def test_a_function_is_called_in_every_worker_at_the_same_time():
    processes = Local(2, 1).call_on_all(process_id, 0.5)
    assert len(set(processes)) == 2
    assert multiprocessing.active_children() == []
