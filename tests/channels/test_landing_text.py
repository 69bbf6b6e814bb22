"""A landed file is laid out as text exactly as declared, or refused without quoting it, whatever it is wrapped in."""

import contextlib
import csv as csv_module
import gzip
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landed_samples import (
    FULL,
    GOOD,
    HEAD,
    HEADERS,
    NAMES,
    OLDER,
    ROW,
    SMALL,
    TWO_FORMATS,
    contract,
    csv,
    damaged,
    parquet_of,
    refused,
    rows,
    stage,
    workbook,
    zipped,
)
from pyarrow import parquet

from pipeline.channels import landing_text
from pipeline.channels.landing_container import LIMITS, Limits
from pipeline.channels.landing_parquet import ParquetTable
from pipeline.contracts.receipt import RefusedByRule

WRAPPED = {
    "a.csv": GOOD * 2,
    "a.csv.gz": gzip.compress(GOOD * 20),
    "a.zip": zipped(a__csv=GOOD * 20),
    "a.parquet": parquet_of({**FULL, "Name": ["a"]}),
    "a.xlsx": workbook(ROW, ROW),
}


@pytest.mark.parametrize("file_name", sorted(WRAPPED))
@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    tmp_path: Path, file_name: str, data: st.DataObject
) -> None:
    """Bytes changed, left out and put in, as often as not near the end, where archives keep their lists."""
    damaged_bytes = bytearray(WRAPPED[file_name])
    for _ in range(data.draw(st.integers(1, 4))):
        size = len(damaged_bytes)
        at = data.draw(st.one_of(st.integers(0, size - 1), st.integers(max(0, size - 300), size - 1)))
        damaged_bytes[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(RefusedByRule):
        stage(tmp_path, bytes(damaged_bytes), file_name=file_name)


def test_a_parquet_page_that_points_outside_its_dictionary_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = pa.array([7], type=pa.int32())
    astray = pa.DictionaryArray.from_arrays(index, pa.array(["CANARY"]), safe=False)
    batch = pa.record_batch([astray] * len(HEADERS), names=list(HEADERS))
    table = ParquetTable(io.BytesIO(parquet_of(FULL)), landed=100, where="here", limits=LIMITS)
    monkeypatch.setattr(table, "_file", _Pages(table._file.schema_arrow, [batch]))
    with pytest.raises(RefusedByRule) as caught:
        list(table.batches(NAMES, types=["text"] * len(NAMES)))
    assert caught.value.code == "FILE-008"


@dataclass(frozen=True)
class _Pages:
    """A Parquet file whose pages are given."""

    schema_arrow: pa.Schema
    batches: list[pa.RecordBatch]

    def iter_batches(self, **_: object) -> list[pa.RecordBatch]:
        return self.batches


@pytest.mark.parametrize(
    ("file_name", "data"),
    [
        ("a.csv", GOOD),
        ("a.csv.gz", gzip.compress(GOOD)),
        ("a.csv.gz", gzip.compress(GOOD[:30]) + gzip.compress(GOOD[30:])),
        ("a.zip", zipped(a__csv=GOOD)),
        ("a.csv.zip", zipped(other__csv=GOOD)),
        ("a.parquet", parquet_of(FULL)),
        ("a.xlsx", workbook(ROW)),
    ],
)
def test_every_kind_of_file_gives_the_same_text(tmp_path: Path, file_name: str, data: bytes) -> None:
    staged = stage(tmp_path, data, file_name=file_name)
    assert rows(staged) == [(*ROW, 1)]
    assert (staged.rows, [one.name for one in staged.formats], staged.notes) == (1, ["current"], ())
    assert [path.name for path in staged.path.parent.iterdir()] == ["rows.parquet"]


def test_rows_are_text_and_numbered_from_one(tmp_path: Path) -> None:
    data = csv(b"007,1,,,,", b'"a ""quoted"", name",,,,,', b'"two\nlines",3,,,,')
    assert [(row[0], row[1], row[-1]) for row in rows(stage(tmp_path, data))] == [
        ("007", "1", 1),
        ('a "quoted", name', "", 2),
        ("two\nlines", "3", 3),
    ]


# Whatever text a field can hold in UTF-8, but for the sign that no text holds.
FIELDS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)


