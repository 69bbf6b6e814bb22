"""Gives the rows of a file their types, finds repeats and older versions, and digests the whole.

Part of `validate`: DuckDB over the text, a Parquet file of any size or a table. Rows come out in batches, so that what
is in memory does not grow with the file; what a repeat is, is decided over all rows. It judges nothing but repetition.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_format import Format, choose, telling_columns
from pipeline.contracts.receipt import Receipt
from pipeline.engines import file_sql

ROW = "source_row_number"
BATCH_ROWS = 250_000
_DIGEST_ROWS = 100_000
_ARROW = {
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "bigint": pa.int64(),
    "decimal(18, 4)": pa.decimal128(18, 4),
}
# What stands in for a format's old code: our column, then what the sender writes, then what the contract says.
Values = Mapping[str, Mapping[str, str]]


class FileRows:
    """The rows of one file: `with FileRows(text, contract=…, receipt=…, …) as rows: …`.

    `text` has our column names, all text, and source_row_number from 1 in the order of the file; columns that the
    file's format does not have may be missing. `spill_folder` is where DuckDB may put what does not fit in memory: it
    must lie in the identified zone, and without it too large a file is an error.
    """

    def __init__(
        self,
        text: pa.Table | Path,
        *,
        contract: ExtractContract,
        receipt: Receipt,
        threads: int,
        memory_limit: str,
        spill_folder: Path | None = None,
    ) -> None:
        self.contract = contract
        self._receipt = receipt
        self._values: Values = {}
        # Rows of people must not spill into whatever folder the process happens to stand in.
        spill = str(spill_folder) if spill_folder else ""
        self._connection = duckdb.connect(
            config={"threads": threads, "memory_limit": memory_limit, "temp_directory": spill}
        )
        self._connection.execute("set enable_progress_bar = false")
        if isinstance(text, pa.Table):
            self._connection.register("file", text)
        else:
            self._connection.execute(f"create temp view file as select * from read_parquet({file_sql.literal(text)})")
        self._sent = tuple(name for name in self._columns("file") if name != ROW)
        self.total = self._one("select count(*) from file")
        self._is_marked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def read_as(self, formats: Sequence[Format]) -> Format:
        """Read the file in the one of these formats, newest first, whose values it holds; before anything else."""
        columns = [name for name in telling_columns(formats) if name in self._sent]
        present = {
            name: {row[0] for row in self._connection.execute(f'select distinct trim("{name}") from file').fetchall()}
            for name in columns
        }
        chosen = choose(formats, present)
        self._values = chosen.values
        return chosen

    def batches(self, *, size: int = BATCH_ROWS) -> Iterator[pa.Table]:
        """Typed rows with `fate` (duplicate, superseded or null), marks and derived columns, by row number."""
        self._mark()
        for first, last in self._ranges(size):
            sql = file_sql.marked(
                self.contract, self._receipt, sent=self._sent, values=self._values, rows=(first, last)
            )
            yield self._connection.sql(sql).to_arrow_table()

    @property
    def clean_schema(self) -> pa.Schema:
        """Columns of the rows that are kept, typed as DuckDB types them."""
        kinds = {"text": pa.string(), **{name: _ARROW[kind] for name, (_, kind) in file_sql.SHAPES.items()}}
        columns = [(column.name, kinds[column.type]) for column in self.contract.columns]
        return pa.schema([*columns, (ROW, pa.int64())])

    @property
    def quarantine_schema(self) -> pa.Schema:
        """Columns of the rows that are set apart: as sent, with the rules they broke."""
        return pa.schema(
            [*((name, pa.string()) for name in self.contract.names()), (ROW, pa.int64()), ("rules", pa.string())]
        )

    def as_sent(self, numbers: pa.Array) -> pa.Table:
        """The rows of these numbers as they were sent, under our names; what the format lacks is null."""
        self._connection.register("wanted", pa.table({ROW: numbers}))
        columns = ", ".join(
            f'file."{name}"' if name in self._sent else f'null::varchar as "{name}"' for name in self.contract.names()
        )
        # The bounds let whole row groups of a large file be passed over.
        within = f"between {pc.min(numbers).as_py() or 0} and {pc.max(numbers).as_py() or 0}"
        return self._connection.sql(
            f"select {columns}, file.{ROW} from file inner join wanted on file.{ROW} = wanted.{ROW} "
            f"where file.{ROW} {within} order by file.{ROW}"
        ).to_arrow_table()

    def numbers_with_digits(self, *, column: str, codes: Sequence[str]) -> pa.Array:
        """Row numbers where the digits of this column are one of the codes, in order.

        What stands between or around the digits says nothing: these rows are read before any rule has judged them.
        """
        listed = ", ".join(file_sql.literal(code) for code in codes) or "null"
        sql = (
            f"select {ROW} from file where regexp_replace(\"{column}\", '[^0-9]', '', 'g') in ({listed}) order by {ROW}"
        )
        return self._connection.sql(sql).to_arrow_table()[ROW].combine_chunks().cast(pa.int64())

    def digest(self) -> str:
        """SHA-256 over the digests of all rows in their own order: the order of the file does not matter."""
        self._mark()
        hasher = hashlib.sha256()
        reader = self._connection.sql("select content from line order by content").to_arrow_reader(_DIGEST_ROWS)
        for batch in reader:
            values = batch.column(0)
            together = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values), b"")
            # The digest is over the hexadecimal text of each, one after the other.
            hasher.update(together[0].as_py().hex().encode())
        return hasher.hexdigest()

    def _mark(self) -> None:
        """Find, once, what only the whole file can tell: rows that repeat, are older than or contradict another."""
        if self._is_marked:
            return
        self._is_marked = True
        self._connection.execute(
            "create temp table line as "
            + file_sql.lines(self.contract, self._receipt, sent=self._sent, values=self._values)
        )
        self._connection.execute(f"create temp table mark as {file_sql.MARKS}")

    def _ranges(self, size: int) -> Iterator[tuple[int, int]]:
        yield from ((first, min(first + size - 1, self.total)) for first in range(1, max(self.total, 1) + 1, size))

    def _columns(self, relation: str) -> list[str]:
        return [row[0] for row in self._connection.execute(f"describe {relation}").fetchall()]

    def _one(self, statement: str) -> int:
        row: Any = self._connection.execute(statement).fetchone()
        return int(row[0])


@dataclass(frozen=True)
class Rows:
    """All rows of a small file at once, and its digest."""

    table: pa.Table
    digest: str


def read_rows(
    text: pa.Table,
    *,
    contract: ExtractContract,
    receipt: Receipt,
    threads: int,
    memory_limit: str,
) -> Rows:
    """A small file's rows in one table."""
    with FileRows(text, contract=contract, receipt=receipt, threads=threads, memory_limit=memory_limit) as rows:
        batches = list(rows.batches(size=max(rows.total, 1)))
        return Rows(table=pa.concat_tables(batches), digest=rows.digest())


