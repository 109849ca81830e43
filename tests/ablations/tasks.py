"""Work for the engine's tests; in a module of its own because workers import it."""

import os
import signal
import time
from pathlib import Path


def work(task: tuple[str, Path], report) -> None:
    """What a task's word says; every call leaves a mark in the task's folder."""
    word, folder = task
    folder.mkdir(parents=True, exist_ok=True)
    calls = len(list(folder.iterdir()))
    (folder / f"{calls}-{os.getpid()}").touch()
    report(0.5)
    if word == "fail":
        raise ValueError("as asked")
    if word == "die" or (word == "die once" and calls == 0):
        time.sleep(0.3)  # so that the report is out
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "nap":
        time.sleep(2)
    if word == "sleep":
        time.sleep(600)


def who(seconds: float) -> int:
    """The worker's process, after so many seconds."""
    time.sleep(seconds)
    return os.getpid()
