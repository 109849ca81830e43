"""A design into finished runs: what is finished already, what runs, what failed, and the summary."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import mlflow

from ablations import estimate, interface, liveness, prepare, synthetic, tracking
from ablations.design import Design, Question
from ablations.engine import Local
from ablations.failures import first_line
from ablations.progress import SuiteProgress, readable, say
from ablations.target import Target, reach
from ablations.trainings import ROOT, Training, trainings
from ablations.worker import Job, carry_out


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


def run(plan: Design, options: Options, question: Question) -> int:
    """Run what is not finished of a design, and summarize it.

    Returns
    -------
    int
        The exit code: 1 if a cell is missing at the end, else 0.

    Raises
    ------
    wikiart.paintings.DataError
        The images cannot be used.
    ablations.failures.TrackingError
        The tracking server does not answer at the start.
    KeyboardInterrupt
        After the active runs have become KILLED.
    """
    reach(mlflow.get_tracking_uri())
    found = prepare.locate(options.data, options.cache)
    say(f"data: {found}")
    sizes = sorted({plan.config(cell, 0).image_size for cell in plan.cells})
    stores, seen = prepare.prepared(
        found,
        sizes,
        options.resize,
        options.cache,
        allow_skipped=options.allow_skipped,
        drop_leaks=options.drop_leaks,
    )
    every = trainings(plan, stores)
    cells = [cell for training in every for cell in training.cells]
    store = stores[sizes[0]]
    with tracking.suite_run() as parent:
        target = parent.target
        if left := liveness.sweep(target):
            say(f"{left} runs that an earlier start left RUNNING are KILLED now")
        tracking.describe_suite(target, question, plan, every, store)
        tracking.log_audit(target, seen, store)
        synthetic.show(target, plan, stores, options.device)
        since = parent.began if options.fresh else 0
        known = tracking.finished(target, since)
        reused = {cell.name: known[cell.fingerprint] for cell in cells if cell.fingerprint in known}
        tracking.mark_reused(target, reused)
        say(f"{len(cells)} runs from {len(every)} trainings; {len(reused)} runs are finished already")
        jobs = [Job(training, target, options.device, since) for training in _missing(every, known)]
        try:
            failed = _run_jobs(jobs, options)
        finally:
            liveness.sweep(target)  # what workers had begun that died, or were ended by an interrupt
        say("", always=True)
        code = summarize(target, options.out)
        say(f"\n{interface.show(target, plan)}", always=True)
        if lines := prepare.left_out(store, seen):
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


def _run_jobs(jobs: list[Job], options: Options) -> dict[str, BaseException]:
    """Carry out trainings; returns those that failed: name -> error."""
    if not jobs:
        return {}
    engine = Local(*_processes(options, len(jobs)))
    how = f"{engine.workers} at a time, {engine.threads} threads each, on {options.device}"
    say(f"{len(jobs)} trainings to run, {how}")
    if expected := estimate.seconds(jobs, engine):
        say(f"about {readable(expected)}, going by some steps of each network")
    failed: dict[str, BaseException] = {}
    with (
        SuiteProgress([(job.training.name, len(job.training.cells)) for job in jobs]) as progress,
        closing(engine.run(carry_out, jobs, progress.update)) as ended,
    ):
        for index, error in ended:
            progress.end(index, error)
            if error is not None:
                failed[jobs[index].training.name] = error
    return failed


def _processes(options: Options, jobs: int) -> tuple[int, int]:
    """Workers, and threads each: many workers of one thread waste less than one worker of many."""
    cores = os.cpu_count() or 1
    workers = options.workers or (1 if options.device.startswith("cuda") else min(cores, jobs))
    return workers, options.threads or max(1, cores // workers)


def summarize(target: Target, out: Path) -> int:
    """Run ``results/summarize.py`` on a suite, the way a user would; returns its exit code."""
    script = ROOT / "results" / "summarize.py"
    command = [sys.executable, str(script), "--suite", target.parent_id, "--out", str(out), "--log", "yes"]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": target.tracking_uri}
    # Out of reach of Ctrl-C, which would end it with a traceback; an interrupt here ends it as well.
    return subprocess.run(command, env=environment, start_new_session=True).returncode
