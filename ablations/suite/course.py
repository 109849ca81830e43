"""The course of a suite: prepare the images, plan the trainings, execute them, report the results."""

import time
from functools import partial

from ablations.design.designs import Design, SuiteDescription
from ablations.design.trainings import plan_digest, plan_trainings
from ablations.process.progress import say
from ablations.process.wording import count
from ablations.suite import findings, previews
from ablations.suite.machines import check_device, connect, find_device
from ablations.suite.options import SuiteOptions
from ablations.suite.plan import Plan
from ablations.suite.prepare import locate, prepare
from ablations.suite.previews import Previews
from ablations.suite.provenance import provenance
from ablations.suite.report import report, report_again
from ablations.suite.rounds import Rounds
from ablations.tracking import queries, repetition, server, suite_run, sweep
from wikiart.images.paintings import Paintings
from wikiart.smote.spelling import split_level


def run(
    design: Design, dataset: Paintings | None, options: SuiteOptions, description: SuiteDescription
) -> int:
    """Run the cells of a design that are not finished yet, and summarize all of them.

    If a suite of the same design is finished, its summary is written again and no run is created.

    Parameters
    ----------
    design : Design
        The cells and seeds.
    dataset : Paintings or None
        The images. None: the sample, which is painted.
    options : SuiteOptions
        All other options.
    description : SuiteDescription
        The question in words.

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
    # 1. Check what may be missing, before hours of work: the device, the server, the cluster.
    check_device(options.device)
    uri = server.tracking_uri()
    server.check(uri)
    with connect(options) as cluster:
        # 2. Decode the images, and group the cells into trainings.
        if dataset is None:
            dataset = locate(options)
            say(f"data: {dataset}")
        sizes = {design.config(cell, seed=0).image_size for cell in design.cells}
        images = prepare(dataset, sorted(sizes), options)
        trainings = plan_trainings(design, images.stores)
        levels = previews.smote_levels(design, images.store)
        blends = any(not split_level(level.config.smote)[0] for level in levels)
        for line in findings.thin_styles(images.store, smote=blends):
            say(line, always=True)
        # 3. If a whole suite of this design is finished, there is nothing to run. With ``until``, its seeds
        #    are known only after the rounds.
        experiment = None if options.fresh or options.until else repetition.experiment(uri)
        if experiment and not Plan(design, trainings, queries.finished_runs(experiment, 0)).missing:
            digest = plan_digest(description, design, trainings)
            if earlier := repetition.finished_suite(experiment, digest):
                return report_again(earlier, design, images, options)
        device = cluster.device if cluster else find_device(options.device)
        with suite_run.open_run() as suite:
            destination = suite.destination
            # 4. Describe the suite on its run, and find out which runs are finished already.
            if ended := sweep.end_abandoned_runs(destination):
                say(f"KILLED now: {count(ended, 'run')} that an earlier start had left RUNNING")
            facts = provenance(dataset, images, options, device, cluster)
            describe = partial(
                suite_run.describe, destination, description, store=images.store, provenance=facts
            )
            rounds = Rounds(suite, describe, images.stores, options, cluster, device)
            plan = rounds.plan(design, trainings)
            suite_run.log_audit(destination, images.audit, images.store)
            say(
                f"{count(len(plan.cells), 'run')} from {count(len(trainings), 'training')}, "
                f"{len(plan.reused):,} of them finished already"
            )
            preparation = time.monotonic() - start
            # 5. Carry out the others, and summarize all.
            plan, execution = rounds.carry_out(plan)
            suite_run.log_durations(destination, {"preparation": preparation, **execution.durations})
            # 6. Report, while a worker draws the previews: the trainings have searched the neighbours.
            local = "auto" if cluster else device
            with previews.drawn(Previews(destination, images.store.folder, levels, local)):
                code = report(destination, plan, images, execution, options)
            if execution.errors:
                suite.status = "FAILED"
    return code
