"""What a suite was run on and with, for the head of its report: images, machine, versions."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ablations
from ablations.engines.local import Local
from ablations.process.names import GENERATED, OTHER, WIKIART
from ablations.suite.options import ImageOptions
from ablations.suite.prepare import PreparedImages
from wikiart.images.paintings import Paintings
from wikiart.sample.styles import STYLES

if TYPE_CHECKING:
    from ablations.engines.ray_cluster import Cluster


def provenance(
    dataset: Paintings, images: PreparedImages, options: ImageOptions, device: str, cluster: "Cluster | None"
) -> dict[str, Any]:
    """Describe what a suite is run on and with, as it is written into design.json.

    Returns
    -------
    dict
        ``data``: kind, folder, layout, image_sizes, resize. ``machine``: device, processor, cores, and gpu or
        nodes where there are any. ``versions``: program -> version.
    """
    return {
        "data": {
            "kind": data_kind(dataset, options),
            "folder": dataset.root.name,
            "layout": dataset.layout,
            "image_sizes": sorted(images.stores),
            "resize": options.resize,
        },
        "machine": _machine(device, cluster),
        "versions": _versions(),
    }


def data_kind(dataset: Paintings, options: ImageOptions) -> str:
    """Return the kind of a data set: WikiArt if all its classes are styles of WikiArt."""
    if options.data == "sample":
        return GENERATED
    names = {name.replace(" ", "_") for name in dataset.classes}
    return WIKIART if names <= STYLES.keys() else OTHER


def _machine(device: str, cluster: "Cluster | None") -> dict[str, Any]:
    if cluster:
        return {"device": device, "nodes": len(cluster.addresses)}
    machine = {"device": device, "processor": _processor(), "cores": os.cpu_count()}
    if device.startswith("cuda"):
        [machine["gpu"]] = Local(1, 1).call_on_all(_gpu_name, device)  # this process does without torch
    return machine


def _gpu_name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name(device)


def _processor() -> str:
    """Return the processor's name; Python knows it on some systems, Linux in a file."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "torch": version("torch"),
        "MLflow": version("mlflow"),
        "wikiart-ablations": ablations.__version__,
    }
