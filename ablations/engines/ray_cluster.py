"""The engine on a Ray cluster: tasks run on its nodes. Needs requirements-ray.txt."""

import logging
import math
import os
import signal
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reads it when it is imported

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

from ablations.engines.engine import TRIES, EngineError, Results, TaskResult, Work, WorkerDied
from ablations.process import interrupts
from ablations.process.progress import say

PACKAGES = ("ablations", "wikiart")  # sent to the nodes
SENT_VARIABLES = ("MLFLOW_", "WIKIART_SAVE_SECONDS")  # beginnings of the names of environment variables
KEPT_VARIABLES = ("MLFLOW_RUN_ID",)  # not sent: the run of the suite itself
NODE_TRIES = 5  # how often a task is started whose node dies: nodes may be lent, and reclaimed
POLL = 0.2  # seconds between two checks for ended tasks

_ROOT = Path(__file__).resolve().parents[2]
_PROCESS_DIED = (WorkerCrashedError, OutOfMemoryError)
_NODE_DIED = (NodeDiedError, LocalRayletDiedError)


def connect(address: str, workers: int, threads: int, device: str) -> "Cluster":
    """Connect to a Ray cluster.

    Parameters
    ----------
    address : str
        ``auto`` (RAY_ADDRESS, else the cluster of this machine), or host:port of the head.
    workers : int
        Number of tasks that run concurrently in the whole cluster. 0: one for every ``threads`` processors,
        or for every GPU. More tasks than GPUs share them evenly.
    threads : int
        Threads per task. 0: 1.
    device : {"auto", "cpu", "cuda"}
        ``auto``: ``cuda`` if any node has a GPU.

    Raises
    ------
    EngineError
        There is no cluster at the address, or it has no GPU.
    """
    _initialize(address)
    gpus = ray.cluster_resources().get("GPU", 0)
    if device.startswith("cuda") and not gpus:
        raise EngineError("device=cuda, but no node of the Ray cluster has a GPU: use device=cpu")
    device = "cuda" if gpus and device != "cpu" else "cpu"
    return Cluster(
        max_workers=workers,
        threads=threads or 1,
        device=device,
        gpus_per_task=1 / max(1, math.ceil(workers / gpus)) if device == "cuda" else 0,
        node=ray.get_runtime_context().get_node_id(),
    )


@dataclass(frozen=True)
class Cluster:
    """Runs tasks on the nodes of the Ray cluster that this process is connected to.

    A context manager that disconnects at its end; made by `connect`.
    """

    max_workers: int  #: number of tasks that run concurrently; 0: as many as the nodes have room for
    threads: int  #: processors per task
    device: str  #: "cpu" or "cuda", of all tasks
    gpus_per_task: float  #: may be a fraction
    node: str  #: Ray's id of this machine

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *exception: object) -> None:
        ray.shutdown()

    @property
    def workers(self) -> int:
        """Number of tasks that run concurrently."""
        return self.max_workers or self.capacity()

    @property
    def addresses(self) -> set[str]:
        """Network addresses of the nodes that are alive."""
        return {node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}

    def capacity(self) -> int:
        """Count the tasks that the nodes which are alive have room for."""
        per_task = {"CPU": self.threads, "GPU": self.gpus_per_task}
        room = [
            min(node["Resources"].get(name, 0) / amount for name, amount in per_task.items() if amount)
            for node in ray.nodes()
            if node["Alive"]
        ]
        return sum(int(tasks + 1e-3) for tasks in room)  # Ray rounds resources to ten-thousandths

    def run(self, work: Work, tasks: Sequence[Any], on_progress: Callable[[int, float], None]) -> Results:
        """Carry out tasks, see `Engine.run`.

        A task whose node dies is started again on another node, NODE_TRIES times in all; a task whose
        process dies, TRIES times.
        """
        # 1. Progress reports are collected by an actor on this machine, so that they survive other nodes.
        here = NodeAffinitySchedulingStrategy(self.node, soft=False)
        reports: Any = ray.remote(num_cpus=0)(_Reports).options(scheduling_strategy=here).remote()
        # 2. What is the same for all tasks is stored once in the cluster.
        carry_out = _carry_out.options(
            num_cpus=self.threads,
            num_gpus=self.gpus_per_task,
            max_retries=0,  # retried here, not by Ray
        )
        environment, shared_work = ray.put(_environment()), ray.put(work)
        waiting = deque(range(len(tasks)))
        running: dict[ray.ObjectRef, int] = {}
        deaths: Counter[tuple[int, int]] = Counter()
        capacity = -1
        try:
            while waiting or running:
                interrupts.check()
                # 3. Submit twice as many tasks as there is room for now (nodes come and go), so that no
                #    node waits for the next.
                before, capacity = capacity, self.capacity()
                if not capacity and before:
                    say("no node of the Ray cluster has room for a training: waiting for one")
                while waiting and len(running) < (self.max_workers or max(1, 2 * capacity)):
                    index = waiting.popleft()
                    reference = carry_out.remote(shared_work, index, tasks[index], environment, reports)
                    running[reference] = index
                # 4. Wait for the first that ends, then take all that have ended.
                ended, _ = ray.wait(list(running), num_returns=1, timeout=POLL)
                if ended:
                    ended, _ = ray.wait(list(running), num_returns=len(running), timeout=0)
                for report in ray.get(reports.take.remote()):
                    on_progress(*report)
                # 5. Submit again what died, in front of all others; yield the rest.
                for reference in ended:
                    index = running.pop(reference)
                    value, error = _outcome(reference)
                    if _is_retried(error, index, deaths):
                        waiting.appendleft(index)
                    else:
                        yield TaskResult(index, value, _cause(error))
        finally:
            for reference in running:
                ray.cancel(reference, force=True)
            ray.kill(reports)


