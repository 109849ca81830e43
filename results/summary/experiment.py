"""Runs of anybody's in MLflow: parameters are factors, and each run has one number, a metric.

Nothing is known of single test items, so that intervals hold for other seeds alone.
"""

from collections.abc import Sequence
from math import isfinite

import mlflow
import pandas as pd
from mlflow.entities import Run

from ablations.process import names
from ablations.process.errors import UserError
from summary.analysis import Measure
from summary.table import RESERVED, Columns, Table


class NoExperiment(UserError):
    """An experiment whose runs cannot be compared; the message names the run and the parameter."""


def read_experiment(experiment: str, metric: str, columns: Columns) -> tuple[Table, int]:
    """Read the finished runs of an experiment, without those of this project's suites.

    Parameters
    ----------
    experiment : str
        Its name.
    metric : str
        The metric that is compared; of one that was logged several times, the last value.
    columns : Columns
        ``seed`` is the parameter that tells repetitions apart, ``factors`` are the parameters that are
        factors. Default of the latter: all others that differ between the runs.

    Returns
    -------
    table : Table
        One row per run.
    left_out : int
        Number of finished runs without the metric.

    Raises
    ------
    NoExperiment
        No such experiment; no run has the metric; a run lacks a parameter; two runs have the same
        parameters and seed, or none differ in the seed alone; a metric is not finite.
    """
    found = mlflow.get_experiment_by_name(experiment)
    if found is None:
        raise NoExperiment(f"no experiment is called {experiment} on {mlflow.get_tracking_uri()}")
    finished = mlflow.search_runs(
        [found.experiment_id], "attributes.status = 'FINISHED'", output_format="list", max_results=50_000
    )
    finished = [run for run in finished if run.data.tags.get(names.ROLE) not in (names.SUITE, names.CELL)]
    runs = [run for run in finished if metric in run.data.metrics]
    if not runs:
        metrics = sorted({name for run in finished for name in run.data.metrics})
        has = f"they have {', '.join(metrics)}" if metrics else "they have none"
        raise NoExperiment(f"no finished run of the experiment {experiment} has the metric {metric}; {has}")
    for run in runs:
        if not isfinite(value := run.data.metrics[metric]):
            raise NoExperiment(f"the run {_name(run)} has {metric}={value}, which is not a finite number")
    factors = columns.factors or _varied(runs, columns.seed)
    answers = _tabulate(runs, [*factors, columns.seed]).rename(columns={columns.seed: "seed"})
    if taken := RESERVED & set(factors):
        raise NoExperiment(f"a factor cannot be called {min(taken)}: leave it out with --factors")
    _check_repetitions(answers, factors, runs)
    answers["score"] = [run.data.metrics[metric] for run in runs]
    return Table(answers, Measure(metric, is_share=False, items="")), len(finished) - len(runs)


def _varied(runs: Sequence[Run], seed: str) -> tuple[str, ...]:
    """Name the parameters, without the seed, that differ between runs."""
    parameters = pd.DataFrame(run.data.params for run in runs).fillna("")
    return tuple(name for name in parameters if name != seed and len(set(parameters[name])) > 1)


def _tabulate(runs: Sequence[Run], parameters: Sequence[str]) -> pd.DataFrame:
    for run in runs:
        if absent := [name for name in parameters if name not in run.data.params]:
            raise NoExperiment(
                f"the run {_name(run)} has no parameter {absent[0]}: --factors names the parameters that are "
                "factors, --seed the one that tells repetitions apart"
            )
    return pd.DataFrame([{name: run.data.params[name] for name in parameters} for run in runs])


def _check_repetitions(answers: pd.DataFrame, factors: Sequence[str], runs: Sequence[Run]) -> None:
    twice = answers.duplicated(keep=False)
    if twice.any():
        same = (answers == answers[twice].iloc[0]).all(axis=1)
        one, other, *_ = (run for run, is_same in zip(runs, same, strict=True) if is_same)
        raise NoExperiment(f"the runs {_name(one)} and {_name(other)} have the same parameters and seed")
    if not answers.duplicated([*factors]).any():
        raise NoExperiment(
            f"no two runs differ in the seed alone, if the factors are {', '.join(factors) or 'none'}: name "
            "the factors with --factors"
        )


def _name(run: Run) -> str:
    return f"{run.info.run_name} ({run.info.run_id})"
