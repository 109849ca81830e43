"""The report as a page: sentences, tables and figures in Markdown and in one HTML file."""

import base64
from collections.abc import Mapping
from pathlib import Path

import jinja2
import markdown_it
from matplotlib.figure import Figure

from ablations.process import escape
from summary.analysis import Analysis
from summary.report import figures, sentences, tables
from summary.suite import Suite

DPI = 150

CAPTIONS = {
    "effects": "Effects on test accuracy with 95 % intervals; the dotted one holds for all effects together. "
    "Filled: certain after Holm's correction. Hollow: not certain.",
    "metrics": "The main effects on three metrics. Balanced accuracy and macro-F1 weigh every style alike.",
    "per_class": "Accuracy of every style in every cell, mean over the seeds.",
    "per_class_effects": "Effects on every style, with 95 % intervals on new images. Exploratory: not "
    "corrected for their number. Hollow: fewer than 5 test images, too few to tell.",
    "learning_curves": "Training loss and accuracy: mean over the seeds, band from lowest to highest.",
    "confusions": "Confusion matrices, all seeds together.",
}


def write(suite: Suite, analysis: Analysis, folder: Path) -> list[Path]:
    """Write the report of a suite; returns the files.

    The folder gets table.* (cells), effects.*, the figures as PNG and SVG, report.md and
    report.html, which embeds the figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = tables.write_table(tables.cells_table(suite), tables.cells_caption(suite), folder / "table")
    effects = tables.effects_table(analysis, len(suite.looks))
    files += tables.write_table(effects, tables.effects_caption(analysis.measure), folder / "effects")
    all_metrics = folder / "effects_all_metrics.csv"
    analysis.effects.round(4).to_csv(all_metrics, index=False, errors="backslashreplace")
    drawn = draw(suite, analysis)
    pictures = [
        _save(drawn[name], folder / f"{name}.{suffix}") for name in drawn for suffix in ("png", "svg")
    ]
    markdown, page = folder / "report.md", folder / "report.html"
    text = markdown_text(suite, analysis, drawn)
    markdown.write_text(text, encoding="utf-8")
    page.write_text(html_text(text, folder, suite.about["question"]), encoding="utf-8")
    return [*files, all_metrics, *pictures, markdown, page]


def _save(picture: Figure, path: Path) -> Path:
    without_date = {"Date": None} if path.suffix == ".svg" else None  # equal figures are equal files
    picture.savefig(path, dpi=DPI, metadata=without_date)
    picture.set_layout_engine("none")  # saving computed the layout: the next file reuses it
    return path


def draw(suite: Suite, analysis: Analysis) -> dict[str, Figure]:
    """Draw the figures, in the report's order, but not those that the suite has no data for."""
    drawn = {}
    if len(analysis.effects):
        drawn = {"effects": figures.forest(analysis), "metrics": figures.metrics_panel(analysis)}
    drawn["per_class"] = figures.per_class(suite)
    if len(analysis.per_class):
        drawn["per_class_effects"] = figures.per_class_effects(analysis)
    drawn["learning_curves"] = figures.learning_curves(suite)
    drawn["confusions"] = figures.confusions(suite)
    return drawn


TEMPLATE = """\
# {{ question }}

{% for line in answers %}
- {{ line }}
{% endfor %}

{{ scope | join(" ") }}

{{ figure("effects") }}

## Effects

{{ effects }}

{{ effects_caption }}

{% if not_estimable %}
Over the settings that did run (exploratory, outside the correction):

{{ partial }}

{% endif %}
{{ figure("metrics") }}

## Cells

{{ cells }}

{{ cells_caption }}

## Styles

{{ figure("per_class") }}

{{ figure("per_class_effects") }}

## Training and errors

{{ figure("learning_curves") }}

{{ figure("confusions") }}

## How this was made

{% if command %}
{{ command }}

{% endif %}
Suite {{ suite_id }}: {{ runs }} runs{% if commits %}, trained at commit {{ commits }}{% endif %}.
Intervals on new images count what another seed and what other images would change, those on this
test set the seeds alone. Seeds are the units: Student's t with Satterthwaite's degrees of freedom.
Holm's correction is over the rows of a table.

{{ images }}
"""


def markdown_text(suite: Suite, analysis: Analysis, pictures: Mapping[str, Figure]) -> str:
    """Compose ``report.md``, which shows the figures that lie beside it."""

    def figure(name: str) -> str:
        return f"![{name}]({name}.png)\n\n*{CAPTIONS[name]}*" if name in pictures else ""

    partial = tables.of_measure(analysis.partial, analysis)
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.from_string(TEMPLATE).render(
        question=escape.markdown(suite.about["question"]),
        answers=map(escape.markdown_sentence, sentences.answers(suite.about["factors"], analysis)),
        scope=map(escape.markdown_sentence, sentences.scope(suite, analysis)),
        figure=figure,
        effects=tables.markdown(tables.effects_table(analysis, len(suite.looks))),
        effects_caption=escape.markdown(tables.effects_caption(analysis.measure)),
        not_estimable=len(partial) > 0,
        partial=tables.markdown(tables.effect_rows(partial, analysis.measure)) if len(partial) else "",
        cells=tables.markdown(tables.cells_table(suite, suite.displayed_cells)),
        cells_caption=escape.markdown(tables.displayed_cells_caption(suite)),
        command=escape.markdown_code(suite.command) if suite.command else "",
        suite_id=suite.id,
        commits=escape.markdown(" and ".join(sorted(set(suite.finished["commit"]) - {""}))),
        runs=analysis.runs,
        images=tables.markdown(tables.images_table(suite)),
    )


PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid #ddd; white-space: nowrap; }
th { border-bottom: 2px solid #1b1b1b; }
img { max-width: 100%; display: block; margin: 1.5rem 0 .3rem; }
em { color: #555; font-size: .9rem; } code { background: #f3f3f3; padding: .1rem .3rem; }
</style>
</head>
<body>
{{ body }}
</body>
</html>
"""


def html_text(text: str, folder: Path, title: str) -> str:
    """Convert ``report.md`` into one HTML file that embeds the figures and loads nothing from elsewhere."""
    pictures = sorted(folder.glob("*.png"))
    parser = markdown_it.MarkdownIt("commonmark", {"html": False}).enable("table")
    names = {picture.name for picture in pictures}
    parser.validateLink = names.__contains__  # type: ignore[method-assign, assignment]  # nothing leads elsewhere
    body = parser.render(text)
    for picture in pictures:
        data = base64.b64encode(picture.read_bytes()).decode()
        body = body.replace(f'src="{picture.name}"', f'src="data:image/png;base64,{data}"')
    return jinja2.Template(PAGE).render(title=jinja2.filters.escape(title), body=body)
