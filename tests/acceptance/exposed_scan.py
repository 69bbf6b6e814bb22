"""Who stands in a file, whatever it is: NHS numbers, pseudonyms and family names of the invented lives.

Looks at bytes and decoded values alone and shares nothing with the pipeline: not its tables' log (files that no version
refers to are looked at too), not its filters, not its readers. A format it does not know is an error, so that nothing
hides by being unknown.
"""

import html
import io
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TEXT = {".pem", ".csv", ".html", ".json", ".jsonl", ".yml", ".txt", ".md", ".crc", ".dat", ".log", ".sql", ".prom", ""}
_NUMBER = re.compile(r"(?<![0-9])(999)[ \-\u00a0]?([0-9]{3})[ \-\u00a0]?([0-9]{4})(?![0-9])")
_KEY = re.compile(r"p[0-9a-f]{8}_[0-9a-f]{32}")
_NAME = re.compile(r"zq[bcdfghjklmnpqrstvwxz]{5}", re.IGNORECASE)


@dataclass
class Seen:
    """Everybody who stands somewhere, by what names them."""

    numbers: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def look(self, text: str) -> None:
        self.numbers |= {"".join(found) for found in _NUMBER.findall(text)}
        self.keys |= set(_KEY.findall(text))
        self.names |= {found.lower() for found in _NAME.findall(text)}


def seen_below(root: Path, *, leave_out: Iterable[str] = ()) -> dict[str, Seen]:
    """Who stands in each file below the root, by its path; `leave_out` are beginnings of paths not looked at."""
    away = tuple(leave_out)
    found = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        place = path.relative_to(root).as_posix()
        if not place.startswith(away):
            found[place] = seen_in(path.read_bytes(), name=place)
    return found


def seen_in(data: bytes, *, name: str) -> Seen:
    """Who stands in these bytes, or in the name."""
    seen = Seen()
    seen.look(name)
    for text in _texts(data, name=name):
        seen.look(text)
    return seen


def _texts(data: bytes, *, name: str) -> Iterator[str]:
    suffix = Path(name).suffix
    if data.startswith(b"PAR1"):
        yield from _parquet(data)
    elif data.startswith(b"SQLite format 3\0"):
        yield from _sqlite(data)
        yield data.decode("latin-1")
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from _texts(archive.read(member), name=member if Path(member).suffix != ".rels" else "a.txt")
    elif suffix == ".sig" and len(data) == 64:
        yield data.decode("latin-1")  # a signature: noise, looked at as bytes
    elif suffix in TEXT or suffix in (".xml", ".rels", ".db-wal", ".db-shm"):
        text = data.decode("utf-8", errors="replace")
        yield text
        yield html.unescape(text)
    else:
        raise AssertionError(f"{name}: a format nobody has taught this scan")


def _parquet(data: bytes) -> Iterator[str]:
    file = pq.ParquetFile(io.BytesIO(data))
    yield str(file.schema_arrow) + str(file.metadata.metadata)
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        for name in table.column_names:
            column = table[name]
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                yield "\n".join(value for value in column.unique().to_pylist() if value is not None)
            elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
                yield "\n".join(
                    str(int(v)) for v in column.unique().to_pylist() if v is not None and 9.99e9 <= v < 1e10
                )
            elif pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
                yield str(column.to_pylist())
    for column in range(file.metadata.num_columns):
        for group in range(file.num_row_groups):
            statistics = file.metadata.row_group(group).column(column).statistics
            if statistics is not None and statistics.has_min_max:
                yield f"{statistics.min}\n{statistics.max}"


def _sqlite(data: bytes) -> Iterator[str]:
    database = sqlite3.connect(":memory:")
    # A copy in write-ahead mode cannot be opened from memory; as one plain file it can.
    database.deserialize(data[:18] + b"\x01\x01" + data[20:])
    for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
        for row in database.execute(f'select * from "{table}"'):
            yield "\n".join(str(value) for value in row if value is not None)
    database.close()