@given(st.lists(st.lists(FIELDS, min_size=6, max_size=6), max_size=30), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_fields_hold_comes_through_unchanged(tmp_path: Path, lines: list[list[str]], end: str) -> None:
    out = io.StringIO(newline="")
    writer = csv_module.writer(out, quoting=csv_module.QUOTE_ALL, lineterminator=end)
    writer.writerows([HEADERS, *lines])
    found = rows(stage(tmp_path, out.getvalue().encode(), limits=SMALL))
    assert found == [(*line, number) for number, line in enumerate(lines, start=1)]


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_and_either_line_end_are_read_and_the_mark_is_noted(
    tmp_path: Path, start: bytes, end: bytes
) -> None:
    staged = stage(tmp_path, start + csv(b"a,1,,,,", b"b,2,,,,").replace(b"\n", end))
    assert [row[:2] for row in rows(staged)] == [("a", "1"), ("b", "2")]
    assert len(staged.notes) == (1 if start else 0)


def test_a_file_without_rows_is_read(tmp_path: Path) -> None:
    for name, data in (("a.csv", HEAD), ("a.xlsx", workbook()), ("a.parquet", parquet_of({h: [] for h in HEADERS}))):
        assert rows(stage(tmp_path, data, file_name=name)) == []


def test_row_numbers_go_on_over_pieces_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_text, "ROW_GROUP", 100)
    data = csv(*(b"%d,,,,," % number for number in range(1, 5001)))
    staged = stage(tmp_path, data, limits=SMALL)
    assert [(int(row[0]), row[-1]) for row in rows(staged)] == [(number, number) for number in range(1, 5001)]
    file = parquet.ParquetFile(staged.path)
    assert max(file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)) <= 100
    lines = [b"x" if number in (7, 4321) else b"%d,,,,," % number for number in range(1, 5001)]
    assert "2 rows, the first of them: 7, 4321" in str(refused(tmp_path, csv(*lines), limits=SMALL))


@pytest.mark.parametrize(
    ("code", "told", "data"),
    [
        ("FILE-009", "Latin-1 or Windows-1252", csv(b"Caf\xe9 CANARY,1,,,,")),
        ("FILE-009", "UTF-16", csv(b"a\0b,1,,,,")),
        ("FILE-009", "UTF-16 or UTF-32", csv(b"CANARY,1,,,,").decode().encode("utf-16")),
        ("FILE-009", "UTF-16", csv(b"CANARY,1,,,,").decode().encode("utf-16-le")),
        ("FILE-009", "Latin-1", csv(b"CANARY,1,,,,") + b"caf\xc3"),
        (
            "FILE-010",
            "column 2 should be 'NHS, Number', which differs only in capitals",
            GOOD.replace(b"NHS, N", b"nhs n"),
        ),
        ("FILE-010", "column 1 should be 'Name'", b"CANARY" + GOOD[4:]),
        ("FILE-010", "another order: column 1 should be 'Name'", b'"NHS, Number",Name,Born,Seen,Count,Value\n'),
        ("FILE-010", "'Value' is missing", HEAD.replace(b",Value", b"")),
        ("FILE-010", "column 7 is not declared", HEAD.replace(b"Value", b"Value,CANARY")),
        ("FILE-010", "column 3 is there a second time", HEAD.replace(b"Born,", b"Name,")),
        ("FILE-010", "'Name' is missing", b"\n"),
        ("FILE-010", "'Name' is missing", b'"CANARY' * 40_000 + b"\n"),
        ("FILE-011", "1 rows, the first of them: 2", csv(b"a,1,,,,", b"CANARY")),
        ("FILE-011", "1 rows", csv(b"CANARY,1,2,3,4,5,6")),
        ("FILE-012", "", csv(b"a,1,,,,") + b"CANARY,99,,,,"),
        ("FILE-012", "", csv(b"a,1,,,,") + b'"CANARY,2\n'),
        ("FILE-012", "first line", b""),
        ("FILE-012", "first line", HEAD.strip()),
        ("FILE-012", "first line", HEAD.replace(b"\n", b"\r") * 3),
        ("FILE-019", "semicolons", b"Name;NHS, Number;Born;Seen;Count;Value\nCANARY;1;;;;\n"),
        ("FILE-019", "tabs", b"Name\tNHS, Number\tBorn\tSeen\tCount\tValue\n"),
        ("FILE-019", "vertical bars", b"Name|NHS, Number|Born|Seen|Count|CANARY\n"),
    ],
)
def test_a_csv_that_is_not_as_declared_is_refused_without_quoting_it(
    tmp_path: Path, code: str, told: str, data: bytes
) -> None:
    error = refused(tmp_path, data)
    assert (error.code, told in str(error)) == (code, True), str(error)


