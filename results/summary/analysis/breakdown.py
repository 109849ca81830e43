"""Tables by class, by group of classes, and by cell."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from summary.analysis.contrasts import Contrast
from summary.analysis.designs import Cell, Design
from summary.analysis.estimates import EFFECT, effect_columns, main_effects
from summary.analysis.layout import Layout
from summary.analysis.measure import POINTS, Measure
from summary.analysis.responses import Responses
from summary.analysis.samples import Runs, Sample, accuracy

FEW_ITEMS = 5  # below this a class gets no interval
PART = [*EFFECT, "estimate", "low", "high", "note"]  # columns of an effect on a part of the items


def per_class_table(families: Sequence[Responses], runs: Runs) -> pd.DataFrame:
    """Estimate the main effects on the accuracy of each class; exploratory, not corrected."""
    columns = ["class", "items", *PART]
    classes = runs.classification
    if classes is None:
        return pd.DataFrame(columns=columns)
    rows = [
        {"class": classes.classes[label], **row}
        for label in range(len(classes.support))
        for row in _effects_on(classes.truth == label, families, runs)
    ]
    return pd.DataFrame(rows, columns=columns)


def per_group_table(
    families: Sequence[Responses], runs: Runs, groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Estimate the main effects on the accuracy of each group of classes; exploratory, not corrected.

    The accuracy of a group is the share of its test items that are answered right, whatever its class.
    ``groups`` has the classes of each group; those without a test item are left out.
    """
    columns = ["group", "classes", "items", *PART]
    rows = []
    known = runs.classification.classes[: len(runs.classification.support)] if runs.classification else ()
    for group, members in groups.items():
        labels = [label for label, name in enumerate(known) if name in members]
        if runs.classification and labels:
            chosen = np.isin(runs.classification.truth, labels)
            facts = {"group": group, "classes": len(labels)}
            rows += [{**facts, **row} for row in _effects_on(chosen, families, runs)]
    return pd.DataFrame(rows, columns=columns)


def _effects_on(chosen: np.ndarray, families: Sequence[Responses], runs: Runs) -> Iterator[dict]:
    """Estimate the main effects on the accuracy on the chosen items, shape (n,)."""
    sample, items = accuracy(runs, chosen), int(chosen.sum())
    for responses in families:
        response_sample = responses.apply(sample)
        for contrast in main_effects(responses):
            estimate, parts = responses.layout.estimate(contrast, response_sample)
            low, high = parts.interval(estimate) if items >= FEW_ITEMS else (np.nan, np.nan)
            yield {
                **{"items": items, **effect_columns(responses, contrast)},
                **{"estimate": POINTS * estimate, "low": POINTS * low, "high": POINTS * high},
                "note": "" if items >= FEW_ITEMS else "too few items to tell",
            }


def cells_table(
    runs: Runs, design: Design, cells: Sequence[Cell], samples: Mapping[str, Sample], measure: Measure
) -> pd.DataFrame:
    """Estimate the metrics of each planned cell, those without a finished run included.

    ``cells`` has the trained cell of each run; the interval and the spread are of ``measure``.
    """
    runs_of: dict[tuple[str, ...], list[int]] = {}
    for run, levels in enumerate(runs.table.to_dict("records")):
        runs_of.setdefault(design.reading(levels), []).append(run)
    groups = {}
    for reading, chosen in runs_of.items():
        layout = Layout([cells[run] for run in chosen], [*runs.table["seed"][chosen]])
        responses = Responses((), np.eye(len(cells))[chosen], layout)
        groups[reading] = layout, {name: responses.apply(sample) for name, sample in samples.items()}
    table = []
    for levels in design.cells:
        cell = design.trained_cell(levels)
        layout, metrics = groups.get(design.reading(levels), (Layout([], []), {}))
        numbers = _cell_row(layout, cell, metrics, measure) if cell in layout.labels else {"runs": 0}
        table.append({**levels, **numbers})
    columns = ["runs", measure.name, "low", "high", "sd", *(name for name in samples if name != measure.name)]
    return pd.DataFrame(table, columns=[*design.names, *columns])


def _cell_row(layout: Layout, cell: Cell, metrics: Mapping[str, Sample], measure: Measure) -> dict:
    mean = Contrast("cell", "", "", "", ({cell: 1},))
    estimate, parts = layout.estimate(mean, metrics[measure.name])
    low, high = parts.interval(estimate)
    values = metrics[measure.name].value[layout.weights(mean) > 0]
    numbers = {
        **{name: layout.weights(mean) @ sample.value for name, sample in metrics.items()},
        **{"low": low, "high": high, "sd": values.std(ddof=1) if len(values) > 1 else np.nan},
    }
    return {"runs": len(values), **{name: measure.scale * value for name, value in numbers.items()}}
