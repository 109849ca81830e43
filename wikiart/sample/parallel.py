"""Painting many pictures, on all cores.

Painting is Python code, which threads would run one after the other, so that processes share it. They are
told what to paint through their standard input and answer through their standard output, and write no file:
what is left behind if one of them, or the process that asked, is killed does not depend on them.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from wikiart.errors import DataError
from wikiart.sample.painting import Picture, paint_file

ROOT = Path(__file__).resolve().parents[2]
SHARE = 250  #: pictures for which another process is worth its start
MOST = 8  #: processes; with more, starting them takes longer than painting
LENGTH = 4  #: bytes that say how long the file behind them is


def paint_files(pictures: Sequence[Picture], processes: int | None = None) -> Generator[bytes, None, None]:
    """Paint pictures and yield their JPEG files, in order.

    Parameters
    ----------
    pictures : sequence of Picture
        What to paint.
    processes : int, optional
        Number of processes; 1: this one. Default: one for each core, of at least ``SHARE`` pictures each,
        up to ``MOST``. They end with the iterator, or when this process dies.

    Raises
    ------
    wikiart.errors.DataError
        A process was killed.
    """
    if processes is None:
        processes = min(os.cpu_count() or 1, len(pictures) // SHARE, MOST)
    if processes < 2:
        yield from map(paint_file, pictures)
        return
    with ExitStack() as stack:
        # 1. Process k paints every picture whose position leaves the remainder k.
        answers = [_start(pictures[number::processes], stack) for number in range(processes)]
        # 2. Take the files in turn. A process that is ahead waits, because its pipe is full.
        for number in range(len(pictures)):
            yield _receive(answers[number % processes])


def _start(pictures: Sequence[Picture], stack: ExitStack) -> BinaryIO:
    """Start a process that paints pictures; return its answers. The end of ``stack`` kills it."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", __name__],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that Ctrl-C does not reach it, which would end it with a traceback
        )
    )
    stack.callback(process.kill)
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):  # it has been killed: `_receive` says so
        process.stdin.write(f"{json.dumps(pictures)}\n".encode())
        process.stdin.close()
    return process.stdout  # type: ignore[return-value]  # opened as binary


def _receive(answers: BinaryIO) -> bytes:
    head = answers.read(LENGTH)
    length = int.from_bytes(head)
    content = answers.read(length)
    if len(head) < LENGTH or len(content) < length:
        raise DataError("a process that paints the sample was killed (out of memory?): run the command again")
    return content


def _answer() -> None:
    """Paint what standard input asks for. The whole life of a painting process."""
    # 1. End without a word when nobody reads the answers any more: the process that asked is dead.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # 2. Read one line. Without its end, the process that asked died before it had written all.
    line = sys.stdin.readline()
    pictures = json.loads(line) if line.endswith("\n") else []
    # 3. Answer each picture with the length of its file and the file.
    for picture in pictures:
        content = paint_file(Picture(*picture))
        sys.stdout.buffer.write(len(content).to_bytes(LENGTH) + content)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _answer()