def test_a_line_beyond_the_limit_is_told_from_a_file_that_breaks_off(tmp_path: Path) -> None:
    data = csv(b'"CANARY' + b"x\n" * 30_000, b'",,,,,')
    assert refused(tmp_path, data, limits=SMALL).code == "FILE-020"


@pytest.mark.parametrize(
    ("code", "file_name", "data"),
    [
        ("FILE-008", "a.csv.gz", GOOD),
        ("FILE-008", "a.csv.gz", gzip.compress(GOOD * 50)[:-9]),
        ("FILE-008", "a.csv.gz", gzip.compress(GOOD) + b"trailing rubbish"),
        ("FILE-008", "a.zip", zipped(a__csv=GOOD)[:-30]),
        ("FILE-008", "a.zip", damaged(zipped(a__csv=GOOD * 20))),
        ("FILE-008", "a.parquet", parquet_of(FULL)[:-20]),
        ("FILE-008", "a.parquet", b"PAR1" + b"\xff" * 50 + b"PAR1"),
        ("FILE-008", "a.xlsx", workbook(ROW)[:-40]),
        ("FILE-008", "a.xlsx", zipped(a__csv=GOOD)),
        ("FILE-015", "a.csv", gzip.compress(GOOD)),
        ("FILE-015", "a.csv", zipped(a__csv=GOOD)),
        ("FILE-015", "a.csv", parquet_of(FULL)),
        ("FILE-016", "a.zip", zipped()),
        ("FILE-016", "a.zip", zipped(a__csv=GOOD, b__csv=GOOD)),
        ("FILE-016", "a.zip", zipped(a__zip=zipped(a__csv=GOOD))),
        ("FILE-016", "a.zip", zipped(a__txt=GOOD)),
        ("FILE-018", "a.zip", zipped(**{"../../CANARY__csv": GOOD})),
        ("FILE-018", "a.zip", zipped(**{"/etc/CANARY__csv": GOOD})),
        ("FILE-018", "a.zip", zipped(**{"C:\\CANARY__csv": GOOD})),
        ("FILE-018", "a.zip", zipped(**{"folder/": b""})),
        ("FILE-029", "a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    ],
)
def test_a_wrapping_that_does_not_hold_is_refused(tmp_path: Path, code: str, file_name: str, data: bytes) -> None:
    error = refused(tmp_path, data, file_name=file_name)
    assert error.code == code, str(error)


def test_what_swells_is_refused_before_it_fills_anything(tmp_path: Path) -> None:
    lines = csv(*[b"a,1,,,,"] * 100_000)
    far = SMALL.__class__(unpacked=10**5, ratio=10**9)
    for name, data in (("a.csv.gz", gzip.compress(lines)), ("a.zip", zipped(a__csv=lines))):
        assert refused(tmp_path, data, file_name=name, limits=SMALL).code == "FILE-017"
        assert refused(tmp_path, data, file_name=name, limits=far).code == "FILE-007"
    assert refused(tmp_path, lines, limits=far).code == "FILE-007"
    assert stage(tmp_path, lines, limits=Limits(unpacked=10**6)).rows == 100_000


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    lines = csv(*[b"a,1,,,,"] * 1000)
    data = zipped(a__csv=lines).replace(len(lines).to_bytes(4, "little"), (500).to_bytes(4, "little"))
    assert refused(tmp_path, data, file_name="a.zip").code == "FILE-008"


def test_archives_under_a_password_are_told(tmp_path: Path) -> None:
    data = bytearray(zipped(a__csv=GOOD))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert refused(tmp_path, bytes(data), file_name="a.zip").code == "FILE-029"


def test_a_parquet_file_of_few_values_many_times_is_refused(tmp_path: Path) -> None:
    long = {header: ["CANARY" + "x" * 2000] * 5_000 for header in HEADERS}
    assert refused(tmp_path, parquet_of(long), file_name="a.parquet", limits=SMALL).code == "FILE-017"
    huge = {**FULL, "Name": ["x" * (2**20 + 1)]}
    assert refused(tmp_path, parquet_of(huge), file_name="a.parquet").code == "FILE-020"


def test_typed_parquet_columns_become_the_declared_forms(tmp_path: Path) -> None:
    summer = timezone(timedelta(hours=1))
    columns = {
        "Name": pa.array(["007", None]).dictionary_encode(),
        "NHS, Number": pa.array([9990000018, None], type=pa.int64()),
        "Born": pa.array([datetime(1950, 1, 31), None], type=pa.timestamp("ns")),  # noqa: DTZ001 - as pandas has it
        "Seen": pa.array([datetime(2026, 7, 1, 10, tzinfo=summer), None], type=pa.timestamp("us", tz="Europe/London")),
        "Count": pa.array([3.0, float("nan")]),
        "Value": pa.array([Decimal("1.50"), None]),
    }
    assert rows(stage(tmp_path, parquet_of(columns), file_name="a.parquet")) == [
        ("007", "9990000018", "1950-01-31", "2026-07-01T09:00:00.000000Z", "3", "1.50", 1),
        ("", "", "", "", "", "", 2),
    ]
    plain = {**columns, "Born": pa.array([date(1950, 1, 31), None]), "Value": pa.array([1.25, -0.00001])}
    found = rows(stage(tmp_path, parquet_of(plain), file_name="a.parquet"))
    assert [row[2] for row in found] == ["1950-01-31", ""]
    assert [row[5] for row in found] == ["1.25", "-0.00001"]


@pytest.mark.parametrize(
    ("code", "column", "values"),
    [
        ("FILE-023", "column 1", pa.array([["CANARY"]])),
        ("FILE-023", "column 1", pa.array([{"a": 1}])),
        ("FILE-023", "column 1", pa.array([b"CANARY"])),
        ("FILE-023", "column 1", pa.array([1e300])),
    ],
)
def test_a_parquet_column_that_is_no_text_is_refused(tmp_path: Path, code: str, column: str, values: pa.Array) -> None:
    error = refused(tmp_path, parquet_of({**FULL, "Name": values}), file_name="a.parquet")
    assert (error.code, column in str(error)) == (code, True)


def test_a_format_is_known_by_its_header_within_its_dates(tmp_path: Path) -> None:
    older = b'FullName,"NHS, Number",Born,Seen,Count\na,1,,,\n'
    staged = stage(tmp_path, older, of=TWO_FORMATS, period_end=date(2025, 12, 31))
    assert [one.name for one in staged.formats] == ["older"]
    assert rows(staged) == [("a", "1", "", "", "", 1)]
    assert parquet.read_schema(staged.path).names == [*NAMES[:-1], "source_row_number"]
    newer = stage(tmp_path, GOOD, of=TWO_FORMATS, period_end=date(2025, 12, 31))
    assert [one.name for one in newer.formats] == ["newer"]
    error = refused(tmp_path, older, of=TWO_FORMATS, period_end=date(2026, 1, 1))
    assert (error.code, "'older', which is for periods that end until 2025-12-31" in str(error)) == ("FILE-026", True)
    assert refused(tmp_path, GOOD, of=TWO_FORMATS, period_end=date(2025, 9, 30)).code == "FILE-026"


def test_a_format_the_receipt_names_must_be_in_force_and_be_the_one(tmp_path: Path) -> None:
    day = date(2025, 12, 31)
    assert stage(tmp_path, GOOD, of=TWO_FORMATS, period_end=day, claimed="newer").rows == 1
    assert refused(tmp_path, GOOD, of=TWO_FORMATS, period_end=day, claimed="CANARY").code == "FILE-026"
    assert refused(tmp_path, GOOD, of=TWO_FORMATS, period_end=day, claimed="older").code == "FILE-026"


def test_formats_with_one_header_are_all_given(tmp_path: Path) -> None:
    same = contract(formats=[{"name": "newer", "valid_from": "2025-10-01"}, {**OLDER, "headers": {}, "absent": []}])
    staged = stage(tmp_path, GOOD, of=same, period_end=date(2025, 12, 31))
    assert [one.name for one in staged.formats] == ["newer", "older"]