def _initialize(address: str) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    # Ray prints events of its nodes among the suite's lines and has no option against it.
    ray._private.worker.print_to_stdstream = lambda *arguments, **options: None
    modules = [str(_ROOT / package) for package in PACKAGES]
    code = {"py_modules": modules, "excludes": ["__pycache__"]}
    try:
        _check_address(address)
        ray.init(address, runtime_env=code, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, RayError) as error:
        raise EngineError(
            f"no Ray cluster at ray_address={address}: start one with ray start --head, on this machine "
            f"or elsewhere (docs/many-machines.md). The reason: {str(error).strip().splitlines()[0]}"
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray installs its own


def _check_address(address: str) -> None:
    """Connect to an address and close the connection; Ray itself takes a minute to notice that it cannot."""
    if address.startswith("ray://"):
        raise ValueError("a suite runs on a node of its cluster, not through ray://: see ray job submit")
    known = os.environ.get("RAY_ADDRESS", address) if address == "auto" else address
    host, colon, port = known.rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), timeout=5).close()


def _environment() -> dict[str, str]:
    """Return the environment variables that are sent with each task.

    Not as Ray's runtime environment: everyone who opens the dashboard can read that, passwords included.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(SENT_VARIABLES) and name not in KEPT_VARIABLES
    }


def _outcome(reference: ray.ObjectRef) -> tuple[Any, RayError | None]:
    """Return the value of a task that has ended, or the error that Ray gives instead."""
    try:
        return ray.get(reference), None
    except RayError as error:
        return None, error


def _is_retried(error: RayError | None, index: int, deaths: Counter) -> bool:
    """Count a death of a task's process or node; return True if the task is to be started again."""
    if isinstance(error, _NODE_DIED):
        tries = NODE_TRIES
    elif isinstance(error, _PROCESS_DIED):
        tries = TRIES
    else:
        return False
    deaths[index, tries] += 1  # nodes and processes are counted apart
    if deaths[index, tries] == tries:
        return False
    if tries == NODE_TRIES:
        reason = str(error).split(", node ID")[0].splitlines()[0]
        say(f"a node of the cluster died: its training starts again ({reason})")
    return True


def _cause(error: RayError | None) -> BaseException | None:
    """Return what the work itself raised, or WorkerDied."""
    if isinstance(error, RayTaskError):
        return error.cause or error
    if isinstance(error, _PROCESS_DIED):
        return WorkerDied("its process died, twice (out of memory? fewer workers need less)")
    if isinstance(error, _NODE_DIED):
        return WorkerDied(f"its node died, {NODE_TRIES} times")
    return error


class _Reports:
    """An actor that collects the latest progress report of each task."""

    def __init__(self) -> None:
        self.latest: dict[int, float] = {}

    def put(self, index: int, fraction: float) -> None:
        self.latest[index] = fraction

    def take(self) -> list[tuple[int, float]]:
        reports, self.latest = list(self.latest.items()), {}
        return reports


@ray.remote
def _carry_out(work: Work, index: int, task: Any, environment: dict[str, str], reports: Any) -> Any:
    os.environ.update(environment)
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))  # Ray sets it to the task's processors
    reports.put.remote(index, 0.0)
    return work(task, lambda fraction: reports.put.remote(index, fraction))
