"""A suite on a real Ray cluster of two nodes, one of which dies in the middle."""

import json
import subprocess
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from tests.ablations.services import Server, running, two_nodes, wait_until
from tests.ablations.small import command, environment, results

pytest.importorskip("ray", reason="Ray is not installed: pip install -r requirements-ray.txt")


@pytest.mark.timeout(240)
def test_a_node_dies_and_every_cell_is_finished(tmp_path, paintings_folder, reference):
    with (
        running(Server(tmp_path / "server", f"sqlite:///{tmp_path}/server.db")) as server,
        two_nodes(tmp_path) as (address, head, other),
    ):
        server.wait()
        client = MlflowClient(server.uri)
        output = tmp_path / "output.txt"
        with output.open("w") as file:
            suite = subprocess.Popen(
                command(paintings_folder, tmp_path, engine="ray", ray_address=address),
                cwd=tmp_path,
                env=environment(tmp_path, server.uri),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            workers = family(other)

            def second_node_works() -> bool:
                """True if an active run belongs to a process of the second node."""
                assert suite.poll() is None, output.read_text()
                workers.update(family(other))
                active = client.search_runs(["0"], "tags.role = 'cell' and attributes.status = 'RUNNING'")
                return any(int(run.data.tags["process.pid"]) in workers for run in active)

            wait_until(second_node_works, "the second node gets nothing to do")
            other.kill()
            assert suite.wait(120) == 0, output.read_text()
        finally:
            suite.kill()
        text = output.read_text()
        assert results(server.uri) == reference.results
        lost = client.search_runs(["0"], "tags.role = 'cell' and attributes.status != 'FINISHED'")
        assert {run.info.status for run in lost} == {"KILLED"}
        assert {int(run.data.tags["process.pid"]) for run in lost} <= workers
        assert "a node of the cluster died: its training starts again" in text
        assert "raylet" not in text and "ray::" not in text  # nothing of Ray's own logs
        mine, theirs = digests(tmp_path / "cache"), digests(other.cache)
        assert mine == theirs and len(theirs) == 1  # copied to the node's own cache
        assert not head.cache.exists()  # the driver's node has it already


def family(node) -> set[int]:
    """Ids of the processes of a node."""
    return {process.pid for process in psutil.Process(node.process.pid).children(recursive=True)}


def digests(cache: Path) -> list[str]:
    stores = (cache / "stores").glob("[!.]*/store.json")
    return [json.loads(path.read_text())["digest"] for path in stores]


def refusal(folder: Path, uri: str, **arguments: object) -> str:
    """Run the suite, which must refuse to start; return its message."""
    done = subprocess.run(
        command(folder / "no paintings", folder, engine="ray", **arguments),
        cwd=folder,
        env=environment(folder, uri),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.slow
def test_ray_needs_a_server_that_the_nodes_reach(tmp_path):
    assert "needs a tracking server that every node reaches" in refusal(tmp_path, "")


@pytest.mark.slow
def test_no_cluster_there(tmp_path):
    with running(Server(tmp_path / "server", f"sqlite:///{tmp_path}/server.db")) as server:
        server.wait()
        text = refusal(tmp_path, server.uri, ray_address="127.0.0.1:1")
    assert "no Ray cluster at ray_address=127.0.0.1:1: start one with ray start --head" in text
