"""Reports name the metric that decides, and where accuracy and balanced accuracy differ."""

import pandas as pd
import pytest

from simulation import full_factorial
from suites import SMOTE
from summary.analysis import Analysis, Measure, analyse
from summary.report import effect_figures, sentences, tables
from summary.report.wording import Wording

#: right answers among 90 items of a frequent class and 10 of a rare one, for each seed
ONLY_BALANCED = {"off": [(70, 0), (72, 1), (71, 0), (71, 1)], "on": [(66, 6), (64, 7), (66, 5), (65, 6)]}
BOTH = {"off": [(50, 0), (52, 1), (51, 0), (51, 1)], "on": [(76, 6), (74, 7), (76, 5), (75, 6)]}


def answers(right: dict[str, list[tuple[int, int]]]) -> pd.DataFrame:
    items = [("frequent", number) for number in range(90)] + [("rare", number) for number in range(10)]
    other = {"frequent": "rare", "rare": "frequent"}
    return pd.DataFrame(
        {
            **{"smote": level, "seed": seed, "item": f"{truth} {number}", "truth": truth},
            "prediction": truth if number < counts[truth == "rare"] else other[truth],
        }
        for level, seeds in right.items()
        for seed, counts in enumerate(seeds)
        for truth, number in items
    )


def analysis(right: dict[str, list[tuple[int, int]]], metric: str = "accuracy") -> Analysis:
    groups = {"fewer than 20": ["rare"], "500 or more": ["frequent"]}
    measure = Measure(metric, items="images")
    return analyse(answers(right), full_factorial((SMOTE,)), measure=measure, groups=groups)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_the_first_sentence_names_both_metrics_where_they_differ(metric):
    first = sentences.answers(Wording(), analysis(ONLY_BALANCED, metric))[0]
    assert first.startswith("**Accuracy and balanced accuracy do not say the same**")
    assert "smote on instead of off (cannot tell, -0.2; raises, +24.3)" in first


def test_no_sentence_where_the_metrics_agree():
    assert not any("do not say the same" in line for line in sentences.answers(Wording(), analysis(BOTH)))


def test_the_metric_that_decides_is_named_in_sentence_table_and_figure():
    result = analysis(BOTH, "balanced_accuracy")
    sentence, *_ = sentences.answers(Wording(), result)
    assert "raises balanced accuracy" in sentence
    assert "It moved accuracy" in sentence
    assert "Percentage points of balanced accuracy" in tables.effects_table(result, Wording()).caption
    figure = effect_figures.forest(result, Wording()).figure
    assert figure.axes[0].get_xlabel() == "effect, in percentage points of balanced accuracy"


def test_the_figure_of_groups_says_which_of_them_an_effect_helps():
    picture = effect_figures.per_group_effects(analysis(ONLY_BALANCED), Wording())
    labels = [label.get_text() for label in picture.figure.axes[0].get_yticklabels()]
    assert labels == ["fewer than 20 (10)", "500 or more (90)"]
    assert "fewer than 20 +55.0, 500 or more" in picture.alternative
