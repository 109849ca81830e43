"""Templates of the report's files, each of which escapes what is put into it for its medium."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from ablations.process import escape
from ablations.process.terminal import one_line

FOLDER = Path(__file__).with_name("templates")


def html(name: str, **values: object) -> str:
    """Fill in a template of HTML. Texts are escaped, except `Markup`."""
    environment = _environment(_printable, autoescape=True)
    environment.filters["sentence"] = _sentence
    return environment.get_template(name).render(values)


def markdown(name: str, **values: object) -> str:
    """Fill in a template of Markdown. Texts are escaped, except `Markup`."""
    environment = _environment(lambda value: _escaped(value, escape.markdown))
    environment.filters["sentence"] = lambda text: Markup(escape.markdown_sentence(text))
    environment.filters["code"] = lambda text: Markup(escape.markdown_code(text))
    return environment.get_template(name).render(values)


def latex(name: str, **values: object) -> str:
    """Fill in a template of LaTeX, whose marks are <% %> and << >>. Texts are escaped, except `Markup`."""
    marks: dict[str, Any] = {"block_start_string": "<%", "block_end_string": "%>"}
    marks |= {"variable_start_string": "<<", "variable_end_string": ">>"}
    environment = _environment(lambda value: _escaped(value, escape.latex), **marks)
    return environment.get_template(name).render(values)


def _environment(finalize: Callable[[object], object], **settings: Any) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **settings,
    )


def _escaped(value: object, escape_text: Callable[[str], str]) -> object:
    """Escape a text for its medium; `Markup` is escaped already."""
    return escape_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _printable(value: object) -> object:
    """Remove from a text what steers a browser's text; Jinja escapes it afterwards."""
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _sentence(text: str) -> Markup:
    """Turn a sentence whose ``**`` enclose what is bold into HTML."""
    parts = [Markup.escape(one_line(part)) for part in text.split("**")]
    return Markup("").join(Markup("<b>%s</b>") % part if k % 2 else part for k, part in enumerate(parts))
