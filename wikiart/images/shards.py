"""Images in parquet shards, as the Hugging Face hub serves them, read a few rows at a time."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

ROWS = 16  #: rows that are in memory at a time; an image has about a megabyte


def styles(shard: Path) -> list[str | None]:
    """Read the style of each row, None where a row has none.

    A number is a position among the names in the schema's metadata (``ClassLabel``); text is the name.

    Raises
    ------
    ValueError
        Not a parquet file, or one without the columns ``image`` and ``style``, or without names
        for its numbers.
    """
    from pyarrow.parquet import ParquetFile  # here: importing it is slow, and most data sets need no shards

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
    """Yield the bytes of the image files in these rows (ascending); empty where a row has none.

    About two pages of the shard are in memory: 270 MB for row groups of a hundred images of 1 MB.
    """
    from pyarrow.parquet import ParquetFile

    wanted = iter(rows)
    row = next(wanted, None)
    start = 0
    # Buffered and not pre-fetched; otherwise a row group, perhaps the whole shard, would be read at once.
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
