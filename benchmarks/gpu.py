"""Training speed on a GPU: images per second of each kind of step, and share of the memory's bandwidth.

    python benchmarks/gpu.py [--device cuda] [--sizes 64 224] [--batches 16 256] [--at-once 1 2 4 8]

Steps differ in their precision, and are plain or replayed from a CUDA graph. The images lie on the
device as uint8 and batches are made there, as in a suite. ``memory`` relates the bytes that a step moves
at least to those that a plain copy moves in the same time; without fused operations, every map of a
convolution or normalisation, and its gradient, is written once and read once. ``--at-once`` trains in
several processes and adds up their images. The suite itself measures whole experiments: its run has
the duration of each phase as a metric (``time/...``):

    mlflow run . -e ablate --env-manager local -P data=FOLDER -P image_size=224 -P seeds=5

``--device cpu`` measures all but the graphs, as a trial of this program.
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


class Setup(NamedTuple):
    """A training to measure: its settings, where it runs, and for how long."""

    config: TrainingConfig
    cuda_graph: bool
    device: str
    seconds: float


def images_per_second(setup: Setup) -> float:
    """Measure steps of full batches, after ten that warm up."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (IMAGES, setup.config.image_size, setup.config.image_size, 3), np.uint8)
    labels = draw.integers(0, CLASSES, IMAGES)
    _, step = initialise(setup.config, TrainingData(images, labels, no_recipes(), CLASSES), setup.device)
    take_step = RecordedStep(step, setup.config.batch_size) if setup.cuda_graph else step
    index = torch.randint(IMAGES, (setup.config.batch_size,), device=setup.device)
    for _ in range(10):
        take_step(index)
    step.total.tolist()  # waits for the device
    steps, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < setup.seconds:
        for _ in range(10):
            take_step(index)
        step.total.tolist()
        steps += 10
    return steps * setup.config.batch_size / elapsed


def bytes_per_image(config: TrainingConfig) -> int:
    """Return the bytes of maps that a step writes and reads, forward and backward, in float32."""
    network = Network(config.conv_layers, config.dropout, config.image_size, CLASSES).eval()
    values = 0

    def count(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        nonlocal values
        values += output.numel()

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, config.image_size, config.image_size))
    return 4 * 4 * values


def copy_speed(device: str) -> float:
    """Measure the bytes per second that a copy of half a gigabyte reads and writes."""
    source = torch.ones(2**27, device=device)
    target = torch.empty_like(source)
    durations = []
    for _ in range(10):
        start = time.perf_counter()
        target.copy_(source)
        target[0].item()
        durations.append(time.perf_counter() - start)
    return 2 * source.nbytes / min(durations)


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
                _print_speeds(config, options, on_gpu, speed)


def _print_speeds(config: TrainingConfig, options: argparse.Namespace, on_gpu: bool, speed: float) -> None:
    print(f"\n{config.image_size} pixels, {config.conv_layers} convolutions, batch {config.batch_size}")
    print(f"  {'':22}images/s   memory")
    best = (0.0, False)
    for precision in ("float32", "tf32", "bf16"):
        for cuda_graph in (False, True) if on_gpu else (False,):
            variant = config.model_copy(update={"precision": precision})
            rate = images_per_second(Setup(variant, cuda_graph, options.device, options.seconds))
            name = f"{precision}{', CUDA graph' if cuda_graph else ''}"
            print(f"  {name:22}{rate:8.0f}{rate * bytes_per_image(variant) / speed:9.1%}", flush=True)
            if precision == "float32":
                best = max(best, (rate, cuda_graph))
    alone = Setup(config, best[1], options.device, options.seconds)
    for processes in options.at_once:
        rate = sum(Local(processes, 1).call_on_all(images_per_second, alone))
        print(f"  {f'float32, {processes} at once':22}{rate:8.0f}", flush=True)


if __name__ == "__main__":
    main()
