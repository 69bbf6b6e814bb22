"""One slice of a Delta table written from a stream as one Parquet file, and committed by its name.

Memory is that of a row group. The table is there already and has the stream's columns and the partition column
(`tables.replace_slice_with` sees to both).
"""

import json
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def replace_slice(path: Path, rows: pa.RecordBatchReader, *, column: str, value: str, row_group: int) -> None:
    """Make the rows the whole content of the slice `column = value`, in one commit.

    What the stream raises leaves no file. The value may stand in a path and in a URI as it is.
    """
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction

    # As Delta's own writer names its files: a name that no other writer of the slice can have.
    file = path / f"{column}={value}" / f"part-00000-{uuid.uuid4()}-c000.snappy.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        written = _write(file, rows, row_group=row_group)
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
    table = DeltaTable(str(path))
    table.create_write_transaction(
        [added],
        mode="overwrite",
        schema=table.schema(),
        partition_by=[column],
        partition_filters=[(column, "=", value)],
    )


def _write(file: Path, rows: pa.RecordBatchReader, *, row_group: int) -> int:
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
