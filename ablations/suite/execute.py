"""Execution of the trainings, and of what an unreachable tracking server left to be done."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ablations.engines.engine import Engine, Work
from ablations.engines.job import Handover, Job, carry_out
from ablations.engines.local import Local
from ablations.process.progress import SuiteProgress, readable_duration, say
from ablations.process.wording import count
from ablations.suite import estimate
from ablations.suite.machines import local_engine
from ablations.suite.options import MachineOptions
from ablations.tracking import outcome, server
from ablations.tracking.server import ServerError

if TYPE_CHECKING:
    from ablations.engines.ray_cluster import Cluster


@dataclass(frozen=True)
class Execution:
    """The result of carrying out trainings."""

    errors: Mapping[str, BaseException] = field(default_factory=dict)  #: by name of the training
    pending: Sequence[Job] = ()  #: trained, but the tracking server could not be reached for their runs
    durations: Mapping[str, float] = field(default_factory=dict)  #: seconds, expected and taken

    def then(self, later: "Execution") -> "Execution":
        """Return the result of this execution and a later one."""
        durations = Counter(self.durations) + Counter(later.durations)
        return Execution({**self.errors, **later.errors}, [*self.pending, *later.pending], durations)


def execute(jobs: Sequence[Job], options: MachineOptions, cluster: "Cluster | None" = None) -> Execution:
    """Carry out trainings, on the cluster if there is one, and finish the runs of all.

    Raises
    ------
    ablations.tracking.server.ServerError
        The tracking server cannot be reached at the end. What has been trained is on disk.
    """
    # 1. Outcomes that an earlier start left are on this machine's disk: no node can hand them in.
    stored = [job for job in jobs if cluster and job.training.files.outcome.exists()]
    handed_in = _run_local(stored, options) if stored else Execution()
    # 2. Everything else.
    others = [job for job in jobs if job not in stored]
    execution = Execution()
    if others and cluster:
        execution = _run(others, cluster, _work_on_nodes(cluster, others))
    elif others:
        execution = _run_local(others, options)
    # 3. Try again where the server could not be reached; by now it may be back.
    errors = {**handed_in.errors, **execution.errors}
    pending = [*handed_in.pending, *execution.pending]
    if pending:
        errors |= _hand_in(pending, options)
    return Execution(errors, durations=execution.durations)


def _hand_in(pending: Sequence[Job], options: MachineOptions) -> Mapping[str, BaseException]:
    """Finish the runs of trainings whose outcomes are on this machine's disk; return the errors."""
    uri, trainings = pending[0].destination.tracking_uri, count(len(pending), "training")
    if server.answers(uri):
        say(f"{trainings} ended while the tracking server was unreachable: handed in now")
        execution = _run_local(pending, options)
        if not execution.pending:
            return execution.errors
    raise ServerError(
        f"the tracking server at {uri} is unreachable: the outcomes of {trainings} are kept in "
        f"{pending[0].training.files.outcome.parent}; the same command hands them in and goes on from here"
    )


def _run_local(jobs: Sequence[Job], options: MachineOptions) -> Execution:
    return _run(jobs, local_engine(options, len(jobs), jobs[0].device), carry_out)


def _run(jobs: Sequence[Job], engine: Engine, work: Work) -> Execution:
    """Carry out trainings with an engine and show their progress."""
    say(
        f"{count(len(jobs), 'training')} to run, {engine.workers} at a time, "
        f"{count(engine.threads, 'thread')} each, "
        f"on {jobs[0].device}"
    )
    durations: dict[str, float] = {}
    expected = estimate.seconds(jobs, engine) if isinstance(engine, Local) else None
    if expected:
        durations["expected"] = estimate.makespan(expected, engine.workers)
        say(f"about {readable_duration(durations['expected'])}, going by some steps of each network")
    start = time.monotonic()
    errors: dict[str, BaseException] = {}
    pending: list[Job] = []
    with (
        SuiteProgress([(job.training.name, len(job.training.cells)) for job in jobs], expected) as progress,
        closing(engine.run(work, jobs, progress.update)) as results,
    ):
        for result in results:
            job, error = jobs[result.index], result.error
            if isinstance(result.value, Handover) and result.value.unreachable:
                if result.value.archive:
                    outcome.unpack(result.value.archive, job.training.files.outcome)
                pending.append(job)
                reason = result.value.unreachable
                error = ServerError(f"trained, but the tracking server is unreachable: {reason}")
            elif error is not None:
                errors[job.training.name] = error
            progress.end(result.index, error)
    durations["trainings"] = time.monotonic() - start
    return Execution(errors, pending, durations)


def _work_on_nodes(cluster: "Cluster", jobs: Sequence[Job]) -> Work:
    """Return what a node of the cluster does with a job."""
    from ablations.engines import node

    origin = node.Origin.of(cluster.node, {job.training.config.smote for job in jobs})
    return partial(node.carry_out, origin=origin)
