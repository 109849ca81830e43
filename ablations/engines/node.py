"""A training on a node of a Ray cluster: images come there once, what must not be lost goes back."""

import getpass
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
import torch
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ablations.engines import worker
from ablations.engines.worker import Job
from ablations.tracking import outcome
from ablations.tracking.outcome import NotHandedIn
from wikiart.cache.atomic import atomic_file
from wikiart.cache.disk import build_once
from wikiart.cache.folder import Cache
from wikiart.images import store

CHUNK = 2**23  # bytes that travel at a time
AHEAD = 4  # chunks that are read before they are written


class NodeError(RuntimeError):
    """A node cannot carry out trainings of this suite; the message says why."""


def carry_out(
    job: Job,
    report: Callable[[float], None],
    *,
    origin: str,
    torch_version: str,
    level_files: Mapping[str, str],
) -> None:
    """`worker.carry_out` on whichever node this runs.

    ``origin`` is the node whose disk has the store, ``level_files`` the text of each SMOTE level that
    names a file.

    Raises
    ------
    NodeError
        The node has another torch, or not the store's content.
    NotHandedIn
        With the outcome packed in it: this node's disk may be gone tomorrow.
    """
    if torch.__version__ != torch_version:
        raise NodeError(
            f"{_name()} has torch {torch.__version__}, the suite torch {torch_version}: their results "
            "would differ; install the same requirements on every node"
        )
    if ray.get_runtime_context().get_node_id() != origin:
        job = replace(job, training=replace(job.training, store=fetched(job, origin)))
    if text := level_files.get(job.training.config.smote):
        job = _with_level_file(job, text)
    try:
        worker.carry_out(job, report)
    except NotHandedIn as error:
        error.packed = outcome.pack(job.training.files.outcome)
        outcome.remove(job.training.files.outcome)
        raise


def _with_level_file(job: Job, text: str) -> Job:
    """The job with its file of style counts where this node can read it."""
    asked = Path(job.training.config.smote)
    here = node_cache().level_file(text, asked.suffix)
    with atomic_file(here) as scratch:
        scratch.write_text(text, encoding="utf-8")
    config = job.training.config.model_copy(update={"smote": str(here)})
    return replace(job, training=replace(job.training, config=config))


def node_cache() -> Cache:
    """Return the node's own cache: $WIKIART_CACHE as ``ray start`` had it, else a folder below $TMPDIR."""
    own = Path(tempfile.gettempdir()) / f"wikiart-ablations-{getpass.getuser()}"
    return Cache(Path(os.environ.get("WIKIART_CACHE") or own).expanduser().resolve())


def fetched(job: Job, origin: str) -> Path:
    """The job's store in this node's own space, brought from ``origin`` by the first who needs it.

    Raises
    ------
    NodeError
        What arrived, or was there, is not what the suite was planned on.
    wikiart.errors.CacheError
        There is no room for it.
    """
    source, target = job.training.store, node_cache().store(job.training.store.name)
    there = NodeAffinitySchedulingStrategy(origin, soft=False)

    def bring(scratch: Path) -> None:
        chunks: Any = _chunks.options(
            scheduling_strategy=there, num_returns="streaming", _generator_backpressure_num_objects=AHEAD
        ).remote(source, list(sizes))
        for chunk in chunks:
            name, content = ray.get(chunk)
            with (scratch / name).open("ab") as file:
                file.write(content)
        if store.content_digest(scratch, store.load(scratch).classes) != job.training.digest:
            raise NodeError(f"the images did not arrive whole at {_name()}: start the suite again")

    if not target.is_dir():
        sizes = ray.get(_sizes.options(scheduling_strategy=there).remote(source))
        build_once(target, sum(sizes.values()), bring)
    if store.load(target).digest != job.training.digest:
        raise NodeError(f"{target} on {_name()} holds other images: remove it")
    return target


@ray.remote(num_cpus=0)
def _sizes(folder: Path) -> dict[str, int]:
    """The files of a store and their bytes."""
    return {path.name: path.stat().st_size for path in folder.iterdir()}


@ray.remote(num_cpus=0)
def _chunks(folder: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """The files of a store, piece by piece."""
    for name in names:
        with (folder / name).open("rb") as file:
            yield name, b""  # so that an empty file arrives too
            while content := file.read(CHUNK):
                yield name, content


def _name() -> str:
    return f"node {ray.util.get_node_ip_address()}"
