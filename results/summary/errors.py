"""The one exception of the summary that is for the user; importing it loads nothing else."""


class AnswersError(ValueError):
    """Answers, or a design, that cannot be analysed; the message says what is wrong, in one line."""
