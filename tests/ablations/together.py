"""Run commands, each as ``__main__`` of its own process, in processes that have loaded the libraries once.

Reads a JSON list of {"words", "environment", "folder"} from standard input, and writes a list of {"code",
"out", "err"}. "words" are the arguments of ``python``: "-m", a module and its arguments, or a script and its
arguments.
"""

import json
import os
import runpy
import sys
import tempfile
from pathlib import Path

import ablations.engines.worker  # noqa: F401  loaded once for all commands
import ablations.suite.course  # noqa: F401
from tests.conftest import ROOT


def run(words: list[str], environment: dict[str, str], folder: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as scratch:
        outputs = [Path(scratch) / "out", Path(scratch) / "err"]
        child = os.fork()
        if child == 0:
            for number, path in enumerate(outputs, 1):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
            os.environ.update(environment)
            os.chdir(folder)
            start(words)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out, err = (path.read_text() for path in outputs)
        return {"code": code, "out": out, "err": err}


def start(words: list[str]) -> None:
    """Start a program and exit as Python does."""
    code: object = 0
    try:
        if words[0] == "-m":
            sys.argv = words[1:]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            sys.path.insert(0, str(ROOT / "results"))
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())  # prints the traceback that a user would see
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    print(json.dumps([run(**command) for command in json.load(sys.stdin)]))
