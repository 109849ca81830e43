"""Painting in several processes: the same files in the same order, and no process outlives its purpose."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from itertools import islice

import psutil
import pytest

from wikiart.errors import DataError
from wikiart.sample.painting import Picture, paint_file
from wikiart.sample.parallel import paint_files

STYLES = "Baroque", "Cubism", "Pointillism"
PICTURES = [Picture("train", style, number) for style in STYLES for number in range(3)]
MANY = [Picture("test", "Baroque", number) for number in range(2000)]  # more than pipes hold


def painters(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children() if "wikiart.sample.parallel" in child.cmdline()]


def test_processes_paint_the_files_of_one_process_in_order():
    assert list(paint_files(PICTURES, processes=2)) == [paint_file(picture) for picture in PICTURES]
    assert not painters(psutil.Process())


def test_processes_end_with_their_iterator():
    with closing(paint_files(MANY, processes=2)) as files:
        assert len(list(islice(files, 3))) == 3
        assert len(painters(psutil.Process())) == 2
    assert not painters(psutil.Process())


def test_a_killed_process_is_reported():
    with closing(paint_files(MANY, processes=2)) as files:
        next(files)
        painters(psutil.Process())[0].kill()
        with pytest.raises(DataError, match=r"was killed .* again"):
            list(files)
    assert not painters(psutil.Process())


def test_processes_end_without_a_word_when_their_parent_is_killed():
    script = """if True:
        import time
        from wikiart.sample.painting import Picture
        from wikiart.sample.parallel import paint_files
        files = paint_files([Picture("test", "Baroque", number) for number in range(2000)], processes=2)
        next(files), next(files)
        print("painting", flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "painting\n"
    children = painters(psutil.Process(parent.pid))
    assert len(children) == 2
    os.kill(parent.pid, signal.SIGKILL)
    _, errors = parent.communicate()  # waits for the painters as well, which have the pipe of the errors
    assert errors == ""
    assert not psutil.wait_procs(children, timeout=30)[1]
