"""The interface of engines: something that carries out a function on many tasks in other processes."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ablations.process.errors import UserError

TRIES = 2  #: how often a task is started whose worker process dies, and a worker whose fork server dies

Report = Callable[[float], None]  #: takes the fraction of a task that is done, 0 to 1
Work = Callable[[Any, Report], Any]  #: takes a task and a `Report`, returns the task's value


class WorkerDied(RuntimeError):
    """The process of a task ended without an exception: out of memory, or killed."""


class EngineError(UserError):
    """An engine cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class TaskResult:
    """The end of a task: its value, or its error."""

    index: int  #: position of the task
    value: Any = None  #: what the work returned
    error: BaseException | None = None  #: what the work raised, or `WorkerDied`


Results = Generator[TaskResult, None, None]


class Engine(Protocol):
    """Carries out tasks: `local.Local` or `ray_cluster.Cluster`."""

    @property
    def workers(self) -> int:
        """Number of tasks that run concurrently."""

    @property
    def threads(self) -> int:
        """Threads per task."""

    def run(self, work: Work, tasks: Sequence[Any], on_progress: Callable[[int, float], None]) -> Results:
        """Carry out ``work(task, report)`` for every task; yield the results as tasks end.

        Parameters
        ----------
        work : callable
            What to do. It is sent to the workers, so it has to be a function of a module.
        tasks : sequence
            Objects that can be pickled.
        on_progress : callable
            Called with the position of a task and the fraction of it that is done: 0 when it starts, then
            whatever the work reports.

        Yields
        ------
        TaskResult
            One for each task, in the order in which they end. Closing the generator ends the workers.
        """
