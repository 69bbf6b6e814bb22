"""The scanner proves itself first: it finds each kind of thing, in each way of writing it, in each format."""

import gzip
import io
import json
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from scanner import UNREADABLE, Canaries, scan, scan_text

PLANTED = Canaries(
    nhs_numbers=frozenset({"9990000018"}),
    family_names=frozenset({"canaryfex"}),
    full_names=frozenset({"zykim canaryfex"}),
    postcodes=frozenset({"N19CI"}),
    birth_dates=frozenset({date(1948, 3, 9)}),
    texts=frozenset({"pabc123_" + "0f" * 16}),
)
WAYS = [
    ("NHS number", "9990000018"),
    ("NHS number", "999 000 0018"),
    ("NHS number", "999-000-0018"),
    ("family name", "CANARYFEX"),
    ("family name", "Dr. Canaryfex's"),
    ("full name", "Zykim Canaryfex"),
    ("full name", "CANARYFEX, Zykim"),
    ("postcode", "N1 9CI"),
    ("postcode", "n19ci"),
    ("birth date", "1948-03-09"),
    ("birth date", "09/03/1948"),
    ("birth date", "19480309"),
    ("birth date", "1948-03-09T00:00:00Z"),
    ("person key", "pabc123_" + "0f" * 16),
]
TYPED = [
    ("NHS number", 9990000018),
    ("NHS number", Decimal("9990000018.0000")),
    ("NHS number", 9990000018.0),
    ("birth date", date(1948, 3, 9)),
    ("birth date", datetime(1948, 3, 9, 12, 30)),  # noqa: DTZ001 - a column of moments has no zone
]
INNOCENT = "practice F83671, 2026-11-15, 2948-03-091, run 99900000189, N1 9GU, Canaryfexes, 1948-03-10"


def test_an_innocent_tree_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(INNOCENT.replace("99900000189", "8890000018"))
    pq.write_table(pa.table({"n": [9990000019, 5], "d": [date(1948, 3, 10)] * 2}), tmp_path / "b.parquet")
    assert scan(tmp_path, PLANTED) == []


def _text(value: object) -> str:
    return f"first line\r\nsomething before {value} and after\r\n"


def _csv(value: object) -> str:
    return f'\ufeff"a","b"\r\n"1","{value}"\r\n'


def _utf_8(folder: Path, value: object) -> None:
    (folder / "note.txt").write_text(_text(value))


def _utf_8_with_mark(folder: Path, value: object) -> None:
    (folder / "note.csv").write_bytes(_csv(value).encode("utf-8"))


def _utf_16(folder: Path, value: object) -> None:
    (folder / "note.txt").write_bytes(_text(value).encode("utf-16"))


def _utf_16_without_mark(folder: Path, value: object) -> None:
    (folder / "note.txt").write_bytes(_text(value).encode("utf-16-be"))


def _log(folder: Path, value: object) -> None:
    (folder / "run.log").write_text(json.dumps({"event": f"started {value}"}) + "\nplain line\n")


def _json(folder: Path, value: object) -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in str(value))
    (folder / "report.json").write_text(f'{{"a": [{{"b": "{escaped}"}}]}}')


def _json_in_json(folder: Path, value: object) -> None:
    escaped = json.dumps({"max": "".join(f"{letter}" for letter in str(value))})
    (folder / "report.json").write_text(json.dumps({"stats": escaped}))


def _html(folder: Path, value: object) -> None:
    entities = "".join(f"&#{ord(letter)};" for letter in str(value))
    (folder / "page.html").write_text(f"<html><body><p title='{entities}'>x</p></body></html>")


def _gzip(folder: Path, value: object) -> None:
    (folder / "part.csv.gz").write_bytes(gzip.compress(_csv(value).encode("utf-8")))


def _zip(folder: Path, value: object) -> None:
    (folder / "pack.zip").write_bytes(_zipped("inner.csv", _csv(value).encode("utf-8")))


def _gzip_in_zip_without_suffix(folder: Path, value: object) -> None:
    (folder / "pack").write_bytes(_zipped("inner", gzip.compress(_text(value).encode("utf-16"))))


def _zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def _workbook(folder: Path, value: object) -> None:
    book = openpyxl.Workbook()
    book.active["C7"] = float(value) if isinstance(value, Decimal) else value
    book.save(folder / "register.xlsx")


def _parquet(folder: Path, value: object) -> None:
    pq.write_table(pa.table({"a": [1, 2], "b": [value, None]}), folder / "part.parquet")


def _parquet_dictionary(folder: Path, value: object) -> None:
    pq.write_table(pa.table({"b": pa.array([str(value), "x"]).dictionary_encode()}), folder / "part.parquet")


def _parquet_nested(folder: Path, value: object) -> None:
    rows = pa.array([{"who": [str(value)]}, None], type=pa.struct([("who", pa.list_(pa.string()))]))
    pq.write_table(pa.table({"b": rows}), folder / "part.parquet")


