"""The local engine: worker processes of this machine.

Each worker has a pipe of its own to the driver, the process that runs the suite. A pipe that belongs to
one worker needs no lock, and it ends when its worker does.

The pools of libraries were tried. The standard library's ProcessPoolExecutor ends all workers if one dies.
Pebble's ProcessPool replaces the dead one, but its workers read from one pipe under a lock: a worker that
is killed while it holds that lock blocks all others. (A worker was killed at a random moment in each of 164
pools of 10 ms tasks; one pool hung.)
"""

import multiprocessing
import os
import pickle
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ablations.engines.engine import TRIES, Report, Results, TaskResult, Work, WorkerDied
from ablations.engines.processes import CONTEXT, start_worker
from ablations.process import interrupts
from ablations.process.errors import first_line

POLL = 0.2  # seconds between two checks for an interrupt
DIED = "its worker process died (out of memory?)"
DIED_TWICE = "its worker process died, twice (out of memory? fewer workers need less)"


class Local:
    """Runs tasks in processes of this machine.

    Parameters
    ----------
    workers : int
        Number of processes.
    threads : int
        Threads per process.
    """

    def __init__(self, workers: int, threads: int):
        self.workers = workers
        self.threads = threads

    def run(self, work: Work, tasks: Sequence[Any], on_progress: Callable[[int, float], None]) -> Results:
        """Carry out tasks, see `Engine.run`.

        A task whose worker dies is tried once more, after the tasks that wait. If it kills that worker
        as well, its result is the error `WorkerDied`; other tasks are not affected.
        """
        waiting = deque(range(len(tasks)))
        deaths: Counter[int] = Counter()
        busy: dict[Connection, int] = {}  # each busy worker's pipe, and the position of its task
        processes: list[BaseProcess] = []

        def assign(connection: Connection) -> None:
            busy[connection] = index = waiting.popleft()
            with suppress(OSError):  # the worker is dead: the next `_receive` says so
                connection.send((work, tasks[index]))

        try:
            while waiting or busy:
                # 1. Start workers, at most one per task. One that is lost, because an interrupt comes before
                #    it stands in the list of those that are ended below, has no task, and ends with its pipe.
                while waiting and len(busy) < self.workers:
                    connection, worker_end = CONTEXT.Pipe()
                    processes.append(start_worker(_serve, worker_end, self.threads))
                    # The worker has its end now. Without this copy, the pipe ends when the worker dies.
                    worker_end.close()
                    assign(connection)
                interrupts.check()
                # 2. Receive what workers have sent.
                ready = wait(list(busy), timeout=POLL)
                for connection in [connection for connection in busy if connection in ready]:
                    index = busy[connection]
                    message = _receive(connection)
                    if isinstance(message, float):
                        on_progress(index, message)
                        continue
                    # 3. The task has ended, by a result or by the death of its worker (None).
                    del busy[connection]
                    if message is None:
                        connection.close()
                        deaths[index] += 1
                        if deaths[index] < TRIES:
                            waiting.append(index)
                            continue
                        message = None, WorkerDied(DIED_TWICE)
                    # 4. The worker gets the next task, or exits because its pipe is closed.
                    elif waiting:
                        assign(connection)
                    else:
                        connection.close()
                    yield TaskResult(index, *message)
        except BaseException:
            # An interrupt, an error of the caller, or a generator that is closed early. Workers are not
            # asked to stop: whatever they write appears whole or not at all, and their runs are ended by
            # the suite.
            with interrupts.deferred():
                for process in filter(BaseProcess.is_alive, processes):
                    process.kill()
            raise
        finally:
            for process in processes:
                process.join()

    def call_on_all(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """Call ``function(argument)`` once in every worker, in all of them at the same time.

        Returns
        -------
        list
            What the calls returned.

        Raises
        ------
        BaseException
            What a call raised, or WorkerDied.
        """
        # As many tasks as workers: `run` starts all workers before it gives any of them a second task.
        tasks = [argument] * self.workers
        results = list(self.run(partial(_without_report, function), tasks, lambda index, fraction: None))
        for result in results:
            if result.error is not None:
                raise result.error
        return [result.value for result in results]


@contextmanager
def in_background(work: Work, task: Any, threads: int) -> Iterator[Callable[[], TaskResult]]:
    """Carry out one task in a worker of its own while this block runs.

    Leaving the block ends the worker.

    Parameters
    ----------
    work : callable
        What to do, see `Engine.run`.
    task : object
        An object that can be pickled.
    threads : int
        Threads of the worker.

    Yields
    ------
    callable
        Waits until the task has ended, and returns its result.
    """
    connection, worker_end = CONTEXT.Pipe()
    process = start_worker(_serve, worker_end, threads)
    worker_end.close()
    try:
        with suppress(OSError):  # the worker is dead: the result says so
            connection.send((work, task))
        yield partial(_wait_for_result, connection)
    finally:
        with interrupts.deferred():
            process.kill()
            process.join()
            connection.close()


def _wait_for_result(connection: Connection) -> TaskResult:
    while True:
        interrupts.check()
        if connection.poll(POLL):
            message = _receive(connection)
            if not isinstance(message, float):
                return TaskResult(0, *(message or (None, WorkerDied(DIED))))


def _without_report(function: Callable[[Any], Any], argument: Any, _: Report) -> Any:
    return function(argument)


def _receive(connection: Connection) -> Any:
    """Receive a worker's message: a float (progress), a pair (value, error), or None if it is dead."""
    try:
        return connection.recv()
    except (EOFError, OSError):
        return None


def _serve(connection: Connection, threads: int) -> None:
    """Carry out tasks until the driver closes the pipe. The whole life of a worker process."""
    # 1. End with the driver, also in the middle of a task.
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    # 2. Set the number of threads, before a task loads or computes anything.
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads)
    threadpool_limits(threads)

    def send(message: object) -> None:
        try:
            connection.send(message)
        except OSError:  # the driver is dead
            os._exit(1)

    # 3. Take task after task: a float 0 says that it has started, a pair that it has ended.
    while True:
        try:
            work, task = connection.recv()
        except EOFError:
            return
        send(0.0)
        try:
            value = work(task, send)
        except BaseException as error:
            send((None, _picklable(error)))
        else:
            send((value, None))


def _picklable(error: BaseException) -> BaseException:
    """Return an error that reaches the driver; some types can be pickled and not be loaded again."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {first_line(error)}")
    return error


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
