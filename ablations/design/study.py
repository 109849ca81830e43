"""The steps of the study, so that a cell can say which of them it stands for."""

from collections.abc import Mapping

from ablations.design.factors import Level

AS_GIVEN: dict[str, Level] = {"conv_layers": 1, "dropout": 0.01, "smote": "off"}
IMPROVED: dict[str, Level] = {"class_order": "sorted", "conv_layers": 3, "dropout": 0.1}

STEPS: tuple[tuple[dict[str, Level], str], ...] = (
    ({**AS_GIVEN, "class_order": "unsorted"}, "the network as given, class order mixed: about 0.02 to 0.06"),
    ({**AS_GIVEN, "class_order": "sorted"}, "the network as given, class order sorted: 0.11 more than mixed"),
    ({**IMPROVED, "smote": "off"}, "three convolutions, dropout 0.1, sorted, no SMOTE: 0.2841"),
    ({**IMPROVED, "smote": "400"}, "the same with SMOTE to 400 images a style: 0.2238"),
    ({**IMPROVED, "smote": "on"}, "the same with SMOTE to 200 images a style: 0.2937, sometimes 0.27"),
    ({**IMPROVED, "smote": "200"}, "the same with SMOTE to 200 images a style: 0.2937, sometimes 0.27"),
)


def step(settings: Mapping[str, Level]) -> str:
    """The study's step with these settings and the accuracy it reported; empty if it took no such step."""
    return next((text for known, text in STEPS if known.items() <= settings.items()), "")
