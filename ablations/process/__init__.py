"""The ground of every process of the project: commands, errors in one line, signals, progress, environment.

`commands` is the base of every command, `errors.UserError` the base of every error whose message is for the
user; `names` holds the names that suites write into MLflow and the summary reads. Every other package of
`ablations`, and results/, may import all of it. It imports neither wikiart nor MLflow, and knows nothing
of questions, designs or trainings.
"""
