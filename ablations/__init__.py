"""The questions: which settings are varied, and what every combination does to the accuracy."""
