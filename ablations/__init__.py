"""The questions, one module each, and below them the rooms that answer them.

A question is a module here: its docstring says what is asked and what the study claimed, its ``FACTOR``
is the setting that is varied, its ``command`` is the command line. The packages below import downwards
only: `cli` (command lines) -> `suite` (the course of a suite) -> `engines` (where trainings run) ->
`tracking` (MLflow) -> `design` (factors, cells, trainings) -> `process` (errors, signals, progress).
"""

import sys

__version__ = "0.1.0"

# A command is starting: while Python looks for the module of `python -m ablations.<command>`, its first
# argument is "-m". Nothing of the command runs before these lines, and until them Ctrl-C prints a traceback.
if sys.argv[:1] == ["-m"]:
    from ablations.process import interrupts

    interrupts.exit_on_signal()
