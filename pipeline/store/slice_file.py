"""One slice of a Delta table written from a stream as one Parquet file, and committed by its name.

Memory is that of a row group. The table is there already and has the stream's columns and the partition column
(`tables.replace_slice_with` sees to both).
"""

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from deltalake.transaction import AddAction

# Each attempt fails only where someone else's succeeded.
COMMITS_TRIED = 50


def replace_slice(path: Path, rows: pa.RecordBatchReader, *, column: str, value: str, row_group: int) -> None:
    """Make the rows the whole content of the slice `column = value`, in one commit.

    What the stream raises leaves no file. The value may stand in a path and in a URI as it is.
    """
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction

    file, opened = _new_file(path / f"{column}={value}", version=DeltaTable(str(path)).version() + 1)
    try:
        with opened:
            written = _write(opened, rows, row_group=row_group)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    # From here on the file stays, whatever happens: an error may come after the commit. One in no log is purged.
    added = AddAction(
        path=f"{file.parent.name}/{file.name}",
        size=file.stat().st_size,
        partition_values={column: value},
        modification_time=int(file.stat().st_mtime * 1000),
        data_change=True,
        # No least and greatest value: person keys would be among them, and erasure cannot reach the log.
        stats=json.dumps({"numRecords": written}),
    )
    _commit(path, added, column=column, value=value)


def _commit(path: Path, added: "AddAction", *, column: str, value: str) -> None:
    """Put the file in the place of the slice's others; raises deltalake's CommitFailedError if that cannot be."""
    from deltalake import DeltaTable
    from deltalake.exceptions import CommitFailedError

    for attempt in range(1, COMMITS_TRIED + 1):
        table = DeltaTable(str(path))
        try:
            table.create_write_transaction(
                [added],
                mode="overwrite",
                schema=table.schema(),
                partition_by=[column],
                partition_filters=[(column, "=", value)],
            )
        except CommitFailedError:
            # Another slice was written in between, which does not touch this one: Delta asks to look again.
            if attempt == COMMITS_TRIED:
                raise
        else:
            return


def _new_file(folder: Path, *, version: int) -> tuple[Path, BinaryIO]:
    """A file that nobody else has opened, for a version of the table to come; a killed write may have left others."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in count():
        file = folder / f"part-{place:05}-v{version}.snappy.parquet"
        try:
            return file, file.open("xb")
        except FileExistsError:
            continue
    raise AssertionError("there is always another number")


def _write(file: BinaryIO, rows: pa.RecordBatchReader, *, row_group: int) -> int:
    """Rows written, in their order; small batches are gathered, so that a row group is worth its columns."""
    written = held = 0
    gathered: list[pa.RecordBatch] = []
    with pq.ParquetWriter(file, rows.schema, compression="snappy", store_schema=False) as writer:

        def put() -> None:
            if gathered:
                writer.write_table(pa.Table.from_batches(gathered), row_group_size=row_group)
                gathered.clear()

        for batch in rows:
            gathered.append(batch)
            written += batch.num_rows
            held += batch.num_rows
            if held >= row_group // 4:
                put()
                held = 0
        put()
    return written
