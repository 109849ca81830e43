"""One training on a node of a Ray cluster: the images are copied there once, its outcome is never lost."""

import getpass
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
import torch
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ablations.engines import worker
from ablations.engines.job import Handover, Job
from ablations.tracking import outcome
from wikiart.cache.atomic import atomic_file
from wikiart.cache.checksums import damage
from wikiart.cache.disk import build_once
from wikiart.cache.folder import Cache
from wikiart.images import store
from wikiart.smote.spelling import join_level, level_file, split_level

CHUNK = 2**23  # bytes per message
READ_AHEAD = 4  # chunks that may be read before they are written


class NodeError(RuntimeError):
    """A node cannot carry out trainings of this suite; the message says why."""


@dataclass(frozen=True)
class Origin:
    """The machine that runs the suite, as its nodes need to know it."""

    node: str  #: Ray's id of the machine, whose disk has the stores
    torch_version: str
    level_files: Mapping[str, str]  #: text of each SMOTE level that names a file

    @classmethod
    def of(cls, node: str, levels: set[str]) -> "Origin":
        """Describe this machine for trainings with these SMOTE levels."""
        files = {level: file.read_text(encoding="utf-8") for level in levels if (file := level_file(level))}
        return cls(node, torch.__version__, files)


def carry_out(job: Job, report: Callable[[float], None], *, origin: Origin) -> Handover:
    """Carry out a training on the node where this runs, see `worker.carry_out`.

    If its runs cannot be finished, the returned Handover has the outcome packed: the node and its disk may
    not be there when the suite goes on.

    Raises
    ------
    NodeError
        The node has another version of torch, or the images did not arrive complete.
    """
    if torch.__version__ != origin.torch_version:
        raise NodeError(
            f"{_name()} has torch {torch.__version__}, the suite torch {origin.torch_version}: their "
            "results would differ; install the same requirements on every node"
        )
    if ray.get_runtime_context().get_node_id() != origin.node:
        local = copy_store(job.training.store, job.training.digest, origin.node)
        job = replace(job, training=replace(job.training, store=local))
    if text := origin.level_files.get(job.training.config.smote):
        job = with_level_file(job, text)
    handover = worker.carry_out(job, report)
    if not handover.unreachable:
        return handover
    archive = outcome.pack(job.training.files.outcome)
    shutil.rmtree(job.training.files.outcome)
    return replace(handover, archive=archive)


def with_level_file(job: Job, text: str) -> Job:
    """Write the file of style counts to this node's disk and return the job with its path."""
    copies, threshold = split_level(job.training.config.smote)
    path = node_cache().level_file(text, Path(threshold).suffix)
    with atomic_file(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    config = job.training.config.model_copy(update={"smote": join_level(copies, str(path))})
    return replace(job, training=replace(job.training, config=config))


def node_cache() -> Cache:
    """Return this node's cache: $WIKIART_CACHE of the shell that started Ray, else a folder in $TMPDIR."""
    default = Path(tempfile.gettempdir()) / f"wikiart-ablations-{getpass.getuser()}"
    return Cache(Path(os.environ.get("WIKIART_CACHE") or default).expanduser().resolve())


def copy_store(source: Path, digest: str, origin: str) -> Path:
    """Copy a store from the suite's machine to this node, unless an earlier training has done so.

    Parameters
    ----------
    source : Path
        The store's folder on the suite's machine.
    digest : str
        Digest of the store's content.
    origin : str
        Ray's id of the suite's machine.

    Returns
    -------
    Path
        The store's folder on this node.

    Raises
    ------
    NodeError
        The copy, or what was there already, has another content.
    wikiart.errors.CacheError
        There is no room for the copy.
    """
    target = node_cache().store(source.name)
    there = NodeAffinitySchedulingStrategy(origin, soft=False)

    def write(scratch: Path) -> None:
        # 1. A task on the suite's machine yields the files in chunks. It pauses when READ_AHEAD chunks have
        #    not been taken yet, so that a store of many gigabytes never lies in Ray's memory.
        chunks: Any = _read_chunks.options(
            scheduling_strategy=there, num_returns="streaming", _generator_backpressure_num_objects=READ_AHEAD
        ).remote(source, list(sizes))
        # 2. Each chunk is appended to its file. They come in order.
        for chunk in chunks:
            name, content = ray.get(chunk)
            with (scratch / name).open("ab") as file:
                file.write(content)
        # 3. Only what arrived complete is published.
        if damage(scratch, target.name):
            raise NodeError(f"the images did not arrive complete at {_name()}: start the suite again")

    if damage(target):
        sizes = ray.get(_file_sizes.options(scheduling_strategy=there).remote(source))
        # `build_once` holds a lock: of the trainings that start on a node together, one copies and the others
        # wait. The folder appears when it is complete.
        build_once(target, sum(sizes.values()), write)
    if store.load(target).digest != digest:
        raise NodeError(f"{target} on {_name()} holds other images: remove it")
    return target


@ray.remote(num_cpus=0)
def _file_sizes(folder: Path) -> dict[str, int]:
    """Return the files of a store and their sizes in bytes."""
    return {path.name: path.stat().st_size for path in folder.iterdir()}


@ray.remote(num_cpus=0)
def _read_chunks(folder: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the content of files as (name, chunk)."""
    for name in names:
        with (folder / name).open("rb") as file:
            yield name, b""  # for a file without content
            while content := file.read(CHUNK):
                yield name, content


def _name() -> str:
    return f"node {ray.util.get_node_ip_address()}"
