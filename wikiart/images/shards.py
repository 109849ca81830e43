"""Images in parquet shards, as the Hugging Face hub serves them: read in passing, never a shard at once."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

ROWS = 16  #: rows in memory at a time; an image has a megabyte or so


def styles(shard: Path) -> list[str | None]:
    """The style of each row, None where there is none.

    A number stands for a name in the schema's metadata (``ClassLabel``); text for itself.

    Raises
    ------
    ValueError
        Not a parquet file, or one without the columns ``image`` and ``style``, or without names
        for its numbers.
    """
    from pyarrow.parquet import ParquetFile  # here: most images lie in folders, and it takes its time

    with ParquetFile(shard) as file:
        if missing := {"image", "style"} - set(file.schema_arrow.names):
            raise ValueError(f"no column {' or '.join(sorted(missing))}")
        values = file.read(columns=["style"]).column("style").to_pylist()
        names = _names(file.schema_arrow.metadata or {})
    if not any(isinstance(value, int) for value in values):
        return values
    if not names:
        raise ValueError("its styles are numbers, and its metadata does not name them")
    return [names[value] if value is not None and 0 <= value < len(names) else None for value in values]


def _names(metadata: dict[bytes, bytes]) -> list[str]:
    about = json.loads(metadata.get(b"huggingface", b"{}"))
    return about.get("info", {}).get("features", {}).get("style", {}).get("names", [])


def contents(shard: Path, rows: Sequence[int]) -> Iterator[bytes]:
    """What the image files in these rows (ascending) hold; empty where a row has none.

    In memory are some two pages of the shard: with a hundred rows of 1 MB a row group, 270 MB.
    """
    from pyarrow.parquet import ParquetFile

    wanted = iter(rows)
    row = next(wanted, None)
    start = 0
    # Buffered and not pre-fetched: else a row group, which may be the shard, would be read at once.
    with ParquetFile(shard, buffer_size=1 << 20, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            end = start + file.metadata.row_group(group).num_rows
            if row is not None and row < end:
                for batch in file.iter_batches(ROWS, row_groups=[group], columns=["image"]):
                    column = batch.column("image")
                    while row is not None and row < start + len(column):
                        yield (column[row - start].as_py() or {}).get("bytes") or b""
                        row = next(wanted, None)
                    start += len(column)
            start = end
