"""A contract of six columns, and files of its rows in every wrapping: what the tests of landed files share."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import Workbook
from pyarrow import parquet

from pipeline.channels.landing_container import LIMITS, Limits
from pipeline.channels.landing_text import StagedText, stage_text
from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.receipt import RefusedByRule

HEADERS = ("Name", "NHS, Number", "Born", "Seen", "Count", "Value")
NAMES = ("name", "nhs_number", "born", "seen", "count", "value")
TYPES = ("text", "text", "date", "timestamp", "integer", "decimal")
HEAD = b'Name,"NHS, Number",Born,Seen,Count,Value\n'
ROW = ("007", "9990000018", "1950-01-31", "2026-11-01T10:00:00", "3", "1.50")
SMALL = Limits(landed=10**6, unpacked=10**6, ratio=20, ratio_from=10**5, line=10**4, shared_texts=10**5)


def contract(**changes: Any) -> ExtractContract:
    """A contract of six columns; `formats` may be given."""
    columns = [
        {"name": n, "header": h, "type": t, "privacy": "keep", "description": "x"}
        for n, h, t in zip(NAMES, HEADERS, TYPES, strict=True)
    ]
    declared = {
        "extract": "sample",
        "title": "Sample",
        "standard": "none",
        "source": "gp",
        "supersession": {"by": "key"},
        "key": ["name"],
        "version": None,
        "withdrawn": None,
        "event_date": ["born"],
        "known_from": ["born"],
        "reporting_lag_days": 1,
        "person": None,
        "delivery": {"minimum_rows_share": 0.5, "deliveries_needed": 2, "deliveries_looked_at": 4},
        "columns": columns,
        "expectations": [],
    }
    return ExtractContract.model_validate({**declared, **changes})


OLDER = {
    "name": "older",
    "valid_to": "2025-12-31",
    "headers": {"name": "FullName"},
    "absent": ["value"],
    "values": {"name": {"x": "y"}},
}
TWO_FORMATS = contract(formats=[{"name": "newer", "valid_from": "2025-10-01"}, OLDER])


def stage(
    tmp_path: Path,
    data: bytes,
    *,
    file_name: str = "a.csv",
    limits: Limits = LIMITS,
    of: ExtractContract | None = None,
    period_end: date = date(2026, 11, 30),
    claimed: str | None = None,
) -> StagedText:
    return stage_text(
        io.BytesIO(data),
        file_name=file_name,
        contract=of or contract(),
        period_end=period_end,
        claimed_format=claimed,
        target=tmp_path / "staging" / "rows.parquet",
        where="here",
        limits=limits,
    )


def rows(staged: StagedText) -> list[tuple[Any, ...]]:
    table = parquet.read_table(staged.path)
    assert table.schema.names[-1] == "source_row_number"
    assert all(pa.types.is_string(kind) for kind in table.schema.types[:-1])
    return [tuple(row.values()) for row in table.to_pylist()]


def refused(tmp_path: Path, data: bytes, **options: Any) -> RefusedByRule:
    with pytest.raises(RefusedByRule) as caught:
        stage(tmp_path, data, **options)
    assert not list((tmp_path / "staging").glob("*"))
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert not any("CANARY" in str(error) or "9990000018" in str(error) for error in chain if error is not None)
    assert str(caught.value).split(". ")[1].startswith("here")
    return caught.value


def csv(*lines: bytes) -> bytes:
    return HEAD + b"".join(line + b"\n" for line in lines)


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", ".")), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def damaged(data: bytes) -> bytes:
    """The archive with a byte of its packed content changed."""
    at = data.index(b"PK\x01\x02") - 6
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


def workbook(*lines: tuple[Any, ...], header: tuple[Any, ...] = HEADERS, **sheets: Any) -> bytes:
    book = Workbook()
    book.active.append(list(header))
    for line in lines:
        book.active.append(list(line))
    for name in sheets:
        book.create_sheet(name)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet_of(columns: dict[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out, **options)
    return out.getvalue()


GOOD = csv(b"007,9990000018,1950-01-31,2026-11-01T10:00:00,3,1.50")
FULL = dict(zip(HEADERS, ([value] for value in ROW), strict=True))
