"""The course of a suite: prepare the images, plan the trainings, execute them, report the results."""

import time
from dataclasses import replace

from ablations.design.designs import Design, SuiteDescription
from ablations.design.trainings import plan_trainings
from ablations.engines.worker import Job
from ablations.process.progress import say
from ablations.suite import previews
from ablations.suite.execute import execute
from ablations.suite.machines import connect, resolve_device
from ablations.suite.options import SuiteOptions
from ablations.suite.plan import Plan
from ablations.suite.prepare import locate, prepare
from ablations.suite.provenance import provenance
from ablations.suite.report import report
from ablations.tracking import queries, server, suite_run, sweep


def run(design: Design, options: SuiteOptions, description: SuiteDescription) -> int:
    """Run the cells of a design that are not finished yet, and summarize all of them.

    Returns
    -------
    int
        The exit code: 1 if the run of a cell is missing at the end, else 0.

    Raises
    ------
    wikiart.errors.DataError
        The images cannot be used.
    ablations.tracking.server.ServerError
        The tracking server cannot be used, or cannot be reached at the end; the results are kept on disk.
    ablations.engines.engine.EngineError
        The device or the cluster cannot be used.
    KeyboardInterrupt
        After an interrupt, when the active runs have become KILLED.
    """
    start = time.monotonic()
    # 1. Check what may be missing, before hours of work: the server, the cluster, the device.
    server.check(server.tracking_uri())
    with connect(options) as cluster:
        device = resolve_device("auto" if cluster else options.device)
        # 2. Decode the images, and group the cells into trainings.
        dataset = locate(options)
        say(f"data: {dataset}")
        sizes = {design.config(cell, seed=0).image_size for cell in design.cells}
        images = prepare(dataset, sorted(sizes), options)
        planned = plan_trainings(design, images.stores)
        with suite_run.open_run() as suite:
            destination = suite.destination
            # 3. Describe the suite on its run.
            if ended := sweep.end_abandoned_runs(destination):
                say(f"{ended} runs that an earlier start had left RUNNING are KILLED now")
            facts = provenance(dataset, images, options, cluster.device if cluster else device, cluster)
            suite_run.describe(destination, description, design, planned, images.store, facts)
            suite_run.log_audit(destination, images.audit, images.store)
            previews.log(destination, design, images.store, device)
            # 4. Find out which runs are finished already.
            not_before_ms = suite.start_ms if options.fresh else 0
            plan = Plan(design, planned, queries.finished_runs(destination, not_before_ms))
            sweep.remove_leftovers(destination, planned, plan.finished)
            suite_run.mark_reused(destination, plan.reused)
            say(
                f"{len(plan.cells)} runs from {len(planned)} trainings; "
                f"{len(plan.reused)} runs are finished already"
            )
            preparation = time.monotonic() - start
            # 5. Carry out the others. Runs that are still active afterwards belong to workers that died or
            #    were interrupted.
            device = cluster.device if cluster else device
            jobs = [Job(training, destination, device, not_before_ms) for training in plan.missing]
            try:
                execution = execute(jobs, options, cluster)
            finally:
                if server.answers(destination.tracking_uri):
                    sweep.end_own_runs(destination)
            # 6. Another suite may have finished some of them meanwhile.
            if jobs:
                finished = queries.finished_runs(destination, not_before_ms, destination.parent_id)
                plan = replace(plan, finished=finished)
            suite_run.mark_reused(destination, plan.reused)
            suite_run.log_durations(destination, {"preparation": preparation, **execution.durations})
            code = report(destination, plan, images, execution, options)
            if execution.errors:
                suite.status = "FAILED"
    return code
