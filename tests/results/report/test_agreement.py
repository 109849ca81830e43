"""Title, claims, sentences, figure and table of a report agree, for any settings and images."""

import pandas as pd
import pytest

from ablations import ablate
from ablations.ablate import CARD
from ablations.design.factors import parse_factors
from ablations.process import names
from records import suite_over
from summary.analysis import Measure, analyse
from summary.report import page, plain
from summary.report.content import Content, of_suite
from summary.report.tables import THESE_TRAININGS
from summary.report.wording import ONE_SEED
from summary.suite import Suite

OTHER_SETTINGS = "dropout=0.01,0.3 learning_rate=0.001,0.01"
STUDIES = "All questions together: every combination of the four settings that the study changed."


def report_of(factors: str, **more) -> tuple[Suite, Content]:
    suite = suite_over(parse_factors(factors, CARD), tuple(CARD), ablate.__doc__.strip(), **more)
    analysis = analyse(
        suite.answers, suite.design, measure=Measure(items="images"), margin=20, replications=20
    )
    return suite, of_suite(suite, analysis)


def table_of(content: Content, name: str) -> pd.DataFrame:
    [table] = [part.table for part in content.parts if part.name == name and part.table is not None]
    return table.text


def verdicts_drawn(content: Content) -> list[str]:
    """The texts at the right edge of the figure of the effects."""
    [picture] = [part.picture for part in content.parts if part.name == "effects" and part.picture]
    return [text.get_text() for text in picture.figure.axes[0].texts if text.get_text()[0] not in "+-"]


@pytest.mark.parametrize("kind", [names.GENERATED, names.OTHER])
@pytest.mark.parametrize("seeds", [1, 3])
def test_settings_that_the_study_did_not_try(seeds, kind):
    _, content = report_of(OTHER_SETTINGS, seeds=seeds, kind=kind)
    assert content.title == "Effects of dropout and learning rate: every combination of their levels."
    assert not any("The study" in sentence for sentence in content.answers)
    effects = table_of(content, "effects")
    assert list(effects["effect"]) == [
        "Dropout 0.3 instead of 0.01",
        "Learning rate 0.01 instead of 0.001",
        "dropout 0.3 × rate 0.01",
    ]
    assert list(effects.columns) == [
        *("effect", "points", "95 % on new images" if seeds > 1 else THESE_TRAININGS, "verdict"),
    ]
    assert verdicts_drawn(content) == list(effects["verdict"])
    assert (set(effects["verdict"]) == {ONE_SEED}) == (seeds == 1)
    for _, row in effects.iterrows():
        sentences = [line for line in content.answers if line.startswith(f"**{row['effect']}**: ")]
        if "×" in row["effect"] and not sentences:
            sentences = [line for line in content.answers if " of two factors: " in line]
        assert row["verdict"].partition(", by")[0] in sentences[0]
        assert ("for these very trainings alone" in sentences[0]) == (seeds == 1 and "×" not in row["effect"])
    images = content.facts["images"]
    assert images.startswith(
        "generated pictures" if kind == names.GENERATED else "images of the folder pictures"
    )


def test_one_seed_has_its_own_marker_and_line():
    _, content = report_of(OTHER_SETTINGS, seeds=1)
    [picture] = [part.picture for part in content.parts if part.name == "effects" and part.picture]
    points = [line for line in picture.figure.axes[0].lines if line.get_marker() != "None"]
    assert {line.get_marker() for line in points} == {"s"}
    [entry] = picture.figure.legends[0].get_texts()
    assert entry.get_text() == "95 % on new images, for these trainings alone (one seed)"
    assert ONE_SEED in picture.alternative


@pytest.mark.parametrize(
    ("factors", "kind", "claimed"),
    [
        ("dropout smote", names.WIKIART, ["Dropout 0.1 instead of 0.01", "SMOTE instead of none"]),
        ("dropout smote", names.GENERATED, []),
        ("dropout smote", names.OTHER, []),
        ("dropout=0.01,0.1,0.3 smote=off,400", names.WIKIART, ["Dropout 0.1 instead of 0.01"]),
    ],
)
def test_a_claim_stands_beside_its_own_levels_and_images_alone(factors, kind, claimed):
    _, content = report_of(factors, kind=kind)
    beside = [line.split("**")[1] for line in content.answers if "The study: " in line]
    assert beside == claimed


def test_the_studys_title_is_that_of_the_whole_card_alone():
    assert report_of("")[1].title == STUDIES
    assert report_of("", design="half")[1].title.startswith(
        "Effects of class order, convolutions, dropout and"
    )


def test_the_head_says_what_was_run():
    facts = report_of(OTHER_SETTINGS, seeds=1)[1].facts
    assert facts["varied"] == "dropout 0.01, 0.3; learning_rate 0.001, 0.01"
    assert "epochs 10, " in facts["held fixed"]
    assert "dropout" not in facts["held fixed"]
    assert facts["design"] == "full: 4 cells, 1 seed; 4 runs from 4 trainings"
    assert facts["machine"] == "cpu; A processor; 4 cores"
    assert facts["versions"] == "Python 3.11.2, torch 2.11.0, MLflow 3.17.0, wikiart-ablations 0.1.0"
    assert facts["duration"] == "preparation 12 s, trainings 50 min"
    assert facts["date"] == "21 September 2026, 14:13 UTC"
    assert facts["code"] == "commit 5a794cfd9a4e"


def test_what_an_older_suite_did_not_record_is_left_out():
    suite, _ = report_of(OTHER_SETTINGS)
    for key in ("machine", "versions"):
        suite.about.pop(key)
    for key in ("kind", "folder", "layout", "image_sizes", "resize"):
        suite.about["data"].pop(key)
    for factor in suite.about["factors"]:
        for key in ("title", "words", "change"):
            factor.pop(key)
        factor["phrase"] = ""
    content = of_suite(suite, analyse(suite.answers, suite.design, replications=20))
    assert not {"machine", "versions"} & set(content.facts)
    assert content.facts["images"].startswith("21 styles, 210 images")
    assert list(table_of(content, "effects")["effect"]) == [
        "dropout 0.3 instead of 0.01",
        "learning_rate 0.01 instead of 0.001",
        "dropout 0.3 × learning_rate 0.01",
    ]


def test_validation_curves_are_drawn_below_those_of_training():
    labels = {}
    for validation in (False, True):
        _, content = report_of(OTHER_SETTINGS, validation=validation)
        [picture] = [part.picture for part in content.parts if part.name == "learning_curves"]
        labels[validation] = [axes.get_ylabel() for axes in picture.figure.axes]
    assert labels[False] == ["training loss (log scale)", "training accuracy"]
    assert labels[True] == [*labels[False], "validation loss (log scale)", "validation accuracy"]


def test_one_number_from_one_seed_has_no_interval(tmp_path):
    rows = [{"lr": rate, "seed": 0, "score": loss} for rate, loss in (("0.1", 2.0), ("0.5", 3.0))]
    analysis = analyse(pd.DataFrame(rows))
    report = plain.content(analysis, plain.cells_table(analysis, "full"), "sweep")
    assert table_of(report, "effects").to_dict("records") == [
        {"effect": "lr 0.5 instead of 0.1", "score": "+1.00", "verdict": ONE_SEED}
    ]
    assert verdicts_drawn(report) == [ONE_SEED]
    assert report.answers == [f"**lr 0.5 instead of 0.1**: {ONE_SEED}: +1.00."]
    page.write(report, tmp_path)
    assert (tmp_path / "report.html").is_file()
