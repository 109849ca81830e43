"""Suites as MLflow would hold them, made from answers without running anything."""

from itertools import product

import pandas as pd

import suites
from ablations.design import designs
from ablations.design.factors import Factor
from ablations.design.wording import question_text
from ablations.process import names
from ablations.tracking.suite_run import factor_record
from summary.analysis import Design
from summary.analysis import Factor as AnalysedFactor
from summary.report.wording import Wording
from summary.suite import Suite

EPOCHS = (1, 2, 3)


def suite_of(
    answers: pd.DataFrame, about: dict, *, validation: bool = False, run_name: str = "rare-bird-1"
) -> Suite:
    """A finished suite with these answers; ``about`` is its design.json."""
    wording = Wording(about["factors"])
    factors = [factor["name"] for factor in about["factors"]]
    rows, curves = [], []
    for (*levels, seed), items in answers.groupby([*factors, "seed"], sort=False):
        cell = dict(zip(factors, levels, strict=True))
        accuracy = (items["truth"] == items["prediction"]).mean()
        label = ", ".join(wording.level(name, level) for name, level in cell.items())
        run = {"cell": label, **cell, "seed": seed}
        weights = f"{[cell[name] for name in factors if name != 'class_order']} {seed}"
        found = {"run_id": f"{len(rows)}", "commit": "5a794cfd9a4e", "artifacts": "", "weights": weights}
        rows.append({**run, **found, **dict.fromkeys(names.METRICS, accuracy)})
        losses = {"loss": 1.0, "accuracy": accuracy}
        if validation:
            losses |= {"validation_loss": 2.0, "validation_accuracy": accuracy / 2}
        curves += [
            {**run, "epoch": epoch, **{name: value / epoch for name, value in losses.items()}}
            for epoch in EPOCHS
        ]
    runs = pd.DataFrame(rows)
    about = {
        **about,
        "runs": [
            {"cell": row["cell"], "levels": {n: row[n] for n in factors}, "seed": row["seed"]} for row in rows
        ],
    }
    return Suite(
        id="0123",
        name=run_name,
        about=about,
        runs=runs,
        answers=answers.merge(runs[["cell", "seed", *factors]], on=[*factors, "seed"]),
        curves=pd.DataFrame(curves),
        command=about.get("command", "mlflow run . -e ablate"),
        start_time=1_790_000_000_000,
        metrics={"time/preparation_s": 12.0, "time/trainings_s": 3000.0},
    )


def data_of(answers: pd.DataFrame, kind: str = names.GENERATED) -> dict:
    """The part of design.json about the images."""
    counts = answers.drop_duplicates("item")["truth"].value_counts()
    styles = [{"style": style, "train": 10, "test": int(count)} for style, count in counts.items()]
    images = {"folder": "pictures", "layout": "folders", "image_sizes": [64], "resize": "stretch"}
    majority = {"majority_style": counts.index[0], "majority_accuracy": float(counts.iloc[0] / counts.sum())}
    return {"styles": styles, **majority, "kind": kind, **images}


def suite_over(
    factors: tuple[Factor, ...],
    card: tuple[Factor, ...],
    text: str,
    *,
    seeds: int = 3,
    kind: str = names.GENERATED,
    design: str = "full",
    **more: bool,
) -> Suite:
    """A suite over any settings, with simulated answers and the records that a real one writes."""
    made = designs.make(design, factors, {}, seeds)
    analysed = [AnalysedFactor(f.name, tuple(map(str, f.levels)), f.stage) for f in factors]
    cells = [{name: str(level) for name, level in cell.items()} for cell in made.cells]
    planned = Design(tuple(analysed), tuple(cells), "full" if design == "full" else "fraction")
    answers = suites.suite(planned, seeds=seeds, items=100)
    about = {
        "question": question_text(text, card, factors, design).splitlines()[0],
        "design": design,
        "factors": [factor_record(factor, claims=kind == names.WIKIART) for factor in factors],
        "base": {name: str(level) for name, level in made.base.items()},
        "data": data_of(answers, kind),
        "machine": {"device": "cpu", "processor": "A processor", "cores": 4},
        "versions": {"Python": "3.11.2", "torch": "2.11.0", "MLflow": "3.17.0", "wikiart-ablations": "0.1.0"},
    }
    return suite_of(answers, about, **more)


def suite_of_styles(styles: list[str], run_name: str, question: str = "a question") -> Suite:
    """A suite of two levels of dropout and two seeds, whose test images are of these styles."""
    levels = ("0.01", "0.1")
    answers = pd.DataFrame(
        {
            "dropout": level,
            "seed": seed,
            "item": f"{image}/{style}",
            "truth": style,
            "prediction": styles[(n * number + image) % len(styles)],
        }
        for n, (level, seed) in enumerate(product(levels, (0, 1)))
        for number, style in enumerate(styles)
        for image in range(2)
    )
    words = [f"dropout {styles[0]}", styles[-1]]
    factor = {"name": "dropout", "levels": levels, "words": words, "stage": "train", "phrase": styles[0]}
    about = {
        "question": question,
        "command": question,
        "design": "full",
        "factors": [{**factor, "claim": styles[-1], "change": levels}],
        "base": {"dropout": "0.1", "epochs": styles[0]},
        "data": {**data_of(answers, names.OTHER), "folder": styles[0], "layout": styles[-1]},
        "machine": {"device": "cpu", "processor": styles[0], "cores": 1},
        "versions": {"Python": styles[-1]},
    }
    return suite_of(answers, about, run_name=run_name)
