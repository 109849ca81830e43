"""A suite in two files, from which a reader makes its report again, without MLflow and without the images.

``answers.csv.gz`` has a row for each run and test image: the factors, seed, item (the image's name), truth
and prediction. ``suite.json`` has what is known of the suite beside them.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from summary.errors import AnswersError
from summary.suite import RUN_COLUMNS, Suite, displayed_cells

ANSWERS_FILE, SUITE_FILE = "answers.csv.gz", "suite.json"
FACTS = ("id", "name", "command", "start_time", "reused", "looks", "metrics", "about")  #: fields of Suite
#: of the archive: without a time, equal answers are equal files
GZIP: dict[str, Any] = {"method": "gzip", "compresslevel": 9, "mtime": 0}


def write(suite: Suite, margin: float, folder: Path) -> list[Path]:
    """Write a suite into a folder; returns the two files.

    ``margin`` is that of its report (`summary.analysis.analyse`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / ANSWERS_FILE, folder / SUITE_FILE]
    # Rows of one item stand together: they are alike, which makes the file some times smaller. A stable sort
    # leaves the runs in their order.
    answers = suite.answers.sort_values("item", kind="stable")
    answers[[*suite.factors, "seed", "item", "truth", "prediction"]].to_csv(
        files[0], index=False, compression=GZIP
    )
    runs = suite.runs.astype(object).where(suite.runs.notna(), None)
    record = {
        **{name: getattr(suite, name) for name in FACTS},
        "margin": float(margin),
        "runs": runs[list(RUN_COLUMNS)].to_dict("records"),
        "curves": _curves(suite),
    }
    files[1].write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return files


def is_suite(table: Path) -> bool:
    """Return True if a table of answers lies beside the description of its suite."""
    return table.name == ANSWERS_FILE and (table.parent / SUITE_FILE).is_file()


def read(folder: Path) -> tuple[Suite, float]:
    """Read the suite that `write` wrote; returns it and the margin of its report.

    Raises
    ------
    AnswersError
        The files are not as `write` writes them.
    """
    try:
        record = json.loads((folder / SUITE_FILE).read_text(encoding="utf-8"))
        labels = [
            {"cell": run["cell"], **run["levels"], "seed": run["seed"]} for run in record["about"]["runs"]
        ]
        columns = record["runs"]
        runs = pd.DataFrame({**label, **column} for label, column in zip(labels, columns, strict=True))
        facts = {name: record[name] for name in FACTS}
        factors = [factor["name"] for factor in record["about"]["factors"]]
        answers = _read_answers(folder / ANSWERS_FILE, factors, runs)
        curves = _labelled_curves(record, runs, factors)
        return Suite(runs=runs, answers=answers, curves=curves, **facts), float(record["margin"])
    except (KeyError, TypeError, ValueError) as error:
        raise AnswersError(
            f"{folder / SUITE_FILE} and {ANSWERS_FILE} are not those of a suite: {error}"
        ) from error


def _read_answers(path: Path, factors: list[str], runs: pd.DataFrame) -> pd.DataFrame:
    """Read the answers, with the name of each run's cell."""
    texts = dict.fromkeys([*factors, "item", "truth", "prediction"], str)
    answers = pd.read_csv(path, dtype={**texts, "seed": int}, keep_default_na=False)
    return answers.merge(runs[["cell", *factors, "seed"]], on=[*factors, "seed"], validate="many_to_one")


def _curves(suite: Suite) -> dict[str, dict[str, list]]:
    """Collect the learning curve of each training: weights -> column -> values by epoch."""
    if suite.curves.empty:
        return {}
    keys = ["cell", "seed"]
    weights = suite.finished.set_index(keys)["weights"]
    columns = [name for name in suite.curves if name not in (*keys, *suite.factors)]
    curves = suite.curves.assign(weights=suite.curves.set_index(keys).index.map(weights))
    first = curves.drop_duplicates(["weights", "epoch"])
    return {str(name): rows[columns].to_dict("list") for name, rows in first.groupby("weights", sort=False)}


def _labelled_curves(record: dict, runs: pd.DataFrame, factors: list[str]) -> pd.DataFrame:
    """Give each finished, displayed run the curve of its training."""
    displayed = set(displayed_cells(record["about"], runs))
    names = ["cell", *factors, "seed"]
    labelled = [
        pd.DataFrame(record["curves"][run["weights"]]).assign(**{name: run[name] for name in names})
        for run in runs.dropna(subset="run_id").to_dict("records")
        if run["cell"] in displayed and run["weights"] in record["curves"]
    ]
    return pd.concat(labelled, ignore_index=True) if labelled else pd.DataFrame()
