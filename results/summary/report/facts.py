"""What was run: the head of a report, from what the suite recorded. What it did not record is left out."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from ablations.process import names
from ablations.process.progress import readable_duration
from ablations.process.wording import count
from summary.suite import Suite

KINDS = {names.GENERATED: "generated pictures", names.WIKIART: "paintings of WikiArt"}


def facts(suite: Suite) -> dict[str, str]:
    """Describe what was run: label -> text."""
    about = suite.about
    varied = [f"{factor['name']} {', '.join(factor['levels'])}" for factor in about["factors"]]
    fixed = {name: level for name, level in about["base"].items() if name not in suite.factors}
    rows = {
        "images": _images(about["data"]),
        "varied": "; ".join(varied),
        "held fixed": ", ".join(f"{name} {level}" for name, level in fixed.items()),
        "design": _design(suite),
        "machine": _machine(about.get("machine", {})),
        "versions": ", ".join(f"{name} {version}" for name, version in about.get("versions", {}).items()),
        "code": _commits(suite),
        "date": _date(suite.start_time) if suite.start_time else "",
        "duration": "; ".join(_durations(suite)),
        "suite": suite.id,
        "command": suite.command,
    }
    return {label: text for label, text in rows.items() if text}


def _images(data: Mapping[str, Any]) -> str:
    train, test = (sum(style[split] for style in data["styles"]) for split in ("train", "test"))
    counts = f"{len(data['styles'])} styles, {train:,} images for training and {test:,} for testing"
    if "kind" not in data:
        return counts
    sizes = " and ".join(f"{size} x {size}" for size in data["image_sizes"])
    source = f"images of the folder {data['folder']}" if data["kind"] == names.OTHER else KINDS[data["kind"]]
    if data["kind"] == names.WIKIART:
        source += f" in the folder {data['folder']}"
    return f"{source} ({data['layout']}); {counts}; {sizes} pixels, resized by {data['resize']}"


def _design(suite: Suite) -> str:
    seeds = sorted(suite.runs["seed"].unique())
    span = f" ({seeds[0]} to {seeds[-1]})" if len(seeds) > 1 else ""
    cells = suite.runs["cell"].nunique()
    trainings = suite.finished["weights"].nunique()
    return (
        f"{suite.about['design']}: {count(cells, 'cell')}, {count(len(seeds), 'seed')}{span}; "
        f"{count(len(suite.finished), 'run')} from {count(trainings, 'training')}"
    )


def _machine(machine: Mapping[str, Any]) -> str:
    parts = [machine.get(key, "") for key in ("device", "gpu", "processor")]
    cores = count(machine["cores"], "core") if machine.get("cores") else ""
    nodes = f"Ray cluster of {count(machine['nodes'], 'node')}" if machine.get("nodes") else ""
    return "; ".join(filter(None, [*parts, cores, nodes]))


def _date(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%d %B %Y, %H:%M} UTC"


def _commits(suite: Suite) -> str:
    commits = sorted(set(suite.finished["commit"]) - {""})
    return f"commit {' and '.join(commits)}" if commits else ""


def _durations(suite: Suite) -> Iterator[str]:
    """Yield how long the suite took, and which runs it did not carry out itself."""
    parts = {part: suite.metrics.get(names.duration_metric(part)) for part in ("preparation", "trainings")}
    seconds = {part: value for part, value in parts.items() if value is not None and not pd.isna(value)}
    if seconds:
        yield ", ".join(f"{part} {readable_duration(value)}" for part, value in seconds.items())
    if suite.reused:
        yield f"{count(suite.reused, 'run')} of earlier suites"