def _parquet_footer(folder: Path, value: object) -> None:
    table = pa.table({"a": [1]}).replace_schema_metadata({"made for": str(value)})
    pq.write_table(table, folder / "part.parquet")


def _parquet_without_suffix(folder: Path, value: object) -> None:
    pq.write_table(pa.table({"b": [str(value)]}), folder / "blob")


def _delta_log(folder: Path, value: object) -> None:
    write_deltalake(str(folder / "table"), pa.table({"b": [str(value)]}))
    for part in (folder / "table").glob("*.parquet"):
        part.unlink()


def _sqlite(folder: Path, value: object) -> None:
    stored = float(value) if isinstance(value, Decimal) else value
    if isinstance(value, date):
        stored = value.isoformat()
    _database(folder, stored)


def _sqlite_json(folder: Path, value: object) -> None:
    _database(folder, json.dumps({"inputs": [str(value)]}))


def _sqlite_blob(folder: Path, value: object) -> None:
    _database(folder, gzip.compress(str(value).encode()))


def _sqlite_deleted(folder: Path, value: object) -> None:
    connection = _database(folder, str(value))
    connection.execute("pragma secure_delete = off")
    connection.execute("delete from thing")
    connection.commit()


def _sqlite_write_ahead(folder: Path, value: object) -> None:
    connection = sqlite3.connect(folder / "ledger.db")
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table thing (a, b)")
    connection.execute("insert into thing values (1, ?)", (str(value),))
    connection.commit()
    log = (folder / "ledger.db-wal").read_bytes()
    connection.close()
    (folder / "ledger.db").unlink()
    (folder / "ledger.db-wal").write_bytes(log)


def _database(folder: Path, value: object) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "ledger.db")
    connection.execute("create table thing (a, b)")
    connection.execute("insert into thing values (1, ?)", (value,))
    connection.commit()
    return connection


def _file_name(folder: Path, value: object) -> None:
    (folder / f"{str(value).replace('/', '.')}.txt").write_text("nothing")


FORMATS: list[Callable[[Path, object], None]] = [
    _utf_8, _utf_8_with_mark, _utf_16, _utf_16_without_mark, _log, _json, _json_in_json, _html, _gzip, _zip,
    _gzip_in_zip_without_suffix, _workbook, _parquet, _parquet_dictionary, _parquet_nested, _parquet_footer,
    _parquet_without_suffix, _delta_log, _sqlite, _sqlite_json, _sqlite_blob, _sqlite_deleted, _sqlite_write_ahead,
    _file_name,
]  # fmt: skip


@pytest.mark.parametrize("plant", FORMATS, ids=lambda plant: plant.__name__.strip("_"))
@pytest.mark.parametrize(("kind", "value"), WAYS, ids=[value for _, value in WAYS])
def test_what_is_written_as_text_is_found(
    tmp_path: Path, plant: Callable[[Path, object], None], kind: str, value: str
) -> None:
    plant(tmp_path, value)
    assert kind in {finding.kind for finding in scan(tmp_path, PLANTED)}


@pytest.mark.parametrize("plant", [_parquet, _workbook, _sqlite], ids=lambda plant: plant.__name__.strip("_"))
@pytest.mark.parametrize(("kind", "value"), TYPED, ids=[repr(value) for _, value in TYPED])
def test_what_is_stored_as_number_or_date_is_found(
    tmp_path: Path, plant: Callable[[Path, object], None], kind: str, value: object
) -> None:
    plant(tmp_path, value)
    assert kind in {finding.kind for finding in scan(tmp_path, PLANTED)}


def test_statistics_of_a_parquet_footer_are_read(tmp_path: Path) -> None:
    _parquet(tmp_path, "9990000018")
    places = {finding.where for finding in scan(tmp_path, PLANTED)}
    assert places == {"b", "statistics of b"}


def test_a_number_in_json_is_found(tmp_path: Path) -> None:
    (tmp_path / "counts.json").write_text('{"people": 9.990000018e9}')
    assert [finding.kind for finding in scan(tmp_path, PLANTED)] == ["NHS number"]


@pytest.mark.parametrize("data", [pickle.dumps({"a": 1}), bytes(range(128, 256)) * 4], ids=["pickle", "noise"])
def test_what_cannot_be_read_is_itself_a_finding(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "state").write_bytes(data)
    assert [finding.kind for finding in scan(tmp_path, PLANTED)] == [UNREADABLE]


def test_captured_output_is_read_and_a_folder_left_out_is_not(tmp_path: Path) -> None:
    assert [finding.kind for finding in scan_text("said 999 000 0018", PLANTED, name="output")] == ["NHS number"]
    (tmp_path / "registers").mkdir()
    _utf_8(tmp_path / "registers", "9990000018")
    assert scan(tmp_path, PLANTED, leave_out=["registers"]) == []
    assert len(scan(tmp_path, PLANTED)) == 1
