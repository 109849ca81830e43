"""The comparison table of a suite, from what MLflow holds of it.

Prints the table and writes it as Markdown, CSV and LaTeX under results/<name>/.

Example: python results/summarize.py --suite 3f1c0d... --name report
"""

import re
from dataclasses import dataclass
from pathlib import Path

import click
import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run

METRICS = {
    "accuracy": "test/accuracy",
    "balanced accuracy": "test/balanced_accuracy",
    "macro-F1": "test/macro_f1",
}


@dataclass(frozen=True)
class Suite:
    """One suite as MLflow holds it.

    ``design`` is the parent's design.json. ``runs`` has a row for each planned run: cell, the
    factors, seed, fingerprint, and run_id and the metrics, missing where no run is finished.
    """

    parent: Run
    design: dict
    runs: pd.DataFrame

    @property
    def factors(self) -> list[str]:
        """Names of the factors."""
        return [factor["name"] for factor in self.design["factors"]]


def newest_suite(experiment: str) -> str:
    """Id of the newest suite, of one experiment or of all.

    Raises
    ------
    click.ClickException
        No such experiment, or no suite in it.
    """
    if experiment and mlflow.get_experiment_by_name(experiment) is None:
        raise click.ClickException(f"no experiment is called {experiment} on {mlflow.get_tracking_uri()}")
    found = mlflow.search_runs(
        experiment_names=[experiment] if experiment else None,
        search_all_experiments=not experiment,
        filter_string="tags.role = 'suite'",
        max_results=1,
        output_format="list",
    )
    if not found:
        raise click.ClickException(
            f"no suite on {mlflow.get_tracking_uri()}: run one with mlflow run . -e ablate"
        )
    return found[0].info.run_id


def read_suite(suite_id: str) -> Suite:
    """Find the finished run of every planned cell and seed.

    A run is known by its fingerprint, so that one which an earlier suite finished counts; the
    suite's own comes first, then the newest.

    Raises
    ------
    click.ClickException
        There is no such run, or it is no suite.
    """
    client = MlflowClient()
    try:
        parent = client.get_run(suite_id)
        design = mlflow.artifacts.load_dict(f"{parent.info.artifact_uri}/design.json")
    except mlflow.MlflowException as error:
        reason = str(error).splitlines()[0]
        raise click.ClickException(
            f"{suite_id} is no suite on {mlflow.get_tracking_uri()}: {reason}"
        ) from error
    finished = _finished(parent)
    rows = []
    for planned in design["runs"]:
        run = finished.get(planned["fingerprint"])
        row = {"cell": planned["cell"], **planned["levels"], "seed": planned["seed"]}
        if run is not None:
            metrics = {name: run.data.metrics.get(key) for name, key in METRICS.items()}
            row.update(run_id=run.info.run_id, **metrics)
        rows.append(row)
    columns = ["cell", *design["runs"][0]["levels"], "seed", "run_id", *METRICS]
    return Suite(parent, design, pd.DataFrame(rows, columns=columns))


def _finished(parent: Run) -> dict[str, Run]:
    condition = "tags.role = 'cell' and attributes.status = 'FINISHED'"
    runs = mlflow.search_runs(
        [parent.info.experiment_id], condition, output_format="list", max_results=50_000
    )
    own = [run for run in runs if run.data.tags["suite"] == parent.info.run_id]
    found: dict[str, Run] = {}
    for run in (*own, *runs):
        found.setdefault(run.data.tags["fingerprint"], run)
    return found


