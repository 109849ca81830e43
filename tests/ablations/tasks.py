"""Tasks for the tests of engines, in a module of their own because workers import it."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


class OddError(Exception):
    """An error that can be pickled but not unpickled, which calls the class with one argument."""

    def __init__(self, first: int, second: int):
        super().__init__(f"{first} and {second}")


def work(task: tuple[str, Path], report: Callable[[float], None]) -> str:
    """Carry out the task's instruction; every call creates a file in the task's folder."""
    instruction, folder = task
    folder.mkdir(parents=True, exist_ok=True)
    calls = len(list(folder.iterdir()))
    (folder / f"{calls}-{os.getpid()}").touch()
    report(0.5)
    if instruction == "fail":
        raise ValueError("failed as instructed")
    if instruction == "fail with OddError":
        raise OddError(1, 2)
    if instruction == "die" or (instruction == "die once" and calls == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if instruction == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    if instruction == "nap":
        time.sleep(2)
    if instruction == "sleep":
        time.sleep(600)
    return "done"


def process_id(seconds: float) -> int:
    """Return the worker's process id after some seconds."""
    time.sleep(seconds)
    return os.getpid()
