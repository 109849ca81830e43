"""Where trainings run, elsewhere: on the nodes of a Ray cluster. Needs requirements-ray.txt."""

import logging
import math
import os
import signal
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is imported, which reads it then

import ray
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ablations.engines.local import TRIES, EngineError, Outcomes, Report, WorkerDied
from ablations.process import interrupts
from ablations.process.progress import say

PACKAGES = ("ablations", "wikiart")  # the code travels to the nodes
TRAVELS = ("MLFLOW_", "WIKIART_SAVE_SECONDS")  # beginnings of the environment's names that do as well
STAYS = ("MLFLOW_RUN_ID",)  # the suite's own run
NODE_TRIES = 5  # a task whose node died is tried so often in all: nodes may be lent, and called back
POLL = 0.2  # seconds between two looks at what has ended

_ROOT = Path(__file__).resolve().parents[2]


class Cluster:
    """Runs tasks on the nodes of a Ray cluster, each with ``threads`` processors and its share of a GPU.

    Parameters
    ----------
    address : str
        ``auto`` (RAY_ADDRESS, else the cluster of this machine), or host:port of the head.
    workers : int
        Tasks at a time in the whole cluster; 0: one for every ``threads`` processors, or for every GPU.
        More than there are GPUs share them evenly.
    threads : int
        Of each task. Default of 0: 1.
    device : {"auto", "cpu", "cuda"}
        ``auto``: ``cuda`` if any node has a GPU.

    Raises
    ------
    EngineError
        No cluster answers there, or it cannot do what is asked.
    """

    def __init__(self, address: str, workers: int, threads: int, device: str):
        _connect(address)
        self._workers = workers
        self.threads = threads or 1
        gpus = ray.cluster_resources().get("GPU", 0)
        if device.startswith("cuda") and not gpus:
            raise EngineError("device=cuda, but no node of the Ray cluster has a GPU: use device=cpu")
        self.device = "cuda" if gpus and device != "cpu" else "cpu"
        self._share = 1 / max(1, math.ceil(workers / gpus)) if self.device == "cuda" else 0
        self.node = ray.get_runtime_context().get_node_id()  #: of the driver

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *exception: object) -> None:
        ray.shutdown()

    @property
    def workers(self) -> int:
        """Tasks that run at a time."""
        return self._workers or self._capacity()

    @property
    def addresses(self) -> set[str]:
        """Network addresses of the nodes that live."""
        return {node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}

    def _capacity(self) -> int:
        """Tasks that the nodes which live now have room for."""
        asked = {"CPU": self.threads, "GPU": self._share}
        room = [
            min(node["Resources"].get(name, 0) / share for name, share in asked.items() if share)
            for node in ray.nodes()
            if node["Alive"]
        ]
        return sum(int(tasks + 1e-3) for tasks in room)  # Ray counts shares in ten-thousandths

    def run(
        self,
        work: Callable[[Any, Report], None],
        tasks: Sequence[Any],
        on_progress: Callable[[int, float], None],
    ) -> Outcomes:
        """Carry out ``work(task, report)`` for every task; as `engine.Local.run`.

        A task whose node dies is tried again on another, one whose process dies once more.
        """
        here = NodeAffinitySchedulingStrategy(self.node, soft=False)
        reports: Any = ray.remote(num_cpus=0)(_Reports).options(scheduling_strategy=here).remote()
        carry = _carry_out.options(
            num_cpus=self.threads,
            num_gpus=self._share,
            max_retries=0,  # _again decides
        )
        environment = ray.put(_environment())
        what = ray.put(work)
        waiting = deque(range(len(tasks)))
        running: dict[ray.ObjectRef, int] = {}
        deaths: Counter[tuple[int, type]] = Counter()
        room = _Room(self)
        try:
            while waiting or running:
                interrupts.check()
                while waiting and len(running) < room.now():
                    index = waiting.popleft()
                    running[carry.remote(what, index, tasks[index], environment, reports)] = index
                ended, _ = ray.wait(list(running), num_returns=1, timeout=POLL)
                if ended:
                    ended, _ = ray.wait(list(running), num_returns=len(running), timeout=0)
                for each in ray.get(reports.taken.remote()):
                    on_progress(*each)
                for reference in ended:
                    index = running.pop(reference)
                    error = _error(reference)
                    if _again(error, index, deaths):
                        waiting.appendleft(index)
                    else:
                        yield index, _told(error)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)
            ray.kill(reports)