def table(suite: Suite) -> pd.DataFrame:
    """One row a cell: factors, number of seeds, and mean and spread of each metric, as text in percent.

    The spread is the standard deviation over the seeds; a cell with one seed has none, and a
    cell without a finished run is shown as missing. The last row is the majority baseline.
    """
    rows = []
    for levels, cell in suite.runs.groupby(["cell", *suite.factors], sort=False):
        done = cell.dropna(subset="run_id")
        row = dict(zip(suite.factors, levels[1:], strict=True))
        row["seeds"] = f"{len(done)} of {len(cell)}" if len(done) < len(cell) else str(len(cell))
        row.update({name: spread(done[name]) for name in METRICS})
        rows.append(row)
    baseline = dict.fromkeys(suite.factors, "")
    majority = suite.design["data"]
    baseline[suite.factors[0]] = f"always {majority['majority_style']}"
    rows.append({**baseline, "seeds": "", **baseline_scores(majority)})
    return pd.DataFrame(rows)


def baseline_scores(data: dict) -> dict[str, str]:
    """The three metrics of always answering the most frequent training style, in percent."""
    tested = sum(style["test"] > 0 for style in data["styles"])
    share = data["majority_accuracy"]
    hit = share > 0  # the majority style has a test image
    f1 = 2 * share / (1 + share)
    values = (share, hit / tested, f1 / tested)
    return {name: f"{100 * value:.1f}" for name, value in zip(METRICS, values, strict=True)}


def spread(values: pd.Series) -> str:
    """``"45.1 ± 0.8"`` in percent: mean and standard deviation over the seeds."""
    if values.empty:
        return "missing"
    mean = f"{100 * values.mean():.1f}"
    return mean if len(values) == 1 else f"{mean} ± {100 * values.std(ddof=1):.1f}"


def notes(suite: Suite) -> list[str]:
    """What must be known to read the table."""
    items = sum(style["test"] for style in suite.design["data"]["styles"])
    missing = suite.runs["run_id"].isna().sum()
    lines = [
        f"Test accuracy in percent, mean ± standard deviation over the seeds; {items:,} test images, "
        f"{len(suite.runs) - missing} runs, design {suite.design['design']}.",
        f"The last row always answers {suite.design['data']['majority_style']}, the most frequent training style.",
    ]
    if missing:
        lines.append(f"{missing} of {len(suite.runs)} runs are missing: not finished, or failed.")
    return lines


def write(suite: Suite, cells: pd.DataFrame, folder: Path) -> list[Path]:
    """Write the table as Markdown, CSV and LaTeX; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    caption = " ".join(notes(suite))
    texts = {
        "table.md": f"{cells.to_markdown(index=False, disable_numparse=True)}\n\n{caption}\n",
        "table.csv": cells.to_csv(index=False),
        "table.tex": latex(cells, caption),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def latex(cells: pd.DataFrame, caption: str) -> str:
    """A table environment that needs the package booktabs."""
    body = cells.replace("±", "PLUSMINUS", regex=True)
    text = body.to_latex(
        index=False, escape=True, caption=caption.replace("±", "PLUSMINUS"), label="tab:cells"
    )
    return text.replace("PLUSMINUS", r"$\pm$")


def folder_name(suite: Suite) -> str:
    """The suite's name as that of a folder."""
    return re.sub(r"[^\w.-]+", "-", suite.parent.info.run_name or suite.parent.info.run_id)


@click.command(help=__doc__)
@click.option("--suite", default="", help="Id of the suite's run.  [default: the newest]")
@click.option(
    "--experiment", default="", help="Name of the experiment to find the newest suite in.  [default: all]"
)
@click.option("--name", default="", help="Folder below --out.  [default: the name of the suite's run]")
@click.option(
    "--out", default="results", show_default=True, type=Path, help="Folder of the summary's folder."
)
def command(suite: str, experiment: str, name: str, out: Path) -> None:
    chosen = read_suite(suite or newest_suite(experiment))
    cells = table(chosen)
    click.echo(f"{chosen.design['question']}  (suite {chosen.parent.info.run_id})\n")
    click.echo(cells.to_markdown(index=False, disable_numparse=True, tablefmt="simple"))
    click.echo("\n" + "\n".join(notes(chosen)))
    files = write(chosen, cells, out / (name or folder_name(chosen)))
    click.echo("\n" + "\n".join(str(file) for file in files))


if __name__ == "__main__":
    command()
