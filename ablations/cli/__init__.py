"""Command lines: of the questions, and of the tools prepare, cache, setup and predict.

The modules in `ablations` import `question.question`, which makes the command of a question; the tools are
started as ``python -m ablations.cli.<name>``. Options of a suite are generated from their declarations in
`ablations.suite.options`. Nothing here imports MLflow or torch before a command runs, so that ``--help``
and completion answer at once, and nothing here knows how a suite runs.
"""
