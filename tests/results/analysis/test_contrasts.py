"""Designs and contrasts: against a textbook, by their algebra, and where they are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation import full_factorial, half_fraction, one_at_a_time
from suites import BASE, CARD, PRIOR, SMOTE
from summary.analysis import Design, Factor
from summary.analysis.contrasts import paired_contrasts, trained_contrasts
from summary.analysis.layout import Layout
from summary.analysis.samples import Sample


def test_the_pilot_plant_of_box_hunter_and_hunter():
    """Statistics for Experimenters, 2nd ed., chapter 5: a replicated 2^3."""
    yields = {
        ("160", "20", "A"): (59, 61),
        ("180", "20", "A"): (74, 70),
        ("160", "40", "A"): (50, 58),
        ("180", "40", "A"): (69, 67),
        ("160", "20", "B"): (50, 54),
        ("180", "20", "B"): (81, 85),
        ("160", "40", "B"): (46, 44),
        ("180", "40", "B"): (79, 81),
    }
    factors = Factor("T", ("160", "180")), Factor("C", ("20", "40")), Factor("K", ("A", "B"))
    cells = [cell for cell, pair in yields.items() for _ in pair]
    value = np.array([y for pair in yields.values() for y in pair], float)
    layout = Layout(cells, range(16))  # genuine replicates: no common seeds
    printed = {"T": 23.0, "C": -5.0, "K": 1.5, "T x C": 1.5, "T x K": 10.0, "C x K": 0.0}
    for contrast in trained_contrasts(full_factorial(factors)):
        estimate, parts = layout.estimate(contrast, Sample(value, np.zeros((16, 16)), 1))
        halved = 2 if contrast.kind == "interaction" else 1  # the book halves the difference of differences
        assert estimate / halved == pytest.approx(printed[contrast.factor])
        assert round(np.sqrt(parts.run) / halved, 1) == 1.4


@pytest.mark.parametrize(("smote", "sign"), [("off", -1), ("on", 1)])
def test_main_effect_of_a_half_fraction_is_confounded_with_its_alias(smote, sign):
    """A pure interaction of B and C shows up as the main effect of A, with the sign that is named."""
    base = {"conv_layers": "1", "dropout": "0.01", "smote": smote}
    design = half_fraction(CARD[1:], base)
    [main, *_] = trained_contrasts(design)
    same = {cell: 1 if (cell[1] == "0.1") == (cell[2] == "on") else -1 for cell in design.trained_cells}
    assert sum(weight * same[cell] for cell, weight in main.weights().items()) == 2 * sign
    assert main.aliases == ("minus " if sign < 0 else "") + "dropout x smote"


def test_aliases_of_a_quarter_fraction_follow_from_its_cells():
    """The 2^(5-2) with D = AB and E = AC, hence I = ABD = ACE = BCDE (Box, Hunter and Hunter, chapter 6)."""
    factors = tuple(Factor(name, ("-", "+")) for name in "ABCDE")
    cells = [
        {"A": a, "B": b, "C": c, "D": "+" if a == b else "-", "E": "+" if a == c else "-"}
        for a in "-+"
        for b in "-+"
        for c in "-+"
    ]
    aliases = {c.factor: c.aliases for c in trained_contrasts(Design(factors, tuple(cells), "quarter"))}
    assert aliases == {
        "A": "B x D, C x E",
        "B": "A x D, C x D x E",
        "C": "A x E, B x D x E",
        "D": "A x B, B x C x E",
        "E": "A x C, B x C x D",
    }


def test_effects_of_a_full_design_and_one_at_a_time_have_no_aliases():
    for design in (full_factorial(CARD, BASE), one_at_a_time(CARD, BASE)):
        assert {contrast.aliases for contrast in trained_contrasts(design)} == {""}


def test_readings_are_compared_where_both_are_planned():
    card, base, reading = (
        (*CARD, PRIOR),
        {**BASE, "prior": "train"},
        {"class_order": "sorted", "prior": "train"},
    )
    for design, cells in ((full_factorial(card, base), 8), (half_fraction(card, base), 4)):
        contrasts = paired_contrasts(design, reading)
        assert [contrast.factor for contrast in contrasts] == ["class_order", "prior"]
        assert {len(contrast.cells) for contrast in contrasts} == {cells}
    for contrast in paired_contrasts(one_at_a_time(card, base), reading):
        assert contrast.cells == {("3", "0.1", "off")}
    # One at a time the two are not crossed: at prior=uniform nothing is read at another class order.
    assert [
        c.factor for c in paired_contrasts(one_at_a_time(card, base), {**reading, "prior": "uniform"})
    ] == ["prior"]


def test_a_contrast_without_a_complete_setting_is_dropped():
    [main] = trained_contrasts(full_factorial((SMOTE,)))
    assert main.over([("on",)]) is None


def test_cells_are_ordered_and_counted_once():
    design = full_factorial(CARD)
    assert Design(CARD, (*reversed(design.cells), *design.cells)) == design
    assert design.trained_cells[0] == ("1", "0.01", "off")
    assert len(design.cells) == 16


@given(st.lists(st.integers(2, 3), min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_a_main_effect_moves_its_own_contrasts_alone(sizes):
    """Weights sum to zero, and only the contrasts of a factor respond to its main effect."""
    factors = tuple(Factor(f"f{k}", tuple(map(str, range(n)))) for k, n in enumerate(sizes))
    for contrast in trained_contrasts(full_factorial(factors)):
        weights = contrast.weights()
        assert sum(weights.values()) == pytest.approx(0)
        for at, factor in enumerate(factors):
            response = sum(weight * (cell[at] == factor.levels[1]) for cell, weight in weights.items())
            of_this_factor = contrast.factor == factor.name and contrast.level == factor.levels[1]
            assert response == pytest.approx(float(of_this_factor))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Factor("smote", ()), "levels"),
        (lambda: Factor("smote", ("on", "on")), "levels"),
        (lambda: Factor("smote", ("on", "off"), "later"), "stage"),
        (lambda: full_factorial((SMOTE, SMOTE)), "given twice"),
        (lambda: Design(CARD, (), "one-at-a-time"), "the base of the one-at-a-time design"),
        (lambda: Design((SMOTE,), ({"smote": "later"},)), "a cell of the full design"),
        (
            lambda: trained_contrasts(
                Design((SMOTE, CARD[1]), ({"smote": "on", "conv_layers": "3"},), "half")
            ),
            "smote=on 1 times and smote=off 0 times",
        ),
    ],
)
def test_designs_that_cannot_be_analysed_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
