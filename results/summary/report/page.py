"""The files of a report: tables, figures, ``report.md`` and ``report.html``."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from ablations.process.terminal import one_line
from summary.report import templates
from summary.report.content import Content, Part, Section
from summary.report.formats import escaped, markdown
from summary.report.latex import latex
from summary.report.tables import Table

DPI = 150
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
    pages = {"report.md": templates.markdown, "report.html": templates.html}
    sections = [Section(section.title, list(_embedded(section, folder))) for section in content.sections]
    for name, fill_in in pages.items():
        text = fill_in(f"{name}.j2", **{**vars(content), "sections": sections})
        (folder / name).write_text(text, encoding="utf-8")
    return [*files, *(folder / name for name in pages)]


def write_tables(tables: Mapping[str, Table], stem: Path) -> list[Path]:
    """Write tables into one file of Markdown and of LaTeX, and the numbers of the first as CSV."""
    first = next(iter(tables.values()))
    texts = {
        ".md": templates.markdown(
            "tables.md.j2", tables=[(Markup(markdown(t.text)), t.caption) for t in tables.values()]
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


def _embedded(section: Section, folder: Path) -> Iterator[Part]:
    """Yield the parts of a section, pictures with the content of their files."""
    for part in section.parts:
        if part.picture:
            data = base64.b64encode((folder / f"{part.name}.png").read_bytes()).decode()
            part = replace(part, source=Markup(f"data:image/png;base64,{data}"))
        yield part
