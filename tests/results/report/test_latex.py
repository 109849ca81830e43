"""Tables as LaTeX: numbers by siunitx, intervals with minus signs, texts escaped."""

import pandas as pd
import pytest

from summary.report.latex import latex
from summary.report.tables import Table


def column(*cells: str) -> tuple[str, list[str]]:
    """The column's type and its cells as LaTeX, in a table of this column alone."""
    lines = latex({"label": Table(pd.DataFrame({"name": cells}), "A caption.")}).splitlines()
    kind = next(line for line in lines if "tabularx" in line and "begin" in line)
    start, end = lines.index(r"\midrule"), lines.index(r"\bottomrule")
    return kind.partition("@{}")[2].partition("@{}")[0], [line[:-3] for line in lines[start + 1 : end]]


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (("+13.2", "-0.6", "–"), "S[table-format=+2.1]", ["+13.2", "-0.6", "{--}"]),
        (("45.1 ± 0.8", "7.0", "missing"), "S[table-format=2.1(2)]", [r"45.1 \pm 0.8", "7.0", "{missing}"]),
        (("[-2.9, +1.6]", "–"), "c", ["$[-2.9, +1.6]$", "--"]),
        (("raises", "a_b"), "l", ["raises", r"a\_b"]),
        ((r"[\input{x}, 1]", "[1, 2]"), TEXT := r">{\hsize=1.00\hsize\raggedright\arraybackslash}X",
         [r"[\textbackslash{}input\{x\}, 1]", "[1, 2]"]),
        (("3 conv × a longer text",), TEXT, [r"3 conv $\times$ a longer text"]),
    ],
)  # fmt: skip
def test_columns_are_set_by_what_they_hold(cells, kind, expected):
    assert column(*cells) == (kind, expected)


def test_each_note_stands_once_in_the_caption():
    rows = pd.DataFrame({"effect": ["A", "B"], "points": ["+1.0", "+2.0"], "note": ["", "of 2 seeds"]})
    text = latex({"effects": Table(rows, "C.")})
    assert r"\caption{C. B: of 2 seeds.}" in text
    assert "note" not in text.partition("toprule")[2]
    text = latex({"effects": Table(rows.assign(note="paired"), "C.")})
    assert r"\caption{C. All rows: paired.}" in text
