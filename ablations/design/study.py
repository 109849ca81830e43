"""The steps of the study and the accuracies that it reported, for the descriptions of cells."""

from ablations.design.factors import Cell

COMMON: Cell = {"class_weights": "none", "validation": 0, "augment": "none", "prior": "train"}
ORIGINAL: Cell = {**COMMON, "conv_layers": 1, "dropout": 0.01, "smote": "off"}
IMPROVED: Cell = {**COMMON, "class_order": "sorted", "conv_layers": 3, "dropout": 0.1}
FINAL = "the improved network with SMOTE to 200 images per style, 0.2937, sometimes 0.27"

STEPS: tuple[tuple[Cell, str], ...] = (
    ({**ORIGINAL, "class_order": "unsorted"}, "the network as given, unsorted classes, about 0.02 to 0.06"),
    ({**ORIGINAL, "class_order": "sorted"}, "the network as given, sorted classes, 0.11 more than unsorted"),
    ({**IMPROVED, "smote": "off"}, "the improved network without SMOTE, 0.2841"),
    ({**IMPROVED, "smote": "400"}, "the improved network with SMOTE to 400 images per style, 0.2238"),
    ({**IMPROVED, "smote": "on"}, FINAL),
    ({**IMPROVED, "smote": "200"}, FINAL),
)


def step(settings: Cell) -> str:
    """Return the study's step with these settings and its accuracy; empty if there was no such step."""
    return next((text for step_settings, text in STEPS if step_settings.items() <= settings.items()), "")
