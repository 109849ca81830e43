"""Tables of one's own: the same effects without MLflow, the design found, mistakes in one line."""

import subprocess
import sys
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits
from sklearn.tree import DecisionTreeClassifier

import suites
import summarize
from simulation import full_factorial, half_fraction, one_at_a_time
from summary.analysis import analyse, find_design
from summary.errors import AnswersError
from summary.table import Columns, read_table

FACTORS = suites.CARD[1:]


@pytest.fixture(scope="module")
def digits() -> pd.DataFrame:
    """Decision trees on scikit-learn's digits: depth and criterion, three seeds."""
    images, labels = load_digits(return_X_y=True)
    tables = []
    for depth, criterion, seed in product((4, 10), ("gini", "entropy"), range(3)):
        tree = DecisionTreeClassifier(max_depth=depth, criterion=criterion, random_state=seed, max_features=8)
        answers = tree.fit(images[:1200], labels[:1200]).predict(images[1200:])
        run = {"depth": depth, "criterion": criterion, "seed": seed, "item": range(len(answers))}
        tables.append(pd.DataFrame({**run, "truth": labels[1200:], "prediction": answers}))
    return pd.concat(tables, ignore_index=True)


def test_the_command_analyses_a_table_of_scikit_learns_without_mlflow(digits, tmp_path):
    digits.to_csv(tmp_path / "digits.csv.gz", index=False)
    code = (
        "import os, runpy, sys; sys.argv = sys.argv[1:]; sys.path[0] = os.path.dirname(sys.argv[0])\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally: print(*{'mlflow', 'torch', 'wikiart'} & set(sys.modules), file=sys.stderr)"
    )
    arguments = ["--table", "digits.csv.gz", "--reference", "criterion=gini", "--margin", "1"]
    command = [sys.executable, "-c", code, summarize.__file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == ""
    assert "depth 10 instead of 4: raises accuracy" in done.stdout
    effects = pd.read_csv(tmp_path / "results" / "digits" / "effects.csv")
    right = digits["truth"] == digits["prediction"]
    means = right.groupby(digits["depth"]).mean()  # as many answers in each cell
    row = suites.effect(effects, "depth")
    assert row["estimate_points"] == pytest.approx(100 * (means[10] - means[4]), abs=1e-4)
    row = suites.effect(effects, "criterion")
    assert (row["reference"], row["level"]) == ("gini", "entropy")
    assert (tmp_path / "results" / "digits" / "effects.svg").is_file()


def test_a_table_of_scores_is_reported_in_their_unit_and_speaks_of_items(digits, tmp_path):
    error = (digits["truth"] - digits["prediction"]).abs()
    scored = digits.drop(columns=["truth", "prediction"]).assign(error=error)
    scored.to_csv(tmp_path / "errors.csv", index=False)
    arguments = ["--table", str(tmp_path / "errors.csv"), "--score", "error", "--out", str(tmp_path)]
    done = CliRunner().invoke(summarize.command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    means = error.groupby(digits["depth"]).mean()
    effect = f"{means[10] - means[4]:+.2f}"  # as many items in each cell
    assert "depth 10 instead of 4: probably lowers error" in done.output
    assert f"({effect}, [" in done.output
    assert "12 runs on 597 test items" in done.output
    texts = [done.output, *(path.read_text() for path in (tmp_path / "errors").glob("*.md"))]
    assert not any("image" in text or "points" in text for text in texts)


def test_correct_instead_of_predictions_and_other_names_give_the_same_effects(digits, tmp_path):
    correct = (digits["truth"] == digits["prediction"]).astype(int)
    renamed = digits.rename(columns={"seed": "run", "item": "image"}).drop(columns=["truth", "prediction"])
    renamed.assign(hit=correct, unused=1).to_parquet(tmp_path / "answers.parquet")
    columns = Columns(seed="run", item="image", correct="hit", factors=("depth", "criterion"))
    answers = read_table(tmp_path / "answers.parquet", columns).answers
    effects = analyse(answers).effects
    assert set(effects["metric"]) == {"accuracy"}
    expected = analyse(digits, replications=2).effects.query("metric == 'accuracy'")
    numbers = ["estimate", "low", "high", "p_holm"]
    assert effects[numbers].to_numpy() == pytest.approx(expected[numbers].to_numpy())


@pytest.mark.parametrize(
    ("planned", "kind", "cells"),
    [
        (full_factorial(FACTORS), "full", 8),
        (half_fraction(FACTORS, suites.BASE), "fraction", 4),
        (one_at_a_time(FACTORS, suites.BASE), "one-at-a-time", 4),
    ],
)
def test_design_is_found_from_the_cells(planned, kind, cells):
    design = find_design(suites.suite(planned, seeds=1, items=5))
    assert (design.kind, len(design.cells)) == (kind, cells)
    if kind == "one-at-a-time":
        assert design.base == {name: suites.BASE[name] for name in design.names}


def test_cells_that_a_full_design_lacks_are_missing():
    answers = suites.suite(full_factorial(FACTORS), seeds=2, items=20)
    present = answers.query("not (conv_layers == '3' and dropout == '0.1' and smote == 'on')")
    analysis = analyse(present, replications=2)
    assert analysis.effects.empty
    assert "1 of 8 trained cells have no run" in analysis.notes[0]
    assert len(analysis.partial) > 0


def test_numbers_are_ordered_by_size_and_a_shared_training_is_paired():
    answers = suites.suite(full_factorial(suites.CARD), seeds=2, items=30)
    answers["conv_layers"] = answers["conv_layers"].map({"1": "10", "3": "9"})
    design = find_design(answers, references={"smote": "on"}, shared_trainings=["class_order"])
    levels = {factor.name: factor.levels for factor in design.factors}
    assert levels["conv_layers"] == ("9", "10")
    assert levels["smote"] == ("on", "off")
    assert [factor.name for factor in design.evaluated] == ["class_order"]


@pytest.mark.parametrize(
    ("spoil", "columns", "message"),
    [
        (lambda t: t, Columns(seed="run"), "has no column run; it has depth"),
        (lambda t: t.drop(columns="seed"), Columns(), "has no column seed; it has depth"),
        (lambda t: t, Columns(factors=("width",)), "has no column width"),
        (
            lambda t: t.drop(columns=["prediction"]),
            Columns(),
            "neither a column prediction nor a column correct",
        ),
        (lambda t: t.assign(item=t["item"].where(t.index != 6)), Columns(), "row 7: column item is empty"),
        (
            lambda t: t.drop(columns="prediction").assign(hit=2),
            Columns(correct="hit"),
            "row 1: column hit is neither",
        ),
        (
            lambda t: t.assign(score="0.5x"),
            Columns(score="score"),
            "row 1: column score is not a finite number",
        ),
        (lambda t: t.assign(loss=float("inf")), Columns(score="loss"), "row 1: column loss is not a finite"),
        (lambda t: pd.concat([t, t.iloc[:1]]), Columns(), "row 7165: column item names an item"),
        (lambda t: t.drop(index=5), Columns(), "row 1: column item: this run has no row for 5,"),
        (
            lambda t: t.query("item % 2 == 0 or seed > 0"),
            Columns(),
            "row 1: column item: this run has no row for 1,",
        ),
        (
            lambda t: t.assign(truth=t["truth"].where(t.index != 600, 10)),
            Columns(),
            "row 601: column truth differs",
        ),
        (
            lambda t: t.query("depth == 4 or criterion == 'gini' and seed == 0"),
            Columns(),
            "column depth: the level 10",
        ),
        (lambda t: t.rename(columns={"depth": "cell"}), Columns(), "a factor cannot be called cell"),
    ],
)
def test_a_bad_table_is_refused_with_column_and_row(digits, tmp_path, spoil, columns, message):
    spoil(digits).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(AnswersError, match=message):
        read_table(tmp_path / "bad.csv", columns)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ("depth == 4 and criterion == 'gini'", {}, "no factor"),
        ("seed >= 0", {"references": {"depth": "5"}}, "column depth has no level 5; it has 4, 10"),
        ("seed >= 0", {"shared_trainings": ["order"]}, "no factor order"),
    ],
)
def test_a_design_that_is_not_there_is_refused(digits, rows, options, message):
    with pytest.raises(AnswersError, match=message):
        find_design(digits.query(rows), **options)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "text.parquet").write_text("nothing")
    with pytest.raises(AnswersError, match=r"text\.parquet cannot be read as a table"):
        read_table(Path(tmp_path / "text.parquet"), Columns())
