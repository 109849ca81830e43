"""Words for levels and designs."""

import pytest

from ablations import ablate, smote
from ablations.ablate import CARD
from ablations.design.factors import parse_factors
from ablations.design.wording import level_words, question_text


@pytest.mark.parametrize(
    ("name", "level", "words"),
    [
        ("conv_layers", 3, "3 conv"),
        ("dropout", 0.1, "dropout 0.1"),
        ("smote", "off", "no SMOTE"),
        ("smote", "on", "SMOTE"),
        ("smote", "400", "SMOTE to 400"),
        ("smote", "auto", "SMOTE auto"),
        ("smote", "copy", "copies"),
        ("smote", "copy:400", "copies to 400"),
        ("class_order", "sorted", "sorted"),
        ("image_size", 128, "128 px"),
        ("epochs", 20, "epochs 20"),
    ],
)
def test_levels_in_words(name, level, words):
    assert level_words(name, level) == words


@pytest.mark.parametrize(
    ("question", "card", "factors", "kind", "title"),
    [
        (ablate, CARD, "", "full", "All questions together: every combination of the four settings"),
        (ablate, CARD, "", "half", "Effects of class order, convolutions, dropout and SMOTE: half of"),
        (ablate, CARD, "dropout=0,0.1 epochs=5,9", "full", "Effects of dropout and epochs: every"),
        (ablate, CARD, "dropout learning_rate=1,2", "one-at-a-time", "Effects of dropout and learning rate:"),
        (smote, [smote.FACTOR], "smote=off,on,400", "full", "SMOTE: do synthetic"),
        (smote, [smote.FACTOR], "dropout=0,0.1", "full", "Effect of dropout: 0.0, 0.1."),
    ],
)  # fmt: skip
def test_the_title_is_true_of_the_suite(question, card, factors, kind, title):
    text = question_text(question.__doc__.strip(), card, parse_factors(factors, card), kind)
    assert text.startswith(title)


def test_phrase_and_claim_stay_with_the_change_that_they_are_about():
    [factor] = parse_factors("smote=off,400,on", CARD)
    assert factor.levels == ("off", "400", "on")
    assert factor.change == ("off", "on")
    assert factor.phrase == smote.FACTOR.phrase
