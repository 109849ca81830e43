"""The report of a suite: tables, figures and sentences, as Markdown and as one HTML file.

`terminal` (a suite) and `plain` (a table of one's own) print the answers and write the report. For that,
`content` composes what a report says: `facts` (what was run), `sentences`, `tables`, `figures` and
`effect_figures`, all in the words of `wording`. `page` writes the files from it, through `templates`, which
escape every text for its medium, and `latex`. The room computes no statistics (`summary.analysis` does)
and does not ask MLflow (`summary.tracking` does).
"""
