"""The supplier's report: the same bytes every time, everything said in each form, nothing that runs or calls out."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.channels.supplier_report import page, read_report, write_report

GOLDEN = Path(__file__).parent / "golden"


def rule(code: str, level: str, rows: list[int], *, count: int | None = None) -> dict[str, Any]:
    return {
        "rule": code,
        "level": level,
        "says": f"=SUM says {code} <b>",
        "next_step": "correct it and send the row again",
        "rows_broken": len(rows) if count is None else count,
        "row_numbers": rows,
    }


def report(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "delivery-report/2",
        "delivery_id": "gp_event.GPS01.20261116T050000Z",
        "extract": "gp_event",
        "title": "GP coded entries",
        "sender": "GPS01",
        "kind": "regular",
        "file_name": "gp_event-20261116.csv.gz",
        "sha256": "0123456789abcdef" * 4,
        "received_at": "2026-11-16T05:00:00Z",
        "period": ["2026-11-15", "2026-11-15"],
        "verdict": "accepted",
        "summary": "1,180 of 1,204 rows accepted, 14 set apart.",
        "counts": {"in": 1204, "valid": 1180, "duplicate": 8, "superseded": 2, "broken": 14, "refused": 0},
        "notes": ["Your last 8 regular deliveries held 1,190 rows in the middle."],
        "rules": [
            rule("GP-EV-015", "quarantine", [3, 17, 401]),
            rule("GP-EV-019", "count", list(range(1, 121)), count=340),
            rule("HIST-001", "count", []),
        ],
        **changes,
    }


LINKED = {
    "summary": "1,178 of 1,180 accepted rows found their person.",
    "checks": [rule("LINK-002", "count", [9, 12])],
}


@pytest.mark.parametrize("name", ["delivery_report", "delivery_report_refused"])
def test_the_page_is_as_read_and_agreed(name: str) -> None:
    refused = report(
        verdict="refused",
        summary="Nothing of this delivery is used, and the last good one stays in use: The file breaks off.",
        counts={"in": 1204, "valid": 0, "duplicate": 0, "superseded": 0, "broken": 0, "refused": 1204},
        notes=[],
        rules=[rule("FILE-012", "refuse", [])],
    )
    made = page(refused if name.endswith("refused") else report(after_linkage=LINKED))
    assert made == (GOLDEN / f"{name}.html").read_text(encoding="utf-8")


def test_the_page_runs_nothing_and_calls_nobody() -> None:
    made = page(report(after_linkage=LINKED))
    assert not re.search(r"<script|https?:|url\(|src=|href=|@import", made)
    assert "=SUM says GP-EV-015 &lt;b&gt;" in made
    assert "100 and 240 more" in made


def test_the_workbook_says_the_same_and_holds_no_formula(tmp_path: Path) -> None:
    write_report(tmp_path, report=report(after_linkage=LINKED))
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert book.sheetnames == ["Summary", "Rules", "Row numbers"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    summary = {row[0]: row[1] for row in book["Summary"].iter_rows(min_row=2, values_only=True)}
    assert summary["Verdict"] == "Accepted"
    assert summary["Rows: set apart by a rule"] == 14
    rules = list(book["Rules"].iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[5], row[6]) for row in rules] == [
        ("GP-EV-015", 3, 3), ("GP-EV-019", 340, 120), ("HIST-001", 0, 0), ("LINK-002", 2, 2),
    ]  # fmt: skip
    numbers = list(book["Row numbers"].iter_rows(min_row=2, values_only=True))
    assert numbers[:4] == [("GP-EV-015", 3), ("GP-EV-015", 17), ("GP-EV-015", 401), ("GP-EV-019", 1)]
    assert numbers[-1] == ("LINK-002", 12)


def test_the_same_report_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import openpyxl.writer.excel as excel

    write_report(tmp_path / "one", report=report())

    class Later(excel.datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls(2031, 1, 1, tzinfo=tz)

    monkeypatch.setattr(excel.datetime, "datetime", Later)
    write_report(tmp_path / "two", report=report())
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
    data = (tmp_path / "one" / "report.xlsx").read_bytes()
    core = zipfile.ZipFile(io.BytesIO(data)).read("docProps/core.xml").decode()
    assert core.count("2026-11-16T05:00:00Z") == 2


def test_what_was_written_can_be_read_and_added_to(tmp_path: Path) -> None:
    assert read_report(tmp_path) is None
    write_report(tmp_path, report=report())
    assert read_report(tmp_path) == json.loads(json.dumps(report()))
