"""Durations and profiles of a training step with the plain network, and as a training takes it.

    python benchmarks/step.py [--quick] [--steps N] [--threads N] [--processor-time] [--profile]
                              [--augment flip|crop|randaugment]

Both take the same uint8 pixels, channels last. They alternate in one process, so that other work of the
machine slows both alike: five steps of the one, five of the other. As in a training, a step follows one of
its own kind: the first after a change, which finds the other's data in the caches, is not measured.

A plain step is: pixels from uint8 to float, forward, loss, backward, fused Adam. The fast one is
`wikiart.learning.steps.Step`: in addition it reads its batch from all images and counts its loss and hits;
sums over the pixels are known from earlier epochs. ``ratio`` is the median over pairs of steps at the same
place of neighbouring blocks. CPU; some minutes. With ``--augment`` the fast step is compared with itself on
augmented batches: ``ratio`` is then what a step costs with augmentation, in steps without.
"""

import argparse
import copy
import math
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

sys.path.insert(0, str(Path(__file__).parents[1]))

from wikiart.learning.adam import Adam
from wikiart.learning.augmentation import Augmentation
from wikiart.learning.batches import BatchReader
from wikiart.learning.data import TrainingData
from wikiart.learning.network import Network
from wikiart.learning.steps import Step
from wikiart.smote.recipes import no_recipes

CLASSES = 27
SIZES, QUICK = (64, 224, 416), (64,)
BLOCK = 5  #: measured steps of one kind in succession


def steps(conv_layers: int, size: int, batch: int, augment: str = "") -> dict[str, Callable[[], None]]:
    """Return a step of the plain network, or one with augmentation, and a step as a training takes it."""
    torch.manual_seed(0)
    images = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (batch,))
    plain = Network(conv_layers, 0.1, size, CLASSES).to(memory_format=torch.channels_last)
    quick = copy.deepcopy(plain)
    reader = BatchReader(TrainingData(images.numpy(), labels.numpy(), no_recipes(), CLASSES), "cpu")

    def fast_step(network: Network, augmentation: Augmentation | None = None) -> Callable[[], None]:
        optimizer = Adam(network.parameters(), 0.001)
        step = Step(network, optimizer, reader, "float32", augmentation=augmentation)
        return partial(step, torch.arange(batch))

    if augment:
        return {augment: fast_step(plain, Augmentation(augment, size, 0)), "fast": fast_step(quick)}
    return {"plain": _plain_step(plain, images, labels), "fast": fast_step(quick)}


def _plain_step(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> Callable[[], None]:
    optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def step() -> None:
        loss = torch.nn.functional.nll_loss(network(images.float().permute(0, 3, 1, 2)), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def measure(
    tasks: dict[str, Callable[[], None]], count: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Return the milliseconds of every task's steps: blocks in turn, the first of which warms up.

    Parameters
    ----------
    tasks : dict of callables
        Each takes a step.
    count : int
        Measured steps of each; blocks are taken whole.
    clock : callable
        Seconds. Default: the wall's.
    """
    durations: dict[str, list[float]] = {name: [] for name in tasks}
    for block in range(1 + math.ceil(count / BLOCK)):
        for name, task in tasks.items():
            task()
            for _ in range(BLOCK):
                begin = clock()
                task()
                if block > 0:
                    durations[name].append(1000 * (clock() - begin))
    return durations


def profile_table(task: Callable[[], None], rows: int = 12) -> str:
    """Return the profiler's table of a task, the slowest operations first."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(5):
            task()
    return profiler.key_averages().table(
        sort_by="self_cpu_time_total", row_limit=rows, max_name_column_width=40
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="64 pixels only")
    parser.add_argument("--steps", type=int, default=20, help="measured steps of each (default: 20)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (default: 1, as in a suite)")
    parser.add_argument(
        "--processor-time", action="store_true", help="in place of the clock's, on a machine with other work"
    )
    parser.add_argument("--profile", action="store_true", help="also print the profiler's tables")
    parser.add_argument(
        "--augment", choices=("flip", "crop", "randaugment"), default="", help="measure what this adds"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.processor_time else time.perf_counter
    print(f"  size  convolutions  batch{options.augment or 'plain':>12} ms   fast ms   ratio")
    for size in QUICK if options.quick else SIZES:
        for conv_layers in (1, 3):
            for batch in (16, 32):
                tasks = steps(conv_layers, size, batch, options.augment)
                plain, quick = measure(tasks, options.steps, clock).values()
                ratio = statistics.median(one / other for one, other in zip(plain, quick, strict=True))
                print(
                    f"{size:6}{conv_layers:14}{batch:7}{statistics.median(plain):15.1f}"
                    f"{statistics.median(quick):10.1f}{ratio:8.2f}",
                    flush=True,
                )
                if options.profile:
                    for name, task in tasks.items():
                        print(f"\n{name}, {conv_layers} convolutions, {size} pixels, batch {batch}")
                        print(profile_table(task))


if __name__ == "__main__":
    main()
