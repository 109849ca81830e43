"""Analysis of the answers of a factorial experiment: how large each effect is, and how sure that is.

A table of answers (one row per run and test item) and a design go in, tables of effects with
intervals and p-values come out. In a notebook::

    import pandas as pd
    from summary.analysis import analyse

    analyse(pd.read_csv("answers.csv")).effects

The modules build on each other in this order: `measure` (what is compared), `designs` (factors and planned
cells), `recognition` (the design that a table holds), `contrasts` (which cells an effect is the
difference of), `samples` (metrics of the runs and their covariance over test sets), `uncertainty`
(components of a variance, intervals, tests), `layout` (these components for a contrast), `responses`
(what the contrasts of a question are taken of), `estimates` and `breakdown` (tables), `effects`
(`analyse`), `precision` (widths, and seeds that narrow them), `comparison` (two suites).

Import what is named here. The room must not know where answers come from or where tables go: neither
MLflow, nor files, nor the rest of the project.
"""

from summary.analysis.comparison import compare
from summary.analysis.designs import Design, Factor
from summary.analysis.effects import Analysis, analyse
from summary.analysis.measure import Measure
from summary.analysis.precision import precision
from summary.analysis.recognition import find_design

__all__ = ["Analysis", "Design", "Factor", "Measure", "analyse", "compare", "find_design", "precision"]
