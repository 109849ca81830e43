"""Real servers and clusters on loopback, which end with their test: MLflow, PostgreSQL, Ray nodes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

BIN = Path(sys.executable).parent
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
QUICK = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # saves the start of nine processes


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition: Callable[[], bool], failure: str, seconds: float = 90) -> None:
    """Wait until a condition holds; fail with a message after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, failure
        time.sleep(0.1)


class Service:
    """A program in a process group of its own, with its output in a file."""

    def __init__(self, command: list[object], folder: Path, environment: dict[str, str]):
        self.command = [str(word) for word in command]
        self.folder, self.environment = folder, environment
        self.output = folder / "output.txt"
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        with self.output.open("a") as file:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill the program and its descendants at once, like the failure of a machine."""
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.process.pid)
            processes = [root, *root.children(recursive=True)]
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(processes, 10)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Server(Service):
    """``mlflow server`` that serves artifacts as well; ``backend`` is the address of its database."""

    def __init__(self, folder: Path, backend: str, *options: object, **environment: str):
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", self.port]
        command += ["--backend-store-uri", backend, "--artifacts-destination", folder / "artifacts"]
        command += ["--workers", 1, *options]
        super().__init__(command, folder, {**CLEAN, **QUICK, **environment})

    def wait(self) -> "Server":
        wait_until(self.answers, "the server does not start")
        return self

    def answers(self) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        with suppress(urllib.error.URLError, OSError):
            return urllib.request.urlopen(f"{self.uri}/health", timeout=1).status == 200
        return False


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Kill the service at the end of the block, also after an exception."""
    try:
        yield service
    finally:
        service.kill()


def postgresql_binaries() -> Path | None:
    """Return the folder of the programs that Debian's package installs."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return programs[-1].parent if programs else None


class Postgres(Service):
    """A new PostgreSQL cluster with the database ``mlflow``; for root it runs as the user ``postgres``."""

    def __init__(self):
        binaries = postgresql_binaries()
        assert binaries is not None
        self.port = free_port()
        self.uri = f"postgresql+psycopg2://mlflow@127.0.0.1:{self.port}/mlflow"
        self.scratch = Path(
            tempfile.mkdtemp(prefix="postgres-")
        )  # its own: pytest's are closed to other users
        self.user: list[str] = []
        if os.geteuid() == 0:
            self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
            shutil.chown(self.scratch, "postgres", "postgres")
        data = self.scratch / "data"
        self._call(binaries / "initdb", "-D", data, "-U", "mlflow", "--auth=trust", "--no-sync", "-E", "UTF8")
        command = [*self.user, binaries / "postgres", "-D", data, "-p", self.port, "-k", self.scratch]
        super().__init__([*command, "-h", "127.0.0.1", "-c", "fsync=off"], self.scratch, CLEAN)
        try:
            address = ["-h", "127.0.0.1", "-p", str(self.port)]
            ready = [binaries / "pg_isready", "-q", *address]
            wait_until(lambda: subprocess.run(ready).returncode == 0, "PostgreSQL does not start")
            self._call(binaries / "createdb", *address, "-U", "mlflow", "mlflow")
        except BaseException:
            self.kill()
            raise

    def _call(self, *command: object) -> None:
        done = subprocess.run(
            [*self.user, *map(str, command)], cwd=self.scratch, env=CLEAN, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def kill(self) -> None:
        super().kill()
        shutil.rmtree(self.scratch, ignore_errors=True)


class Node(Service):
    """A node of a Ray cluster with its own cache folder, started as if on a machine of its own."""

    def __init__(self, folder: Path, *options: object, cpus: int = 1):
        command = [BIN / "ray", "start", "--block", f"--num-cpus={cpus}", "--num-gpus=0", *options]
        command += ["--object-store-memory=80000000", "--disable-usage-stats"]
        self.cache = folder / "cache"
        super().__init__(command, folder, {**CLEAN, "WIKIART_CACHE": str(self.cache)})


@contextmanager
def two_nodes(folder: Path) -> Iterator[tuple[str, Node, Node]]:
    """Start a Ray cluster of a head and another node with one processor each; yield its address and both."""
    port = free_port()
    scratch = Path("/tmp") / f"ray-{port}"  # short: the path of a socket has at most 107 characters
    address = f"127.0.0.1:{port}"
    head = Node(
        folder / "head", "--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={scratch}"
    )
    try:
        started = "Ray runtime started"
        wait_until(lambda: started in head.output.read_text(), "Ray's head does not start")
        other = Node(folder / "other", f"--address={address}")
        try:
            wait_until(lambda: started in other.output.read_text(), "Ray's second node does not start")
            yield address, head, other
        finally:
            other.kill()
    finally:
        head.kill()
        shutil.rmtree(scratch, ignore_errors=True)
