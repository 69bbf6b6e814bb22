"""One landed file, whatever it is wrapped in, as a Parquet file of text under our names: what `validate` reads.

Strict on purpose: a file that is not exactly what its contract declares is refused whole. No message holds a value.
Memory is bounded by pieces of the file, never by the file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from pipeline.channels.landing_container import LIMITS, Limits, open_file
from pipeline.channels.landing_csv import CsvFile
from pipeline.channels.landing_header import check_separator, match_format, split_header
from pipeline.channels.landing_parquet import ParquetTable
from pipeline.channels.landing_workbook import Workbook
from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_format import Format

ROW_GROUP = 250_000
# Batches are gathered up to this many bytes before they are written.
_GATHERED = 64 * 2**20


@dataclass(frozen=True)
class StagedText:
    """A file laid out as text: where it lies, its rows, the formats its header fits (newest first), what to note."""

    path: Path
    rows: int
    formats: tuple[Format, ...]
    notes: tuple[str, ...]


def stage_text(
    source: BinaryIO,
    *,
    file_name: str,
    contract: ExtractContract,
    period_end: date,
    claimed_format: str | None,
    target: Path,
    where: str,
    limits: Limits = LIMITS,
) -> StagedText:
    """Write the file at `target` as Parquet: our names of the columns it has, all text, empty fields as ''; and
    source_row_number (from 1, the first row after the header).

    `where` opens every message. Raises RefusedByRule under one of the rules about files; then nothing is at `target`.
    """
    target.unlink(missing_ok=True)
    kind, stream, landed = open_file(source, file_name=file_name, where=where, limits=limits)
    opened = _open(stream, kind=kind, landed=landed, where=where, limits=limits, contract=contract)
    formats = match_format(opened.header, contract=contract, period_end=period_end, claimed=claimed_format, where=where)
    names = formats[0].names(contract.columns)
    staged = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        rows = _write(staged, _batches(opened.file, names=names, contract=contract), names=names)
        staged.replace(target)
    finally:
        staged.unlink(missing_ok=True)
    return StagedText(path=target, rows=rows, formats=formats, notes=opened.notes)


@dataclass(frozen=True)
class _Opened:
    file: CsvFile | ParquetTable | Workbook
    header: Sequence[str]
    notes: tuple[str, ...]


def _open(
    stream: BinaryIO, *, kind: str, landed: int, where: str, limits: Limits, contract: ExtractContract
) -> _Opened:
    if kind == "parquet":
        table = ParquetTable(stream, landed=landed, where=where, limits=limits)
        return _Opened(table, table.header, ())
    if kind == "xlsx":
        widest = max(len(one.header_line(contract.columns)) for one in contract.formats)
        book = Workbook(stream, where=where, widest=widest)
        further = (f"only the first of {book.further_sheets + 1} sheets was read",) if book.further_sheets else ()
        return _Opened(book, book.header, further)
    file = CsvFile(stream, landed=landed, where=where, limits=limits)
    header = split_header(file.header_line)
    if not any(tuple(header) == one.header_line(contract.columns) for one in contract.formats):
        check_separator(file.header_line, contract=contract, where=where)
    notes = ("a byte order mark at the start was passed over",) if file.has_byte_order_mark else ()
    return _Opened(file, header, notes)


def _batches(
    file: CsvFile | ParquetTable | Workbook, *, names: Sequence[str], contract: ExtractContract
) -> Iterator[pa.RecordBatch]:
    if isinstance(file, CsvFile):
        return file.batches(names)
    return file.batches(names, types=[contract.column(name).type for name in names])


def _write(path: Path, batches: Iterable[pa.RecordBatch], *, names: Sequence[str]) -> int:
    """The batches as one Parquet file with their rows numbered; number of rows."""
    from pyarrow import parquet

    schema = pa.schema([*((name, pa.string()) for name in names), ("source_row_number", pa.int64())])
    rows = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for table in _gathered(batches):
            numbers = pa.array(np.arange(rows + 1, rows + table.num_rows + 1, dtype=np.int64))
            writer.write_table(table.append_column("source_row_number", numbers), row_group_size=ROW_GROUP)
            rows += table.num_rows
    return rows


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches put together into tables worth a row group each."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        is_enough = sum(one.num_rows for one in held) >= ROW_GROUP
        if is_enough or sum(one.nbytes for one in held) >= _GATHERED:
            yield pa.Table.from_batches(held)
            held = []
    if any(one.num_rows for one in held):
        yield pa.Table.from_batches(held)
