"""Where trainings run: in worker processes of this machine. Those of other machines: ray_engine."""

import multiprocessing
import os
import queue
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, closing, contextmanager
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, Protocol

from ablations.process import interrupts
from ablations.process.environment import environment_variables
from ablations.process.errors import UserError

Report = Callable[[float], None]  # share of a task that is done, 0..1; the first call says that it began
Outcomes = Generator[tuple[int, BaseException | None], None, None]  # (index, error), as tasks end
TRIES = 2  # a task whose worker died is tried once more

#: Linux forks workers from a process that has loaded everything once; elsewhere each loads it for itself
CONTEXT = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
PRELOAD = "ablations.engines.preload"

_reports: Any = None  # in a worker: the queue to the driver


class WorkerDied(RuntimeError):
    """A task's process ended without a word: out of memory, or killed."""


class EngineError(UserError):
    """An engine cannot be had; the message says why and what helps."""


class Engine(Protocol):
    """Something that carries out tasks: `Local`, or `ray_engine.Cluster`."""

    @property
    def workers(self) -> int:
        """Tasks at a time."""

    @property
    def threads(self) -> int:
        """Of each task."""

    def run(
        self,
        work: Callable[[Any, Report], None],
        tasks: Sequence[Any],
        on_progress: Callable[[int, float], None],
    ) -> Outcomes:
        """Yield each task's position and ``None``, or what it raised, as tasks end."""


def warm_up() -> None:
    """Begin to load what workers need, in another process, while this one gets ready.

    Workers get their environment variables from here: what is to reach them must be set before.
    """
    if CONTEXT.get_start_method() == "forkserver":
        CONTEXT.set_forkserver_preload([PRELOAD])
        with _environment(), interrupts.ignore_interrupts():
            forkserver.ensure_running()


class Local:
    """Runs tasks in ``workers`` processes with ``threads`` threads each."""

    def __init__(self, workers: int, threads: int):
        self.workers = workers
        self.threads = threads

    def run(
        self,
        work: Callable[[Any, Report], None],
        tasks: Sequence[Any],
        on_progress: Callable[[int, float], None],
    ) -> Outcomes:
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

    def ask(self, question: Callable[[Any], Any], about: Any) -> list[Any]:
        """Put one question to all workers at the same time; their answers.

        Raises
        ------
        BrokenProcessPool
            A worker died.
        """
        calls = [(question, about)] * self.workers
        with self._working(calls, None) as futures:
            while wait(futures, timeout=0.2).not_done:
                interrupts.check()
            return [future.result() for future in futures]

    def _pool(
        self,
        work: Callable[[Any, Report], None],
        tasks: Sequence[Any],
        indices: Sequence[int],
        on_progress: Callable[[int, float], None],
    ) -> Outcomes:
        """One pool's life: until every task has ended, or a worker dies and takes the pool along."""
        reports = CONTEXT.Queue()
        calls = [(_carry_out, work, index, tasks[index]) for index in indices]
        with self._working(calls, reports) as futures:
            yield from _collect(dict(zip(futures, indices, strict=True)), reports, on_progress)

    @contextmanager
    def _working(self, calls: Sequence[tuple], reports: Any) -> Iterator[list[Future]]:
        """Workers at these calls, function and arguments; if what is within fails, they are killed."""
        warm_up()
        count = min(self.workers, len(calls))
        pool = ProcessPoolExecutor(count, CONTEXT, _start_worker, (self.threads, reports))
        try:
            # Submitting starts the processes.
            with interrupts.deferred(), interrupts.ignore_interrupts(), _environment():
                futures = [pool.submit(*call) for call in calls]
            yield futures
        except BaseException:
            for process in multiprocessing.active_children():
                process.kill()  # what they were at is named by the caller; nothing half-written is left
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _collect(futures: dict[Future, int], reports: Any, on_progress: Callable[[int, float], None]) -> Outcomes:
    pending = set(futures)
    while pending:
        interrupts.check()
        done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
        _drain(reports, on_progress)
        for future in done:
            error = future.exception()
            if not isinstance(error, BrokenProcessPool):
                yield futures[future], error


def _drain(reports: Any, on_progress: Callable[[int, float], None]) -> None:
    while True:
        try:
            on_progress(*reports.get_nowait())
        except queue.Empty:
            return


def _environment() -> AbstractContextManager[None]:
    """Processes that are started within find the project, and start without idle threads.

    A process with threads had better not be forked. `_start_worker` sets their number.
    """
    path = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    values = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(path)}
    return environment_variables(values)


def _start_worker(threads: int, reports: Any) -> None:
    global _reports
    _reports = reports
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads)
    threadpool_limits(threads)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _carry_out(work: Callable[[Any, Report], None], index: int, task: Any) -> None:
    _reports.put((index, 0.0))
    work(task, lambda share: _reports.put((index, share)))
