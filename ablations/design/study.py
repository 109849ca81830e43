"""The steps of the study and the accuracies that it reported, for the descriptions of cells."""

from ablations.design.factors import Cell

ORIGINAL: Cell = {"conv_layers": 1, "dropout": 0.01, "smote": "off"}
IMPROVED: Cell = {"class_order": "sorted", "conv_layers": 3, "dropout": 0.1}

STEPS: tuple[tuple[Cell, str], ...] = (
    (
        {**ORIGINAL, "class_order": "unsorted"},
        "the network as given, unsorted class order, accuracy about 0.02 to 0.06",
    ),
    (
        {**ORIGINAL, "class_order": "sorted"},
        "the network as given, sorted class order, accuracy 0.11 higher than unsorted",
    ),
    (
        {**IMPROVED, "smote": "off"},
        "three convolutions, dropout 0.1, sorted class order, no SMOTE, accuracy 0.2841",
    ),
    (
        {**IMPROVED, "smote": "400"},
        "the improved network with SMOTE to 400 images per style, accuracy 0.2238",
    ),
    *(
        (
            {**IMPROVED, "smote": level},
            "the improved network with SMOTE to 200 images per style, accuracy 0.2937, sometimes 0.27",
        )
        for level in ("on", "200")
    ),
)


def step(settings: Cell) -> str:
    """Return the step of the study that had these settings; empty if there was none."""
    return next((text for step_settings, text in STEPS if step_settings.items() <= settings.items()), "")
