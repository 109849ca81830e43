"""Rounds of trainings: those of the seeds that are asked for, then with ``until`` one more seed at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ablations.design.designs import Design
from ablations.design.trainings import Training, plan_trainings
from ablations.engines.job import Job
from ablations.process.progress import say
from ablations.suite.execute import Execution, execute
from ablations.suite.options import SuiteOptions
from ablations.suite.plan import Plan
from ablations.suite.precision import measure
from ablations.tracking import queries, server, suite_run, sweep
from ablations.tracking.suite_run import SuiteRun
from wikiart.images.store import Store

if TYPE_CHECKING:
    from ablations.engines.ray_cluster import Cluster


@dataclass(frozen=True)
class Rounds:
    """What all rounds of a suite have in common."""

    suite: SuiteRun
    describe: Callable[[Design, Sequence[Training]], None]  #: logs the description of a design on its run
    stores: Mapping[int, Store]  #: decoded images by image size
    options: SuiteOptions
    cluster: "Cluster | None"
    device: str  #: the torch device of the trainings

    def plan(self, design: Design, trainings: Sequence[Training]) -> Plan:
        """Describe a design and its trainings on the suite's run, and find out which runs are finished."""
        self.describe(design, trainings)
        return Plan(design, trainings, self._finished_by_others())

    def carry_out(self, plan: Plan) -> tuple[Plan, Execution]:
        """Carry out a plan, and with ``until`` one more seed at a time until the effects are precisely known.

        The last seed is added after the widths have been found small enough (results/summary/analysis/
        precision.py says why). No seed is added when a training has failed. A suite that is started again
        comes to the same seeds by the same steps, in which it finds the runs finished.

        Returns
        -------
        Plan, Execution
            The plan of all seeds, with the runs that other suites have finished meanwhile, and the result.
        """
        until, most = self.options.until, self.options.max_seeds
        plan, execution = self._carry_out(plan)
        seeds, wide = len(plan.design.seeds), until > 0
        while wide and seeds < most and not execution.errors:
            precision = measure(self.suite.destination, until)
            say(precision.describe(seeds, until, most))
            wide = not precision.enough
            larger = plan.design.with_seeds(seeds + 1)
            plan = self.plan(larger, plan_trainings(larger, self.stores))
            plan, added = self._carry_out(plan, done=seeds)
            seeds, execution = seeds + 1, execution.then(added)
        if wide and not execution.errors:
            say(f"max_seeds={most}: no more seeds are added")
        return plan, execution

    def _carry_out(self, plan: Plan, done: int = 0) -> tuple[Plan, Execution]:
        """Carry out the missing trainings of a plan; those of the first ``done`` seeds have been."""
        destination = self.suite.destination
        sweep.remove_leftovers(destination, plan.trainings, plan.finished)
        suite_run.mark_reused(destination, plan.reused)
        missing = [training for training in plan.missing if training.config.seed >= done]
        jobs = [Job(training, destination, self.device, self._not_before_ms) for training in missing]
        # Runs that are still active afterwards belong to workers that died or were interrupted.
        try:
            execution = execute(jobs, self.options, self.cluster)
        finally:
            if server.answers(destination.tracking_uri):
                sweep.end_own_runs(destination)
        # Another suite may have finished some of them meanwhile.
        if jobs:
            plan = replace(plan, finished=self._finished_by_others())
            suite_run.mark_reused(destination, plan.reused)
        return plan, execution

    def _finished_by_others(self) -> dict[str, str]:
        destination = self.suite.destination
        return queries.finished_runs(destination, self._not_before_ms, destination.parent_id)

    @property
    def _not_before_ms(self) -> int:
        """Earliest start of a run that counts, in milliseconds since 1970; 0: any."""
        return self.suite.start_ms if self.options.fresh else 0
