"""The summary of a suite: what it found, with intervals, tables, figures and a report.

``results/summarize.py`` is its command. The rooms are `suite` (the runs of a factorial as data), `tracking`
(reads a suite from MLflow), `published` (keeps one in two files), `table` (reads a table of anybody's
answers), `experiment` (reads anybody's runs from MLflow), `analysis` (answers and a design
in, effects with intervals out; usable by itself) and `report` (tables, figures, sentences, pages).
Everything about a suite is learnt from its design.json and its runs: the package knows neither the
questions nor how networks are trained, and takes from `ablations.process` only what every command shares
and the names that suites write into MLflow.
"""
