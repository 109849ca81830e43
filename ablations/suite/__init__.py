"""The course of a suite, from a design and options to finished runs and a summary.

`course.run` calls prepare -> rounds (plan -> execute, and `precision` after each) -> report.
`options` declares the options of a suite, from which `ablations.cli` generates the command line; no other
room imports this one. The modules here use engines to carry out trainings and tracking to create runs. They
do not import MLflow or click, and know nothing of a question but its design and description.
"""
