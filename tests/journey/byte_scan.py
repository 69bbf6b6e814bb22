"""Looks for planted people in all bytes, by nothing of the project's and nothing of scanner.py: the second opinion.

Whatever is packed is unpacked first (gzip, zip, XLSX, Parquet, SQLite). Then candidates are cut out by their
unmistakable beginnings, in any case, encoding or way of writing, and looked up among those that were planted.
"""

import gzip
import html
import io
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from planted_people import Planted

_NUMBER = re.compile(rb"(?:999|888)[ .\-\xa0]?\d{3}[ .\-\xa0]?\d{4}")
_WORD = re.compile(rb"(?:zq|xv)(?:[bcdfglmnprstvw][aeiou]){3}", re.IGNORECASE)
_POSTCODE = re.compile(rb"qv\d\d ?\d[a-z]{2}", re.IGNORECASE)
_YEAR_FIRST = re.compile(rb"19[12]\d[-/.]?\d\d[-/.]?\d\d")
_YEAR_LAST = re.compile(rb"\d{1,2}[-/. ](?:\d\d|[A-Za-z]{3,9})[-/. ]19[12]\d")
_FORMS = ("%Y%m%d", "%d%m%Y", "%d%b%Y", "%d%B%Y")
_ESCAPED = re.compile(rb"\\u00([0-9a-fA-F]{2})")
_MIDDLE_DOT = "\u00a0".encode()
# Raw pages of a database put a time's fraction right before the next value, and "45.191904" before "2026" would read as
# a day of 1919. Fractions of seconds, long fractions of numbers, random ids and digests are nobody's dates and numbers:
# one of a few million keyed digests holds the eight digits of a planted day now and then.
_CHANCE = re.compile(
    rb"(?<=:\d\d[.,])\d{6}|(?<=\d\.)\d{7,}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    rb"|(?=[0-9]*[a-f])[0-9a-f]{32,}"
)


@dataclass(frozen=True)
class Trace:
    """Where something of a planted person stands, and of what kind; never what it is."""

    place: str
    kind: str


class Search:
    """The planted people, ready to be looked for."""

    def __init__(self, people: Iterable[Planted]) -> None:
        self.numbers: dict[bytes, str] = {}
        self.words: dict[bytes, str] = {}
        self.days: set[date] = set()
        for one in people:
            self.numbers[one.nhs_number.encode()] = "NHS number"
            self.numbers[one.failing_number.encode()] = "failing number"
            self.words[one.surname.lower().encode()] = "surname"
            self.words[one.road.lower().encode()] = "address"
            self.words[one.postcode.lower().replace(" ", "").encode()] = "address"
            self.days.add(one.birth_date)

    def folder(self, root: Path, *, leave_out: Iterable[str] = ()) -> set[Trace]:
        """Traces in every file below, and in its name; `leave_out` are folders directly below."""
        away, found = set(leave_out), set()
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            place = path.relative_to(root)
            if place.parts[0] not in away:
                found |= self.data(path.read_bytes(), place=place.as_posix())
                found |= self.data(place.as_posix().encode(), place=f"the name of {place.parent.as_posix()}/…")
        return found

    def text(self, text: str, *, place: str) -> set[Trace]:
        return self.data(text.encode("utf-8", "surrogateescape"), place=place)

    def data(self, data: bytes, *, place: str) -> set[Trace]:
        """Traces in these bytes and in everything packed in them."""
        return {Trace(place, kind) for piece in _unpacked(data) for kind in self._kinds(piece)}

    def _kinds(self, data: bytes) -> Iterator[str]:
        for form in map(_without_chance, _ways_of_reading(data)):
            for found in _NUMBER.findall(form):
                yield from _known(self.numbers, re.sub(rb"\D", b"", found))
            for found in (*_WORD.findall(form), *_POSTCODE.findall(form)):
                yield from _known(self.words, found.lower().replace(b" ", b""))
            for found in (*_YEAR_FIRST.findall(form), *_YEAR_LAST.findall(form)):
                if _day(found) in self.days:
                    yield "birth date"


def _without_chance(form: bytes) -> bytes:
    return _CHANCE.sub(b"*", form)


def _known(planted: dict[bytes, str], found: bytes) -> Iterator[str]:
    if found in planted:
        yield planted[found]


def _day(found: bytes) -> date | None:
    text = re.sub(r"[-/. ]", "", found.decode())
    for form in _FORMS:
        padded = text if text[1:2].isdigit() else f"0{text}"
        try:
            return datetime.strptime(padded, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _ways_of_reading(data: bytes) -> Iterator[bytes]:
    """As it is; without the zero bytes that two-byte encodings put between; with escapes undone."""
    yield data
    if b"\0" in data:
        yield data.replace(b"\0", b"")
    if _MIDDLE_DOT in data:
        yield data.replace(_MIDDLE_DOT, b" ")
    if b"\\u00" in data:
        yield _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), data)
    if b"&#" in data:
        yield html.unescape(data.decode("utf-8", "replace")).encode()


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    if data.startswith(b"\x1f\x8b"):
        yield from _unpacked(gzip.decompress(data))
    elif data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from _unpacked(archive.read(name))
            if "xl/workbook.xml" in archive.namelist():
                yield _sheet_text(data)
    elif data.startswith(b"PAR1"):
        yield from _table_text(pq.read_table(io.BytesIO(data)))
    elif data.startswith(b"SQLite format 3\0"):
        yield from _dump(data)


def _sheet_text(data: bytes) -> bytes:
    """Cells as values: a date is a number of days in the file."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data))
    return "\n".join(str(cell.value) for sheet in book for row in sheet for cell in row).encode()


def _table_text(table: pa.Table) -> Iterator[bytes]:
    for column in table.columns:
        yield "\n".join(str(value) for value in column.unique().to_pylist()).encode()


def _dump(data: bytes) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.db"
        # As if it had no write-ahead log, which is a file of its own and looked at as one.
        path.write_bytes(data[:18] + b"\x01\x01" + data[20:])
        connection = sqlite3.connect(path)
        yield "\n".join(connection.iterdump()).encode()
        for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in connection.execute(f'select * from "{name}"'):
                yield from (piece for cell in row if isinstance(cell, bytes) for piece in _unpacked(cell))
        connection.close()
