"""The course of a suite: prepare the images, plan the trainings, execute them, report the results."""

import time
from functools import partial

from ablations.design.designs import Design, SuiteDescription
from ablations.design.trainings import plan_trainings
from ablations.process.progress import say
from ablations.suite import previews
from ablations.suite.machines import connect, resolve_device
from ablations.suite.options import SuiteOptions
from ablations.suite.prepare import locate, prepare
from ablations.suite.provenance import provenance
from ablations.suite.report import report
from ablations.suite.rounds import Rounds
from ablations.tracking import server, suite_run, sweep


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
        trainings = plan_trainings(design, images.stores)
        with suite_run.open_run() as suite:
            destination = suite.destination
            # 3. Describe the suite on its run, and find out which runs are finished already.
            if ended := sweep.end_abandoned_runs(destination):
                say(f"{ended} runs that an earlier start had left RUNNING are KILLED now")
            facts = provenance(dataset, images, options, cluster.device if cluster else device, cluster)
            describe = partial(
                suite_run.describe, destination, description, store=images.store, provenance=facts
            )
            rounds = Rounds(
                suite, describe, images.stores, options, cluster, cluster.device if cluster else device
            )
            plan = rounds.plan(design, trainings)
            suite_run.log_audit(destination, images.audit, images.store)
            previews.log(destination, design, images.store, device)
            say(
                f"{len(plan.cells)} runs from {len(trainings)} trainings; "
                f"{len(plan.reused)} runs are finished already"
            )
            preparation = time.monotonic() - start
            # 4. Carry out the others, and summarize all.
            plan, execution = rounds.carry_out(plan)
            suite_run.log_durations(destination, {"preparation": preparation, **execution.durations})
            code = report(destination, plan, images, execution, options)
            if execution.errors:
                suite.status = "FAILED"
    return code
