"""A CSV as batches of text, read as a stream: strict about its characters, its header and the length of its lines.

Two things are held of it at any time: a piece of bytes, and the batch made of the piece before.
"""

import codecs
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from pipeline.channels.landing_container import Limits
from pipeline.contracts.receipt import refusal

_BOM = codecs.BOM_UTF8
_HEADER_BYTES = 2**20
_UTF_16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_DAMAGED = (zlib.error, EOFError, zipfile.BadZipFile, OSError)


class CsvFile:
    """A CSV file past its header line; `batches` gives its rows once."""

    def __init__(self, source: BinaryIO, *, landed: int, where: str, limits: Limits) -> None:
        """Reads the header line. Raises RefusedByRule: FILE-009 not UTF-8, FILE-012 no whole first line."""
        self._bytes = _Guarded(source, landed=landed, where=where, limits=limits)
        self._where, self._limits = where, limits
        start = self._bytes.read_until(b"\n", at_most=_HEADER_BYTES)
        self.has_byte_order_mark = start.startswith(_BOM)
        body = start.removeprefix(_BOM)
        line, end, rest = body.partition(b"\n")
        if not end:
            raise refusal("FILE-012", where=f"{where}, its first line has no end")
        self._bytes.give_back(rest)
        self.header_line = line.decode("utf-8").rstrip("\r")

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Rows under these names, all text, in the order of the file.

        Raises RefusedByRule: FILE-009 not UTF-8, FILE-011 fields missing or too many (all such rows are counted
        first), FILE-012 breaks off, FILE-020 a line beyond the limit, and what unpacking raises.
        """
        ragged = _Ragged()
        problem = None
        try:
            yield from self._read(names, note=ragged.note)
        except pa.ArrowInvalid as error:
            # Its message quotes the row: only whether it speaks of length is taken from it.
            problem = "FILE-020" if "straddl" in str(error) else "FILE-012"
        if problem is not None:
            raise refusal(problem, where=self._where)
        self._bytes.check_end()
        if ragged.count:
            shown = ", ".join(str(number) for number in ragged.first)
            raise refusal("FILE-011", where=f"{self._where}, {ragged.count} rows, the first of them: {shown}")

    def _read(self, names: Sequence[str], *, note: Callable[..., str]) -> Iterator[pa.RecordBatch]:
        from pyarrow import csv

        if self._bytes.is_at_end():
            return
        yield from csv.open_csv(
            pa.PythonFile(self._bytes, mode="r"),
            # One thread, or the parser does not know the numbers of ragged rows.
            read_options=csv.ReadOptions(use_threads=False, column_names=list(names), block_size=self._limits.line),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note),
            convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        )


class _Ragged:
    """Rows without as many fields as the header: how many, and the first of them."""

    def __init__(self) -> None:
        self.count, self.first = 0, list[int]()

    def note(self, row: object) -> str:
        self.count += 1
        if len(self.first) < 20:
            self.first.append(int(getattr(row, "number", 0) or 0))
        return "skip"


class _Guarded(io.RawIOBase):
    """Unpacked bytes on their way to the parser: counted, and checked to be whole UTF-8 text."""

    def __init__(self, source: BinaryIO, *, landed: int, where: str, limits: Limits) -> None:
        self._source, self._landed, self._where, self._limits = source, landed, where, limits
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._waiting = b""
        self._size, self._quotes, self._last = 0, 0, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._limits.line if size is None or size < 0 else size
        if self._waiting:
            given, self._waiting = self._waiting[:wanted], self._waiting[wanted:]
            return given
        return self._next(wanted)

    def read_until(self, end: bytes, *, at_most: int) -> bytes:
        pieces = b""
        while end not in pieces and len(pieces) < at_most:
            piece = self._next(2**16)
            if not piece:
                break
            pieces += piece
        return pieces

    def give_back(self, rest: bytes) -> None:
        self._waiting = rest + self._waiting

    def is_at_end(self) -> bool:
        if not self._waiting:
            self._waiting = self._next(2**16)
        return not self._waiting

    def check_end(self) -> None:
        """Raises RefusedByRule (FILE-012) unless the text ended with a line end and no open quotation."""
        # An odd number of quotation marks means that one was never closed: everything after it is one field.
        if self._last != b"\n" or self._quotes % 2:
            raise refusal("FILE-012", where=self._where)

    def _next(self, wanted: int) -> bytes:
        is_damaged = False
        try:
            # The limits are asked of every piece, so a bomb is noticed long before it fills anything.
            piece = self._source.read(min(wanted, 2**22))
        except _DAMAGED:
            is_damaged, piece = True, b""
        if is_damaged:
            raise refusal("FILE-008", where=self._where)
        self._size += len(piece)
        self._limits.check(self._size, landed=self._landed, where=self._where)
        self._check_text(piece, is_first=self._size == len(piece))
        self._quotes += piece.count(b'"')
        self._last = piece[-1:] or self._last
        return piece

    def _check_text(self, piece: bytes, *, is_first: bool) -> None:
        told = None
        if is_first and piece.startswith(_UTF_16_OR_32):
            told = "UTF-16 or UTF-32"
        elif b"\0" in piece:
            told = "UTF-16, or no text at all"
        else:
            try:
                self._decoder.decode(piece, final=not piece)
            except UnicodeDecodeError:
                told = "Latin-1 or Windows-1252"
        if told is not None:
            raise refusal("FILE-009", where=f"{self._where}, it looks like {told}")