def clean_rows(rows: pa.Table, *, contract: ExtractContract) -> pa.Table:
    """Our columns and the row number, in the order of the contract: what `identified/clean` holds."""
    return rows.select([*contract.names(), ROW])


def quarantine_rows(text: pa.Table, *, broken: Mapping[int, Sequence[str]], contract: ExtractContract) -> pa.Table:
    """Broken rows as they were sent, with the rules each broke: what `identified/quarantine` holds."""
    numbers = pa.array(sorted(broken), type=pa.int64())
    rows = text.filter(pc.is_in(text[ROW], value_set=numbers))
    rules = pa.array([" ".join(broken[number]) for number in sorted(broken)], type=pa.string())
    return rows.select([*contract.names(), ROW]).append_column("rules", rules)


def event_dates(rows: pa.Table, *, contract: ExtractContract) -> pa.ChunkedArray | None:
    """Each row's first given event date; None when the extract has none."""
    if not contract.event_date:
        return None
    return pc.coalesce(*(pc.cast(rows[name], pa.date32()) for name in contract.event_date))


def latest_event_date(rows: pa.Table, *, contract: ExtractContract) -> date | None:
    """Latest of each row's first given event date up to the day of receipt (an appointment may lie ahead); or None."""
    dates = event_dates(rows, contract=contract)
    if dates is not None and "received_on" in rows.column_names:
        dates = pc.if_else(pc.less_equal(dates, rows["received_on"]), dates, None)
    latest: date | None = None if dates is None or not rows.num_rows else pc.max(dates).as_py()
    return latest
