"""A Parquet file as batches of text in the declared forms; what cannot be written as text without doubt is refused.

Texts are read as dictionaries, so that one long value repeated a million times is noticed and not made.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.channels.landing_container import Limits
from pipeline.contracts.receipt import refusal

_ROWS = 50_000
_MOST_ROWS = 2_000_000_000
# Footers of honest files are far below; the library's own defaults allow a hundred megabytes of names.
_FOOTER_TEXT, _FOOTER_PARTS = 10_000_000, 1_000_000
_LONGEST_TEXT = 2**20
# Whole numbers that a binary fraction still tells apart.
_EXACT = 2**53


class ParquetTable:
    """A Parquet file past its footer; `batches` gives its rows once."""

    def __init__(self, source: BinaryIO, *, landed: int, where: str, limits: Limits) -> None:
        """Reads the footer. Raises RefusedByRule: FILE-008 damaged, FILE-007 and FILE-017 too large."""
        self._landed, self._where, self._limits = landed, where, limits
        file = None
        # The library's messages may quote what was read: told below in our words. So further down.
        with suppress(pa.ArrowException, OSError, ValueError):
            file = _open(source)
        if file is None:
            raise refusal("FILE-008", where=where)
        self._file = file
        self.header: list[str] = list(file.schema_arrow.names)
        declared = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        # Parquet packs columns of few values far more tightly than text: ten times the ratio is still honest.
        self._generous = Limits(unpacked=limits.unpacked, ratio=10 * limits.ratio, ratio_from=limits.ratio_from)
        self._generous.check(max(declared, 0), landed=landed, where=where)
        if not 0 <= file.metadata.num_rows <= _MOST_ROWS:
            raise refusal("FILE-007", where=where)

    def batches(self, names: Sequence[str], *, types: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Rows under these names, all text; `types` are the contract's types of these columns.

        Raises RefusedByRule: FILE-023 a type that cannot be text, FILE-008, FILE-007, FILE-017 and FILE-020.
        """
        unfit = [at for at, field in enumerate(self._file.schema_arrow, start=1) if not _is_fit(field.type)]
        if unfit:
            shown = ", ".join(f"column {at}" for at in unfit[:20])
            raise refusal("FILE-023", where=f"{self._where}, {shown}")
        made = 0
        for batch in self._read():
            columns = [
                self._text(column, kind=kind, at=at)
                for at, (column, kind) in enumerate(zip(batch.columns, types, strict=True), start=1)
            ]
            made += sum(column.nbytes for column in columns)
            self._generous.check(made, landed=self._landed, where=self._where)
            yield pa.record_batch(columns, names=list(names))

    def _read(self) -> Iterator[pa.RecordBatch]:
        is_damaged = False
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS, use_threads=False):
                # A damaged page may point outside its dictionary, or hold what is no UTF-8.
                batch.validate(full=True)
                yield batch
        except (pa.ArrowException, OSError, ValueError):
            is_damaged = True
        if is_damaged:
            raise refusal("FILE-008", where=self._where)

    def _text(self, column: pa.Array, *, kind: str, at: int) -> pa.Array:
        if pa.types.is_dictionary(column.type):
            column = self._spelt_out(column)
        text = None
        with suppress(pa.ArrowException, ValueError, OverflowError):
            text = _as_text(column, kind=kind)
        if text is None:
            raise refusal("FILE-023", where=f"{self._where}, column {at}")
        return pc.fill_null(text, "")

    def _spelt_out(self, column: pa.DictionaryArray) -> pa.Array:
        """The texts themselves, once it is sure that there is room for them."""
        if pa.types.is_string(column.dictionary.type) or pa.types.is_large_string(column.dictionary.type):
            lengths = pc.binary_length(column.dictionary)
            if (pc.max(lengths).as_py() or 0) > _LONGEST_TEXT:
                raise refusal("FILE-020", where=self._where)
            size = pc.sum(pc.cast(lengths.take(column.indices), pa.int64())).as_py() or 0
            if size > max(self._limits.ratio_from, 2**20) * 4:
                raise refusal("FILE-017", where=self._where)
        return column.dictionary_decode()


def _open(source: BinaryIO) -> Any:
    from pyarrow import parquet

    limits = {"thrift_string_size_limit": _FOOTER_TEXT, "thrift_container_size_limit": _FOOTER_PARTS}
    source.seek(0)
    schema = parquet.ParquetFile(source, pre_buffer=False, **limits).schema_arrow
    texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    source.seek(0)
    return parquet.ParquetFile(source, pre_buffer=False, read_dictionary=texts, **limits)


def _is_fit(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_fit(kind.value_type)
    tests = ("string", "large_string", "null", "boolean", "integer", "floating", "decimal", "date", "timestamp")
    return any(getattr(pa.types, f"is_{test}")(kind) for test in tests)


def _as_text(column: pa.Array, *, kind: str) -> pa.Array:
    """The column in the form its declared type is written in a CSV."""
    held = column.type
    if pa.types.is_boolean(held):
        return pc.if_else(column, "1", "0")
    if pa.types.is_timestamp(held):
        return _moments(column, kind=kind)
    if pa.types.is_floating(held):
        return pa.array([_number(value) for value in column.to_pylist()], type=pa.string())
    if pa.types.is_decimal(held):
        return pa.array([None if v is None else format(v, "f") for v in column.to_pylist()], type=pa.string())
    if pa.types.is_date64(held):
        column = column.cast(pa.date32())
    return column.cast(pa.string())


def _moments(column: pa.Array, *, kind: str) -> pa.Array:
    """ISO moments in UTC; dates where the contract declares a date and every moment is a midnight."""
    zone = column.type.tz
    plain = column.cast(pa.timestamp("us", tz=zone), safe=False)
    if zone is not None:
        plain = plain.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
    days = plain.cast(pa.date32(), safe=False)
    if kind == "date" and pc.all(pc.equal(days.cast(pa.timestamp("us")), plain)).as_py() is not False:
        return days.cast(pa.string())
    return pc.strftime(plain, format="%Y-%m-%dT%H:%M:%SZ" if zone is not None else "%Y-%m-%dT%H:%M:%S")


def _number(value: float | None) -> str | None:
    """A binary fraction as it is usually written: whole ones without a point. Not a number means empty."""
    if value is None or value != value:
        return None
    if value.is_integer():
        if abs(value) > _EXACT:
            raise ValueError("a whole number that a binary fraction cannot hold exactly")
        return str(int(value))
    return format(Decimal(repr(value)), "f")
