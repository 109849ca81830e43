"""What a report holds: facts, sentences, and sections of figures and tables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from summary.analysis import Analysis
from summary.report import effect_figures, figures, sentences, tables
from summary.report.drawing import Picture
from summary.report.facts import facts
from summary.report.tables import Table
from summary.report.wording import Wording
from summary.suite import Suite


@dataclass(frozen=True)
class Part:
    """A figure or a table of a report, of which the other is None; its name is that of its files."""

    name: str
    picture: Picture | None = None
    table: Table | None = None


@dataclass(frozen=True)
class Section:
    """A part of a report with a heading."""

    title: str
    parts: Sequence[Part]

    @property
    def anchor(self) -> str:
        """Its name in addresses."""
        return re.sub(r"\W+", "-", self.title.lower())


@dataclass(frozen=True)
class Content:
    """Everything that a report says; the files are made from it."""

    title: str
    facts: Mapping[str, str]
    answers: Sequence[str]  #: sentences, with ``**`` around what is bold
    scope: Sequence[str]
    sections: Sequence[Section]
    reading: str  #: what the intervals and p-values are

    @property
    def parts(self) -> list[Part]:
        """All figures and tables."""
        return [part for section in self.sections for part in section.parts]


def effects_section(analysis: Analysis, wording: Wording, looks: int = 1) -> Section:
    """Show the effects: figure, table, details; ``looks`` is as for `tables.details_table`."""
    parts = []
    if len(analysis.effects):
        parts.append(Part("effects", effect_figures.forest(analysis, wording)))
    parts.append(Part("effects", table=tables.effects_table(analysis, wording)))
    parts.append(Part("details", table=tables.details_table(analysis, wording, looks)))
    if partial := tables.partial_table(analysis, wording):
        parts.append(Part("partial", table=partial))
    if len(set(analysis.effects["metric"])) > 1:
        parts.append(Part("metrics", effect_figures.metrics_panel(analysis, wording)))
    return Section("Effects", parts)


def of_suite(suite: Suite, analysis: Analysis) -> Content:
    """Compose the report of a suite, without the figures that it has no data for."""
    wording = Wording(suite.about["factors"])
    styles = []
    if len(analysis.per_group):
        styles.append(Part("per_group_effects", effect_figures.per_group_effects(analysis, wording)))
    styles.append(Part("per_class", figures.per_class(suite)))
    if len(analysis.per_class):
        styles.append(Part("per_class_effects", effect_figures.per_class_effects(analysis, wording)))
    training = [
        Part("learning_curves", figures.learning_curves(suite, wording)),
        Part("confusions", figures.confusions(suite)),
    ]
    return Content(
        title=suite.about["question"],
        facts=facts(suite),
        answers=sentences.answers(wording, analysis),
        scope=[
            *sentences.scope(analysis, len(suite.runs)),
            *sentences.added_seeds(suite, wording, analysis),
            *sentences.more_seeds(analysis),
        ],
        sections=[
            effects_section(analysis, wording, len(suite.looks)),
            Section("Cells", [Part("table", table=tables.cells_table(suite))]),
            Section("Styles", styles),
            Section("Training and errors", training),
            Section("Images", [Part("images", table=tables.images_table(suite))]),
        ],
        reading=sentences.how_to_read(analysis.measure),
    )
