"""A design into finished runs: what is finished already, what runs, what failed, and the summary."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ablations.design.designs import Design, SuiteDescription
from ablations.design.trainings import CellRun, Training, plan_trainings
from ablations.engines.local import Engine, EngineError, Local
from ablations.engines.worker import Job, carry_out
from ablations.process.errors import first_line
from ablations.process.progress import SuiteProgress, readable_duration, say
from ablations.suite import estimate, prepare
from ablations.suite import previews as synthetic
from ablations.tracking import outcome, queries, server, suite_run, sweep, views
from ablations.tracking.destination import Destination
from ablations.tracking.outcome import NotHandedIn
from ablations.tracking.server import ServerError

if TYPE_CHECKING:
    from ablations.engines.ray_cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Options:
    """How a suite is run; the defaults stand with the command's options."""

    data: str  #: a folder, or "sample"
    cache: Path
    resize: str
    device: str  #: a torch device
    workers: int  #: 0: as many as there are cores, or one for a GPU
    threads: int  #: 0: the cores shared out
    out: Path  #: the summary goes into a folder below
    fresh: bool  #: run again what is finished
    allow_skipped: float  #: share of unreadable images to go on without
    drop_leaks: bool  #: train without images that are in the test split too
    engine: str = "local"  #: or "ray"
    ray_address: str = "auto"  #: of the cluster
    node_device: str = "auto"  #: of the cluster's trainings; ``device`` is what this machine has


def run(plan: Design, options: Options, description: SuiteDescription) -> int:
    """Run what is not finished of a design, and summarize it.

    Returns
    -------
    int
        The exit code: 1 if a cell is missing at the end, else 0.

    Raises
    ------
    wikiart.errors.DataError
        The images cannot be used.
    ablations.tracking.server.ServerError
        The tracking server cannot be used, or is away in the end; what was trained is kept.
    ablations.engines.local.EngineError
        The cluster cannot be used.
    KeyboardInterrupt
        After the active runs have become KILLED.
    """
    server.check(server.tracking_uri())
    if options.engine == "local":
        return _run(plan, options, description)
    with _cluster(options) as cluster:
        return _run(plan, options, description, cluster)


def _cluster(options: Options) -> "Cluster":
    """The Ray cluster that the options name, with a tracking server that its nodes can reach."""
    uri = server.tracking_uri()
    if not server.is_remote(uri):
        raise EngineError(
            f"engine=ray needs a tracking server that every node reaches, not {uri}: start one and set "
            "MLFLOW_TRACKING_URI=http://... (docs/many-machines.md)"
        )
    try:
        from ablations.engines.ray_cluster import Cluster
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise EngineError(
            "engine=ray needs Ray, which is not installed: pip install -r requirements-ray.txt"
        ) from error
    cluster = Cluster(options.ray_address, options.workers, options.threads, options.node_device)
    if len(cluster.addresses) > 1 and server.is_loopback(uri):
        raise EngineError(
            f"MLFLOW_TRACKING_URI={uri} is another machine on every node of the Ray cluster: "
            "name the server by its address in the network"
        )
    return cluster


def _run(
    plan: Design, options: Options, description: SuiteDescription, cluster: "Cluster | None" = None
) -> int:
    began = time.monotonic()
    times: dict[str, float] = {}
    found = prepare.locate(options.data, options.cache)
    say(f"data: {found}")
    sizes = sorted({plan.config(cell, 0).image_size for cell in plan.cells})
    images = prepare.prepare(
        found,
        sizes,
        options.resize,
        options.cache,
        allow_skipped=options.allow_skipped,
        drop_leaks=options.drop_leaks,
    )
    stores, seen, store = images.stores, images.audit, images.store
    every = plan_trainings(plan, stores)
    cells = [cell for training in every for cell in training.cells]
    with suite_run.open_run() as parent:
        destination = parent.destination
        if left := sweep.end_abandoned_runs(destination):
            say(f"{left} runs that an earlier start left RUNNING are KILLED now")
        suite_run.describe(destination, description, plan, every, store)
        suite_run.log_audit(destination, seen, store)
        synthetic.show(destination, plan, stores, options.device)
        since = parent.start_ms if options.fresh else 0
        known = queries.finished_runs(destination, since)
        reused = {cell.name: known[cell.fingerprint] for cell in cells if cell.fingerprint in known}
        suite_run.mark_reused(destination, reused)
        say(f"{len(cells)} runs from {len(every)} trainings; {len(reused)} runs are finished already")
        device = cluster.device if cluster else options.device
        jobs = [Job(training, destination, device, since) for training in _missing(every, known)]
        times["preparation"] = time.monotonic() - began
        try:
            failed = _run_all(jobs, options, cluster, times)
        finally:
            if server.answers(destination.tracking_uri):
                sweep.end_own_runs(destination)  # what workers had begun that died, or were interrupted
        if jobs:
            reused = _of_others(destination, cells, since)
            suite_run.mark_reused(destination, reused)
        suite_run.log_durations(destination, times)
        say("", always=True)
        code = summarize(destination, options.out)
        say(f"\n{views.publish(destination, plan, reused)}", always=True)
        if lines := images.list_skipped():
            say(f"\n{lines}", always=True)
        if failed:
            parent.status = "FAILED"
            reasons = [f"  {name}: {first_line(error)}" for name, error in failed.items()]
            again = f"{len(failed)} of {len(every)} trainings failed; the same command tries them again:"
            say("\n".join(["", again, *reasons]), always=True)
    return 1 if failed else code


