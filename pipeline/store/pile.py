"""Rows that wait for the verdict on their delivery: in memory while they are few, in a Parquet file when they are many.

The file lies in a folder of the identified zone that whoever made it removes. A pile is read once, whole, as a table or
as a stream for the store.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_IN_MEMORY = 500_000


class Pile:
    """`with Pile(folder / "kept.parquet") as pile: pile.add(table)…`; the file appears only when it is needed."""

    def __init__(self, path: Path, *, rows_in_memory: int = ROWS_IN_MEMORY) -> None:
        self._path = path
        self._limit = rows_in_memory
        self._tables: list[pa.Table] = []
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        self._path.unlink(missing_ok=True)

    def add(self, rows: pa.Table) -> None:
        """Put rows on the pile; all of one pile have the same columns."""
        self.rows += rows.num_rows
        self._tables.append(rows)
        if self.rows > self._limit or self._writer is not None:
            self._put_away()

    def stream(self) -> pa.RecordBatchReader | None:
        """The rows in the order they came, to be read once; None for a pile to which nothing was added."""
        if self._writer is None:
            return pa.concat_tables(self._tables).to_reader() if self._tables else None
        self._writer.close()
        file = pq.ParquetFile(self._path)
        return pa.RecordBatchReader.from_batches(file.schema_arrow, _batches(file))

    def _put_away(self) -> None:
        for rows in self._tables:
            if self._writer is None:
                # Read once and removed: quick to write counts for more than small.
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._writer = pq.ParquetWriter(self._path, rows.schema, compression="lz4", use_dictionary=False)
            self._writer.write_table(rows)
        self._tables = []


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(batch_size=64_000)
    file.close()
