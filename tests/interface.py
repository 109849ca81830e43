"""MLflow's interface on a store, and somebody who looks at it in a real browser."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE = 60_000  # milliseconds until what should show counts as missing


@contextmanager
def serving(uri: str, environment: dict[str, str], folder: Path) -> Iterator[str]:
    """``mlflow server`` on a store, as ``mlflow ui`` starts it; its address. It logs into the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--port", str(port)]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--workers", "1"],
            env={**environment, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_for(address: str, process: subprocess.Popen) -> None:
    last = time.monotonic() + 60
    while time.monotonic() < last and process.poll() is None:
        try:
            urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {address}: see server.log")


@contextmanager
def visiting(server: str, width: int = 1920, height: int = 1200) -> Iterator["BrowserContext"]:
    """A browser context of somebody who has never been at that server before, and goes nowhere else."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = chromium.new_context(viewport={"width": width, "height": height}, base_url=server)
        context.set_default_timeout(PATIENCE)
        context.route(lambda address: not address.startswith(server), lambda route: route.abort())
        yield context
        chromium.close()


def link(output: str, name: str) -> str:
    """The address of that name (``cells`` or ``report``) that a suite printed, below the server's."""
    found = re.search(rf"^  {name} +http://127\.0\.0\.1:5000(/\S+)$", output, re.MULTILINE)
    assert found, output
    return found[1]


def chart(page: "Page", metric: str) -> "Locator":
    """The card of a metric's chart."""
    card = page.locator("[data-testid='experiment-view-compare-runs-card']")
    return card.filter(has=page.get_by_title(metric, exact=True))
