"""Training on a GPU: images a second of each way of stepping, and how near that is to the memory's speed.

    python benchmarks/gpu.py [--device cuda] [--sizes 64 224] [--batches 16 256] [--at-once 1 2 4 8]

Each way is a precision, plain or played back from a recording (a CUDA graph); the images lie on the
device as uint8 and batches are made there, as in a suite. ``memory`` is the share of the speed of a
plain copy, if every map of a convolution or normalisation, and the gradient of each, were written
once and read once: what a step must move at the least, if nothing is fused. ``--at-once`` trains in
so many processes and adds their images. The whole experiment is timed by the suite itself, whose
run has the phases as metrics (``time/...``):

    mlflow run . -e ablate --env-manager local -P data=FOLDER -P image_size=224 -P seeds=5

``--device cpu`` runs all but the recordings, to see that it works.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1]))

from ablations.engines.local import Local
from wikiart.learning.config import TrainingConfig
from wikiart.learning.data import TrainingData
from wikiart.learning.network import Network
from wikiart.learning.steps import RecordedStep
from wikiart.learning.training import initialise
from wikiart.smote.recipes import no_recipes

IMAGES, CLASSES = 2048, 27
GB = 1e9


class Way(NamedTuple):
    """How to step, and on what."""

    config: TrainingConfig
    recorded: bool
    device: str
    seconds: float


def images_per_second(way: Way) -> float:
    """Over steps of full batches, after ten that warm up."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (IMAGES, way.config.image_size, way.config.image_size, 3), np.uint8)
    labels = draw.integers(0, CLASSES, IMAGES)
    _, step = initialise(way.config, TrainingData(images, labels, no_recipes(), CLASSES), way.device)
    take = RecordedStep(step, way.config.batch_size) if way.recorded else step
    index = torch.randint(IMAGES, (way.config.batch_size,), device=way.device)
    for _ in range(10):
        take(index)
    step.total.tolist()  # waits for the device
    steps, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < way.seconds:
        for _ in range(10):
            take(index)
        step.total.tolist()
        steps += 10
    return steps * way.config.batch_size / elapsed


def bytes_per_image(config: TrainingConfig) -> int:
    """Of the maps of convolutions and normalisations: written and read, forward and backward, float32."""
    network = Network(config.conv_layers, config.dropout, config.image_size, CLASSES).eval()
    values = 0

    def count(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        nonlocal values
        values += output.numel()

    for module in network:
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, config.image_size, config.image_size))
    return 4 * 4 * values


def copy_speed(device: str) -> float:
    """Bytes a second read and written by a copy of half a gigabyte."""
    source = torch.ones(2**27, device=device)
    target = torch.empty_like(source)
    times = []
    for _ in range(10):
        began = time.perf_counter()
        target.copy_(source)
        target[0].item()
        times.append(time.perf_counter() - began)
    return 2 * source.nbytes / min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 224])
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 256])
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=2.0, help="for each line (default: 2)")
    options = parser.parse_args()
    on_gpu = options.device.startswith("cuda")
    name = torch.cuda.get_device_name(options.device) if on_gpu else "CPU"
    speed = copy_speed(options.device)
    print(f"{name}, copies {speed / GB:.0f} GB/s")
    for size in options.sizes:
        for conv_layers in (1, 3):
            for batch in options.batches:
                config = TrainingConfig(conv_layers=conv_layers, image_size=size, batch_size=batch)
                _print_ways(config, options, on_gpu, speed)


def _print_ways(config: TrainingConfig, options: argparse.Namespace, on_gpu: bool, speed: float) -> None:
    print(f"\n{config.image_size} pixels, {config.conv_layers} convolutions, batch {config.batch_size}")
    print(f"  {'':22}images/s   memory")
    best = (0.0, False)
    for precision in ("float32", "tf32", "bf16"):
        for recorded in (False, True) if on_gpu else (False,):
            of = config.model_copy(update={"precision": precision})
            rate = images_per_second(Way(of, recorded, options.device, options.seconds))
            name = f"{precision}{', recorded' if recorded else ''}"
            print(f"  {name:22}{rate:8.0f}{rate * bytes_per_image(of) / speed:9.1%}", flush=True)
            if precision == "float32":
                best = max(best, (rate, recorded))
    alone = Way(config, best[1], options.device, options.seconds)
    for processes in options.at_once:
        rate = sum(Local(processes, 1).call_on_all(images_per_second, alone))
        print(f"  {f'float32, {processes} at once':22}{rate:8.0f}", flush=True)


if __name__ == "__main__":
    main()
