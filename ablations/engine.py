"""Where trainings run: in worker processes of this machine."""

import multiprocessing
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import Any

from ablations import interrupts

Report = Callable[[float], None]  # share of a task that is done, 0..1; the first call says that it began
TRIES = 2  # a task whose worker died is tried once more

_reports: Any = None  # in a worker: the queue to the driver


class WorkerDied(RuntimeError):
    """A task's process ended without a word: out of memory, or killed."""


class Local:
    """Runs tasks in ``workers`` spawned processes with ``threads`` threads each."""

    def __init__(self, workers: int, threads: int):
        self.workers = workers
        self.threads = threads

    def run(
        self,
        work: Callable[[Any, Report], None],
        tasks: Sequence[Any],
        on_progress: Callable[[int, float], None],
    ) -> Iterator[tuple[int, BaseException | None]]:
        """Carry out ``work(task, report)`` for every task.

        Yields
        ------
        (index, error)
            A task's position and ``None``, or what it raised, as tasks end. A worker that
            dies takes the tasks of the others along; all are tried once more, then each alone, so
            that only the one that kills its worker gets the error WorkerDied.
        """
        tries: Counter[int] = Counter()
        waiting = list(range(len(tasks)))
        while waiting:
            suspects = [index for index in waiting if tries[index] >= TRIES]
            batch = suspects[:1] or waiting  # a suspect alone: then nobody else dies of it
            started: set[int] = set()
            ended: set[int] = set()

            def progress(index: int, share: float, started: set[int] = started) -> None:
                started.add(index)
                on_progress(index, share)

            with closing(self._pool(work, tasks, batch, progress)) as outcomes:
                for index, error in outcomes:
                    ended.add(index)
                    yield index, error
            lost = (started or set(batch)) - ended  # none started: workers die before their first task
            tries.update(lost)
            if len(lost) == 1 and tries[index := lost.pop()] >= TRIES:
                ended.add(index)
                yield (
                    index,
                    WorkerDied("its worker process died, twice (out of memory? fewer workers need less)"),
                )
            waiting = [index for index in waiting if index not in ended]

    def _pool(self, work, tasks, indices, on_progress) -> Iterator[tuple[int, BaseException | None]]:
        """One pool's life: until every task has ended, or a worker dies and takes the pool along."""
        context = multiprocessing.get_context("spawn")
        reports = context.Queue()
        with _threads_in_environment(self.threads):
            pool = ProcessPoolExecutor(
                min(self.workers, len(indices)), context, _start_worker, (self.threads, reports)
            )
            try:
                with interrupts.held(), interrupts.born_deaf():  # submitting starts the processes
                    futures = {pool.submit(_carry_out, work, index, tasks[index]): index for index in indices}
                yield from _collect(futures, reports, on_progress)
            except BaseException:
                for process in multiprocessing.active_children():
                    process.kill()  # what they were at is named by the caller; nothing half-written is left
                raise
            finally:
                pool.shutdown(cancel_futures=True)


def _collect(futures: dict[Future, int], reports, on_progress) -> Iterator[tuple[int, BaseException | None]]:
    pending = set(futures)
    while pending:
        interrupts.check()
        done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
        _drain(reports, on_progress)
        for future in done:
            error = future.exception()
            if not isinstance(error, BrokenProcessPool):
                yield futures[future], error


def _drain(reports, on_progress) -> None:
    while True:
        try:
            on_progress(*reports.get_nowait())
        except queue.Empty:
            return


class _threads_in_environment:
    """The libraries of a spawned process read their number of threads from its environment."""

    NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

    def __init__(self, threads: int):
        self.values = dict.fromkeys(self.NAMES, str(threads))

    def __enter__(self) -> None:
        self.before = {name: os.environ.get(name) for name in self.NAMES}
        os.environ.update(self.values)

    def __exit__(self, *exception) -> None:
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start_worker(threads: int, reports) -> None:
    global _reports
    _reports = reports
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(threads)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _carry_out(work: Callable[[Any, Report], None], index: int, task: Any) -> None:
    _reports.put((index, 0.0))
    work(task, lambda share: _reports.put((index, share)))
