"""The report of a suite: tables, figures and sentences, as Markdown and as one HTML file.

`page` writes the report's folder from a suite and its analysis, `terminal` prints the answers and calls
`page`; `tables`, `figures` and `sentences` make the parts. Import `terminal` for everything that
``results/summarize.py`` does. The room computes no statistics (`summary.analysis` does) and
does not ask MLflow (`summary.suite` does).
"""
