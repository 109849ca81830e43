"""The files of a report: tables, figures, ``report.md`` and ``report.html``."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from ablations.process.terminal import one_line
from summary.report import templates
from summary.report.content import Content, Part
from summary.report.formats import escaped, markdown
from summary.report.latex import latex
from summary.report.tables import Table

DPI = 150
NUMBER = re.compile(r"[-+<]? ?\d[\d.,]*( ± [\d.]+)?( %)?|\[.*\]|–|missing|")  #: or an interval, or nothing
FILES = {"table": ("table",), "effects": ("effects", "details")}  #: stem of files -> tables in them


def write(content: Content, folder: Path) -> list[Path]:
    """Write the report; returns the files.

    The folder gets table.* (cells), effects.*, the figures as PNG and SVG, report.md and
    report.html, which embeds the figures and loads nothing from elsewhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_name = {part.name: part.table for part in content.parts if part.table is not None}
    files: list[Path] = []
    for stem, names in FILES.items():
        files += write_tables({name: by_name[name] for name in names if name in by_name}, folder / stem)
    for part in content.parts:
        if part.picture:
            files += [
                _save(part.picture.figure, folder / f"{part.name}.{suffix}") for suffix in ("png", "svg")
            ]
    sources = {
        part.name: _data_address(folder / f"{part.name}.png") for part in content.parts if part.picture
    }
    pages = {
        "report.md": templates.markdown("report.md.j2", **vars(content), text_of=_markdown),
        "report.html": templates.html(
            "report.html.j2", **vars(content), sources=sources, copies_of=_copies, numeric_in=_numeric
        ),
    }
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [*files, *(folder / name for name in pages)]


def write_tables(tables: Mapping[str, Table], stem: Path) -> list[Path]:
    """Write tables into one file of Markdown and of LaTeX, and the numbers of the first as CSV."""
    first = next(iter(tables.values()))
    texts = {
        ".md": templates.markdown(
            "tables.md.j2", tables=[(_markdown(table), table.caption) for table in tables.values()]
        ),
        ".csv": escaped_numbers(first),
        ".tex": latex(tables),
    }
    files = [stem.with_suffix(suffix) for suffix in texts]
    for file in files:
        file.write_text(texts[file.suffix], encoding="utf-8")
    return files


def escaped_numbers(table: Table) -> str:
    """Format a table's numbers as CSV; texts in it are made printable."""
    numbers = table.numbers
    texts = numbers.select_dtypes(exclude="number").columns
    printable = numbers.assign(**{name: escaped(numbers[[name]], one_line).iloc[:, 0] for name in texts})
    return printable.rename(columns=one_line).to_csv(index=False)


def _save(picture: Figure, path: Path) -> Path:
    without_date = {"Date": None} if path.suffix == ".svg" else None  # equal figures are equal files
    picture.savefig(path, dpi=DPI, metadata=without_date)
    picture.set_layout_engine("none")  # saving computed the layout: the next file reuses it
    return path


def _data_address(picture: Path) -> Markup:
    """Return an address that holds a picture itself."""
    return Markup(f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}")


def _markdown(table: Table) -> Markup:
    return Markup(markdown(table.text))


def _copies(part: Part) -> Mapping[str, Markup]:
    """Return what the page's buttons copy of a table, escaped for HTML: format -> text."""
    if part.table is None:
        return {}
    texts = {
        "Markdown": markdown(part.table.text),
        "CSV": escaped(part.table.text, one_line).to_csv(index=False),
        "LaTeX": latex({part.name: part.table}),
    }
    return {name: Markup.escape(text) for name, text in texts.items()}


def _numeric(table: Table) -> set[str]:
    """Return the columns of a table that hold numbers or intervals, which are aligned on the right."""
    return {name for name in table.text if all(map(NUMBER.fullmatch, map(str, table.text[name])))}