def _missing(every: list[Training], known: Mapping[str, str]) -> list[Training]:
    """The trainings of which a cell is not finished, with those cells alone."""
    left = []
    for training in every:
        cells = tuple(cell for cell in training.cells if cell.fingerprint not in known)
        if cells:
            left.append(replace(training, cells=cells))
    return left


def _run_all(
    jobs: list[Job], options: Options, cluster: "Cluster | None", times: dict[str, float]
) -> dict[str, BaseException]:
    """Carry out trainings, hand in what was kept while the server was away; returns those that failed.

    Adds to ``times`` the seconds that were expected and were taken.

    Raises
    ------
    ServerError
        The server is away at the end, too.
    """
    # A kept outcome is on this machine's disk: it needs no node of the cluster.
    kept = [job for job in jobs if job.training.files.outcome.exists()]
    failed = _run_jobs(kept, options) if cluster else {}
    failed |= _run_jobs([job for job in jobs if not cluster or job not in kept], options, cluster, times)
    late = [job for job in jobs if isinstance(failed.get(job.training.name), NotHandedIn)]
    if not late:
        return failed
    uri = late[0].destination.tracking_uri
    if server.answers(uri):
        say(f"{len(late)} trainings finished while the tracking server was away: they are handed in now")
        failed = {name: error for name, error in failed.items() if not isinstance(error, NotHandedIn)}
        failed |= _run_jobs(late, options)
    if not server.answers(uri):
        raise ServerError(
            f"the tracking server at {uri} is away: {len(late)} finished trainings are kept in "
            f"{late[0].training.files.outcome.parent}; the same command hands them in and goes on from here"
        )
    return failed


def _run_jobs(
    jobs: list[Job],
    options: Options,
    cluster: "Cluster | None" = None,
    times: dict[str, float] | None = None,
) -> dict[str, BaseException]:
    """Carry out trainings; returns those that failed: name -> error."""
    if not jobs:
        return {}
    times = {} if times is None else times
    engine: Engine = cluster or Local(*_processes(options, len(jobs)))
    work = _on_nodes(cluster, jobs) if cluster else carry_out
    how = f"{engine.workers} at a time, {engine.threads} threads each, on {jobs[0].device}"
    say(f"{len(jobs)} trainings to run, {how}")
    expected = estimate.seconds(jobs, engine) if isinstance(engine, Local) else None
    if expected:
        times["expected"] = estimate.dealt(expected, engine.workers)
        say(f"about {readable_duration(times['expected'])}, going by some steps of each network")
    began = time.monotonic()
    failed: dict[str, BaseException] = {}
    with (
        SuiteProgress([(job.training.name, len(job.training.cells)) for job in jobs], expected) as progress,
        closing(engine.run(work, jobs, progress.update)) as ended,
    ):
        for index, error in ended:
            progress.end(index, error)
            if error is not None:
                failed[jobs[index].training.name] = error
            if isinstance(error, NotHandedIn) and error.packed:
                outcome.unpack(error.packed, jobs[index].training.files.outcome)
                error.packed = None
    times["trainings"] = time.monotonic() - began
    return failed


def _on_nodes(cluster: "Cluster", jobs: list[Job]) -> Callable:
    """What a node of the cluster does with a job."""
    import torch

    from ablations.engines import node as nodes

    levels = {job.training.config.smote for job in jobs}
    files = {level: Path(level).read_text(encoding="utf-8") for level in levels if Path(level).suffix}
    return partial(nodes.carry_out, origin=cluster.node, torch_version=torch.__version__, level_files=files)


def _of_others(destination: Destination, cells: list[CellRun], since: int) -> dict[str, str]:
    """The finished runs of a suite's cells that another suite carried out: cell's run name -> run id."""
    theirs = queries.finished_runs(destination, since, excluded_suite=destination.parent_id)
    return {cell.name: theirs[cell.fingerprint] for cell in cells if cell.fingerprint in theirs}


def _processes(options: Options, jobs: int) -> tuple[int, int]:
    """Workers, and threads each: many workers of one thread waste less than one worker of many."""
    cores = os.cpu_count() or 1
    workers = options.workers or (1 if options.device.startswith("cuda") else min(cores, jobs))
    return workers, options.threads or max(1, cores // workers)


def summarize(destination: Destination, out: Path) -> int:
    """Run ``results/summarize.py`` on a suite, the way a user would; returns its exit code."""
    script = ROOT / "results" / "summarize.py"
    command = [
        sys.executable,
        str(script),
        "--suite",
        destination.parent_id,
        "--out",
        str(out),
        "--log",
        "yes",
    ]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": destination.tracking_uri}
    # Out of reach of Ctrl-C, which would end it with a traceback; an interrupt here ends it as well.
    return subprocess.run(command, env=environment, start_new_session=True).returncode
