"""Reads every format that can lie under a home and says where something of a person stands in it.

It decodes before it looks: text in several encodings, gzip, zip, XLSX, Parquet with its footer, Delta logs and
SQLite down to its unused pages. A format it cannot read is itself a finding, so nothing hides by being unknown.
"""

import gzip
import html
import io
import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

UNREADABLE = "a format nobody can read"
SIGNATURE = 64  # bytes
TEXT_SUFFIXES = frozenset(
    {".txt", ".log", ".json", ".html", ".csv", ".yml", ".yaml", ".md", ".crc", ".sql", ".tsv", ".xml", ".jsonl"}
)
_DIGITS = re.compile(r"(?<!\d)(?:\d[ \-\u00a0]?){9,}\d(?!\d)")
_WORD = re.compile(r"[^\W\d_]+")
_POSTCODE = re.compile(r"(?<![A-Z0-9])([A-Z]{1,2}[0-9][A-Z0-9]?)[ \u00a0]?([0-9][A-Z]{2})(?![A-Z0-9])", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_BRITISH = re.compile(r"(?<!\d)(\d{2})[/.](\d{2})[/.](\d{4})(?!\d)")
_COMPACT = re.compile(r"(?<![0-9A-Za-z])(\d{4})(\d{2})(\d{2})(?![0-9A-Za-z])")

Value = object
# A piece of a file: where it stands in there, and the text or typed value itself.
Piece = tuple[str, Value]


def scan(root: Path, canaries: "Canaries", *, leave_out: Iterable[str] = ()) -> list["Finding"]:
    """Everything found under the root; `leave_out` names folders directly below it that are not looked at."""
    away = set(leave_out)
    found = []
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        place = path.relative_to(root)
        if place.parts[0] not in away:
            found += scan_file(path, canaries, name=place.as_posix())
    return found


def scan_file(path: Path, canaries: "Canaries", *, name: str | None = None) -> list["Finding"]:
    """What one file holds, and what its name says."""
    shown = name or path.name
    return _found(shown, [("its name", shown)], canaries) + scan_bytes(path.read_bytes(), canaries, name=shown)


def scan_bytes(data: bytes, canaries: "Canaries", *, name: str) -> list["Finding"]:
    """What these bytes hold, whatever format the name and the first bytes say they are in."""
    try:
        return _found(name, _decoded(data, name=name), canaries)
    except Unreadable as error:
        return [Finding(file=name, kind=UNREADABLE, where=str(error))]


def scan_text(text: str, canaries: "Canaries", *, name: str) -> list["Finding"]:
    """What captured output or an error's message holds."""
    return _found(name, [("text", text)], canaries)


def _found(name: str, pieces: Iterable[Piece], canaries: "Canaries") -> list["Finding"]:
    found = {}
    for where, value in pieces:
        for kind in canaries.kinds_in(value):
            found[(kind, where)] = Finding(file=name, kind=kind, where=where)
    return list(found.values())


def _decoded(data: bytes, *, name: str) -> Iterator[Piece]:
    """The pieces of a file by its first bytes, then by its name."""
    if data[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05") or name.endswith(
        (".pkl", ".pickle", ".joblib")
    ):
        raise Unreadable("a pickle, which runs code when it is opened")
    for start, reader in _READERS.items():
        if data.startswith(start):
            yield from reader(data, name)
            return
    if name.endswith("manifest.json.sig") and len(data) == SIGNATURE:
        # A signature is noise by its nature; looked at as bytes all the same.
        yield "the signature", data.decode("latin-1")
        return
    yield from _text_pieces(data, name)


def _text_pieces(data: bytes, name: str) -> Iterator[Piece]:
    text = _as_text(data)
    if text is None:
        raise Unreadable("neither text nor a known format")
    yield "text", text
    if name.endswith((".html", ".htm", ".xml")):
        yield "text without entities", html.unescape(text)
    lines = text.splitlines() if name.endswith((".jsonl", ".log")) or "_delta_log/" in name else [text]
    for line in lines:
        if line.lstrip()[:1] in ("{", "["):
            try:
                yield from _json_pieces(json.loads(line, parse_float=Decimal), "json")
            except ValueError:
                continue


def _as_text(data: bytes) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return None  # sealed bytes may begin so
    if data[:200].count(b"\0") > len(data[:200]) // 4:
        order = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        try:
            return data.decode(order)
        except UnicodeDecodeError:
            return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _json_pieces(value: object, where: str) -> Iterator[Piece]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield where, str(key)
            yield from _json_pieces(inner, f"{where}.{key}"[:80])
    elif isinstance(value, list):
        for inner in value:
            yield from _json_pieces(inner, where)
    elif isinstance(value, str):
        yield where, value
        if value[:1] in ("{", "["):
            try:
                yield from _json_pieces(json.loads(value, parse_float=Decimal), where)
            except ValueError:
                return
    elif value is not None and not isinstance(value, bool):
        yield where, value


def _gzip_pieces(data: bytes, name: str) -> Iterator[Piece]:
    yield from _decoded(gzip.decompress(data), name=name.removesuffix(".gz"))


def _zip_pieces(data: bytes, name: str) -> Iterator[Piece]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.namelist()
        for member in members:
            yield "member name", member
            for where, value in _decoded(archive.read(member), name=member):
                yield f"{member}: {where}", value
    if "xl/workbook.xml" in members:
        yield from _workbook_pieces(data)


def _workbook_pieces(data: bytes) -> Iterator[Piece]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book.worksheets:
        yield "sheet name", sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield f"{sheet.title} column {cell.column_letter}", cell.value
                if cell.comment is not None:
                    yield f"{sheet.title} comment", cell.comment.text


def _parquet_pieces(data: bytes, name: str) -> Iterator[Piece]:
    file = pq.ParquetFile(io.BytesIO(data))
    for key, value in (file.metadata.metadata or {}).items():
        yield "footer", f"{key.decode('utf-8', 'replace')} {value.decode('utf-8', 'replace')}"
    for group in range(file.metadata.num_row_groups):
        for position in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(position)
            if chunk.is_stats_set and chunk.statistics.has_min_max:
                for value in (chunk.statistics.min, chunk.statistics.max):
                    yield f"statistics of {chunk.path_in_schema}", _plain(value)
    table = file.read()
    for column in table.column_names:
        yield "column name", column
        yield from _column_pieces(table[column], column)


def _column_pieces(values: pa.ChunkedArray, where: str) -> Iterator[Piece]:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_struct(values.type):
        for chunk in values.chunks:
            for position in range(values.type.num_fields):
                inner = chunk.field(position)
                yield from _column_pieces(pa.chunked_array([inner]), f"{where}.{values.type.field(position).name}")
    elif pa.types.is_map(values.type) or pa.types.is_nested(values.type):
        for row in values.to_pylist():
            yield from _json_pieces(json.loads(json.dumps(row, default=str)), where)
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        yield where, "\n".join(value for value in pc.unique(values).to_pylist() if value is not None)
    else:
        for value in pc.unique(values).to_pylist():
            if value is not None:
                yield where, _plain(value)


def _plain(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _sqlite_pieces(data: bytes, name: str) -> Iterator[Piece]:
    # Pages that are no longer in use still hold what was deleted from them: the raw bytes are read as well.
    yield "raw pages", Raw(data.decode("latin-1"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.db"
        # Bytes 18 and 19 say "write-ahead log"; the log is a file of its own and is read as one.
        path.write_bytes(data[:18] + b"\x01\x01" + data[20:])
        connection = sqlite3.connect(path)
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in names:
            rows = connection.execute(f'select * from "{table}"')
            columns = [column[0] for column in rows.description]
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    yield from _cell_pieces(value, f"{table}.{column}")
        connection.close()


def _cell_pieces(value: object, where: str) -> Iterator[Piece]:
    if isinstance(value, bytes):
        try:
            yield from ((f"{where}: {inner}", piece) for inner, piece in _decoded(value, name="blob"))
        except Unreadable:
            yield where, Raw(value.decode("latin-1"))
    elif isinstance(value, str):
        yield from _json_pieces(value, where)
    elif value is not None:
        yield where, value


def _write_ahead_pieces(data: bytes, name: str) -> Iterator[Piece]:
    yield "write-ahead log", Raw(data.decode("latin-1"))


_READERS: dict[bytes, Callable[[bytes, str], Iterator[Piece]]] = {
    b"\x1f\x8b": _gzip_pieces,
    b"PK\x03\x04": _zip_pieces,
    b"PAR1": _parquet_pieces,
    b"SQLite format 3\0": _sqlite_pieces,
    b"\x37\x7f\x06\x82": _write_ahead_pieces,
    b"\x37\x7f\x06\x83": _write_ahead_pieces,
    # The shared-memory index of a write-ahead log: page numbers only, looked at as bytes.
    b"\x18\xe2\x2d\x00": _write_ahead_pieces,
}


class Raw(str):
    """Bytes read as text, where values stand side by side without anything between them."""


class Unreadable(Exception):
    """A file in a format that this scanner does not decode."""


@dataclass(frozen=True)
class Finding:
    """Something of a person, by its kind; never the value itself."""

    file: str
    kind: str
    where: str


@dataclass(frozen=True)
class Canaries:
    """What must not be found, in the form each is compared in.

    nhs_numbers: ten digits. family_names and full_names ("given family") in lower case. postcodes without space.
    birth_dates as dates. texts: anything else, found as it stands (person keys).
    """

    nhs_numbers: frozenset[str] = frozenset()
    family_names: frozenset[str] = frozenset()
    full_names: frozenset[str] = frozenset()
    postcodes: frozenset[str] = frozenset()
    birth_dates: frozenset[date] = frozenset()
    texts: frozenset[str] = frozenset()
    _firsts: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        # Texts of one kind share their beginning, by which they are looked for.
        object.__setattr__(self, "_firsts", frozenset(text.partition("_")[0] + "_" for text in self.texts))

    def kinds_in(self, value: Value) -> Iterator[str]:
        """Kinds of canaries that stand in this text or typed value."""
        if isinstance(value, bool):
            return
        if isinstance(value, datetime):
            value = value.date()
        if isinstance(value, date):
            if value in self.birth_dates:
                yield "birth date"
        elif isinstance(value, int | float | Decimal):
            if value == value and abs(value) < 10**18 and str(int(value)).rjust(10, "0") in self.nhs_numbers:
                yield "NHS number"
        elif isinstance(value, str):
            yield from self._kinds_in_text(value)

    def _kinds_in_text(self, text: str) -> Iterator[str]:
        if self.nhs_numbers and any(number in self.nhs_numbers for number in _ten_digits(text)):
            yield "NHS number"
        if self.family_names or self.full_names:
            yield from self._names_in(text)
        if self.postcodes and any((a + b).upper() in self.postcodes for a, b in _POSTCODE.findall(text)):
            yield "postcode"
        if self.birth_dates and any(day in self.birth_dates for day in _days(text)):
            yield "birth date"
        for first in self._firsts:
            if first in text and any(token in self.texts for token in re.findall(rf"{first}[0-9a-f]{{32}}", text)):
                yield "person key"

    def _names_in(self, text: str) -> Iterator[str]:
        if isinstance(text, Raw):
            # In raw bytes one value follows the other without a gap, so names are looked for anywhere.
            folded = text.casefold()
            if any(name in folded for name in self.family_names):
                yield "family name"
        words = [word.casefold() for word in _WORD.findall(text)]
        if not self.family_names.isdisjoint(words):
            yield "family name"
        pairs = zip(words, words[1:], strict=False)
        if self.full_names and any(f"{a} {b}" in self.full_names or f"{b} {a}" in self.full_names for a, b in pairs):
            yield "full name"


def _ten_digits(text: str) -> Iterator[str]:
    for run in _DIGITS.findall(text):
        digits = re.sub(r"\D", "", run)
        for start in range(len(digits) - 9):
            yield digits[start : start + 10]


def _days(text: str) -> Iterator[date]:
    found = [(y, m, d) for y, m, d in _ISO.findall(text)] + [(y, m, d) for d, m, y in _BRITISH.findall(text)]
    for year, month, day in found + _COMPACT.findall(text):
        try:
            yield date(int(year), int(month), int(day))
        except ValueError:
            continue
