"""A workbook is read for what it holds, not for what it shows; where the two may differ it is refused by row."""

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from landed_samples import HEADERS, LIMITS, ROW, SMALL, refused, rows, stage, workbook

from pipeline.channels import landing_workbook


def test_typed_cells_become_the_declared_forms(tmp_path: Path) -> None:
    cells = (7, 9990000018, datetime(1950, 1, 31), datetime(2026, 11, 1, 10), 3.0, 1.25)  # noqa: DTZ001 - a cell has no zone
    blank = (None,) * 6
    found = rows(
        stage(tmp_path, workbook(cells, ("a", True, None, None, None, None), blank, blank), file_name="a.xlsx")
    )
    assert found == [
        ("7", "9990000018", "1950-01-31", "2026-11-01T10:00:00", "3", "1.25", 1),
        ("a", "1", "", "", "", "", 2),
    ]


def test_only_the_first_sheet_is_read_and_that_is_noted(tmp_path: Path) -> None:
    staged = stage(tmp_path, workbook(ROW, Notes=1), file_name="a.xlsx")
    assert staged.notes == ("only the first of 2 sheets was read",)


@pytest.mark.parametrize(
    ("code", "told", "data"),
    [
        ("FILE-021", "1 (column 1)", workbook(("=CANARY()", *ROW[1:]))),
        ("FILE-021", "header row", workbook(ROW, header=("=1+1", *HEADERS[1:]))),
        ("FILE-022", "2 (column 2)", workbook(ROW, ("a", 9990000018999999, None, None, None, None))),
        ("FILE-022", "1 (column 6)", workbook(("a", "b", None, None, None, "#N/A"))),
        ("FILE-011", "rows: 2", workbook(ROW, (None,) * 6, ROW)),
        ("FILE-011", "rows: 1", workbook((*ROW, "CANARY"))),
        ("FILE-010", "column 1 should be 'Name'", workbook(ROW, header=("CANARY", *HEADERS[1:]))),
        ("FILE-012", "empty", workbook(header=())),
    ],
)
def test_a_workbook_that_hides_or_loses_something_is_refused(tmp_path: Path, code: str, told: str, data: bytes) -> None:
    error = refused(tmp_path, data, file_name="a.xlsx")
    assert (error.code, told in str(error)) == (code, True), str(error)


def rewritten(data: bytes, change: Any) -> bytes:
    """A workbook with its parts changed by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in change(None, b"").items():
            new.writestr(name, content)
    return out.getvalue()


def test_hostile_workbooks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_workbook, "_MOST_ROWS", 20_000)

    def with_macros(name: str | None, content: bytes) -> Any:
        return {"xl/vbaProject.bin": b"x"} if name is None else content

    def far_row(name: str | None, content: bytes) -> Any:
        return {} if name is None else content.replace(b'<row r="2"', b'<row r="99999999"')

    def laughs(name: str | None, content: bytes) -> Any:
        if name is None:
            return {}
        entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
        doctype = f'<!DOCTYPE x [<!ENTITY l0 "CANARY">{entities}]>'.encode()
        if not name.endswith("sheet1.xml"):
            return content
        text = content.replace(b"<worksheet", doctype + b"<worksheet", 1)
        return text.replace(b"<t>007</t>", b"<t>&l11;</t>", 1)

    def swollen(name: str | None, content: bytes) -> Any:
        return {"xl/media/image1.png": b"\0" * 500_000} if name is None else content

    book = workbook(ROW)
    for change, code in ((with_macros, "FILE-021"), (far_row, "FILE-007"), (laughs, "FILE-008"), (swollen, "FILE-017")):
        limits = SMALL if change is swollen else LIMITS
        assert refused(tmp_path, rewritten(book, change), file_name="a.xlsx", limits=limits).code == code


def test_a_sheet_that_says_it_is_smaller_loses_nothing(tmp_path: Path) -> None:
    def smaller(name: str | None, content: bytes) -> Any:
        return {} if name is None else content.replace(b'<dimension ref="A1:F4"', b'<dimension ref="A1:B2"')

    data = rewritten(workbook(ROW, ROW, ROW), smaller)
    assert data != workbook(ROW, ROW, ROW)
    assert [row[:6] for row in rows(stage(tmp_path, data, file_name="a.xlsx"))] == [ROW] * 3