class _Room:
    """How many tasks to have under way: some more than there is room for, so that no node waits for one."""

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        self.asked = -math.inf
        self.empty = False

    def now(self) -> int:
        if time.monotonic() - self.asked > 2:  # seconds; nodes come and go
            self.asked = time.monotonic()
            self.capacity = self.cluster._capacity()
            if not self.capacity and not self.empty:
                say("no node of the Ray cluster has room for a training: waiting for one")
            self.empty = not self.capacity
        return self.cluster._workers or max(1, 2 * self.capacity)


def _connect(address: str) -> None:
    before = signal.getsignal(signal.SIGTERM)
    # Ray prints what befalls its nodes among the suite's lines, and has no switch for that.
    ray._private.worker.print_to_stdstream = lambda *lines, **how: None
    modules = [str(_ROOT / package) for package in PACKAGES]
    code = {"py_modules": modules, "excludes": ["__pycache__"]}
    try:
        _probe(address)
        ray.init(address, runtime_env=code, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, RayError) as error:
        raise EngineError(
            f"no Ray cluster at ray_address={address}: start one with ray start --head, on this machine "
            f"or elsewhere (docs/many-machines.md). The reason: {str(error).strip().splitlines()[0]}"
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray takes it for itself


def _probe(address: str) -> None:
    """Ray itself takes a minute to find out that nobody listens."""
    if address.startswith("ray://"):
        raise ValueError("a suite runs on a node of its cluster, not through ray://: see ray job submit")
    known = os.environ.get("RAY_ADDRESS", address) if address == "auto" else address
    host, colon, port = known.rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), timeout=5).close()


def _environment() -> dict[str, str]:
    """As an argument, not as Ray's runtime environment: that is shown to all who see the dashboard."""
    return {
        name: value for name, value in os.environ.items() if name.startswith(TRAVELS) and name not in STAYS
    }


def _error(reference: ray.ObjectRef) -> BaseException | None:
    try:
        ray.get(reference)
    except RayError as error:
        return error
    return None


def _again(error: BaseException | None, index: int, deaths: Counter) -> bool:
    """Whether a task is to be tried again."""
    for kind, tries in (((NodeDiedError, LocalRayletDiedError), NODE_TRIES), (_DIED, TRIES)):
        if isinstance(error, kind):
            deaths[index, tries] += 1
            again = deaths[index, tries] < tries
            if again and tries == NODE_TRIES:
                say(f"a node of the cluster died: its training starts again ({_first_line(error)})")
            return again
    return False


_DIED = (WorkerCrashedError, OutOfMemoryError)


def _told(error: BaseException | None) -> BaseException | None:
    """What the work itself raised, or that its process or node died."""
    if isinstance(error, RayTaskError):
        return error.cause or error
    if isinstance(error, _DIED):
        return WorkerDied("its process died, twice (out of memory? fewer workers need less)")
    if isinstance(error, NodeDiedError):
        return WorkerDied(f"its node died, {NODE_TRIES} times")
    return error


def _first_line(error: BaseException) -> str:
    return str(error).split(", node ID")[0].splitlines()[0]


class _Reports:
    """On the driver's node: how far the tasks are."""

    def __init__(self) -> None:
        self.kept: dict[int, float] = {}

    def put(self, index: int, share: float) -> None:
        self.kept[index] = share

    def taken(self) -> list[tuple[int, float]]:
        kept, self.kept = list(self.kept.items()), {}
        return kept


@ray.remote
def _carry_out(
    work: Callable[[Any, Report], None], index: int, task: Any, environment: dict[str, str], reports: Any
) -> None:
    os.environ.update(environment)
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))  # Ray sets it: the task's processors
    reports.put.remote(index, 0.0)
    work(task, lambda share: reports.put.remote(index, share))
