"""Choice of the machines that carry out a suite: device, number of workers, Ray cluster."""

import os
import re
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from ablations.engines.engine import EngineError
from ablations.engines.local import Local
from ablations.suite.options import MachineOptions
from ablations.tracking import server

if TYPE_CHECKING:
    from ablations.engines.ray_cluster import Cluster

DEVICE = re.compile("auto|cpu|cuda(:[0-9]+)?")


def check_device(name: str) -> None:
    """Check that a device's name is one of those that are allowed.

    Raises
    ------
    EngineError
        It is not.
    """
    if not DEVICE.fullmatch(name):
        raise EngineError(f"device={name}: use auto, cpu, cuda or cuda:N")


def find_device(name: str) -> str:
    """Return the torch device of a name; ``"auto"`` is a GPU if there is one.

    A worker looks for it: this process does without torch.

    Raises
    ------
    EngineError
        This machine has no such device.
    """
    [device] = Local(1, 1).call_on_all(resolve_device, name)
    return device


def resolve_device(name: str) -> str:
    """Do the same as `find_device`, in a worker."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise EngineError(f"device={name}: {str(error).splitlines()[0]} (use cpu or auto)") from error
    return name


def local_engine(options: MachineOptions, tasks: int, device: str) -> Local:
    """Return an engine with as many workers as this machine and a number of tasks can use.

    On the CPU many workers of one thread are faster than few workers of many threads. Trainings on one GPU
    do not gain from running concurrently.
    """
    cores = os.cpu_count() or 1
    workers = options.workers or (1 if device.startswith("cuda") else min(cores, tasks))
    return Local(workers, options.threads or max(1, cores // workers))


def connect(options: MachineOptions) -> "AbstractContextManager[Cluster | None]":
    """Connect to the Ray cluster that the options name; with ``engine=local`` the block gets None.

    Raises
    ------
    EngineError
        The cluster cannot be used, or its nodes cannot reach the tracking server.
    """  # noqa: DOC501  ModuleNotFoundError: an incomplete installation
    if options.engine == "local":
        return nullcontext()
    uri = server.tracking_uri()
    if not server.is_remote(uri):
        raise EngineError(
            f"engine=ray needs a tracking server that every node reaches, not {uri}: start one and set "
            "MLFLOW_TRACKING_URI=http://... (docs/many-machines.md)"
        )
    try:
        from ablations.engines import ray_cluster
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise EngineError(
            "engine=ray needs Ray, which is not installed: pip install -r requirements-ray.txt"
        ) from error
    cluster = ray_cluster.connect(options.ray_address, options.workers, options.threads, options.device)
    if len(cluster.addresses) > 1 and server.is_loopback(uri):
        raise EngineError(
            f"MLFLOW_TRACKING_URI={uri} is another machine on every node of the Ray cluster: "
            "name the server by its address in the network"
        )
    return cluster
