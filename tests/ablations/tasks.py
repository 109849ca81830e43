"""Work for the tests of engines, in a module because workers import it."""

import os
import signal
import time
from pathlib import Path


class OddError(Exception):
    """Can be pickled, but not loaded again: that calls it with one argument."""

    def __init__(self, first: int, second: int):
        super().__init__(f"{first} and {second}")


def work(task: tuple[str, Path], report) -> str:
    """Do what the task's word says; every call leaves a file in the task's folder."""
    word, folder = task
    folder.mkdir(parents=True, exist_ok=True)
    calls = len(list(folder.iterdir()))
    (folder / f"{calls}-{os.getpid()}").touch()
    report(0.5)
    if word == "fail":
        raise ValueError("as asked")
    if word == "fail oddly":
        raise OddError(1, 2)
    if word == "die" or (word == "die once" and calls == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "nap":
        time.sleep(2)
    if word == "sleep":
        time.sleep(600)
    return "gone"


def process_id(seconds: float) -> int:
    """Return the worker's process id after some seconds."""
    time.sleep(seconds)
    return os.getpid()
