"""The workbook in LibreOffice: it opens, prints with its marking, and comes back as it was sent, answers in it.

Two conversions without a window; what they make is read with other libraries. Left to people: how it looks.
"""

import io
import shutil
import subprocess
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from invented_packs import practice_pack

from pipeline.channels.returned_file import read_returned
from pipeline.channels.workbook import register_workbook
from pipeline.channels.workbook_back import read_back
from pipeline.contracts.register_dictionary import practice_contract

OFFICE, TO_TEXT = shutil.which("soffice"), shutil.which("pdftotext")
NEEDS = "not tested here: the workbook in LibreOffice (Debian: libreoffice-calc, poppler-utils)"
pytestmark = [pytest.mark.browser, pytest.mark.skipif(OFFICE is None or TO_TEXT is None, reason=NEEDS)]
PACK = practice_pack(30, kept=3)


def converted(folder: Path, content: bytes, *, to: str, filtered: str = "") -> bytes:
    """The workbook as LibreOffice saves it."""
    source, target = folder / "register.xlsx", folder / "made"
    source.write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    kind = f"{to}:{filtered}" if filtered else to
    asked = [str(OFFICE), profile, "--headless", "--convert-to", kind, "--outdir", str(target), str(source)]
    subprocess.run(asked, check=True, capture_output=True, timeout=120)
    return (target / f"register.{to}").read_bytes()


def filled() -> bytes:
    """As a practice would leave it: two answers, one a text that begins like a formula, and somebody nominated."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*xtension is not supported")
        book: Any = load_workbook(io.BytesIO(register_workbook(PACK)))
    sheet = book["Register"]
    at = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, at["YOUR ANSWER: status"]).value = "done"
    sheet.cell(2, at["YOUR ANSWER: date"]).value = datetime.fromisoformat("2026-11-24")
    note = sheet.cell(3, at["YOUR ANSWER: note"])
    note.value, note.data_type = "=not a formula", "s"
    for place, value in zip("ABCD", ("999 000 0913", datetime.fromisoformat("1941-03-09"), "Falls", "GP"), strict=True):
        book["Nominations"][f"{place}2"] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_what_it_saves_is_read_back_with_every_person_and_answer(tmp_path: Path) -> None:
    saved = converted(tmp_path, filled(), to="xlsx", filtered="Calc MS Excel 2007 XML")
    assert read_back(saved).formulas == 0
    returned = read_returned(saved, file_name="register.xlsx")
    assert [row.cells["nhs_number"].replace(" ", "") for row in returned.rows] == [p.nhs_number for p in PACK.people]
    assert all(row.cells["run_key"] == PACK.run_key and row.cells["practice_key"] for row in returned.rows)
    assert [row.cells["birth_date"] for row in returned.rows] == [p.birth_date.isoformat() for p in PACK.people]
    sent = read_returned(register_workbook(PACK), file_name="register.xlsx").rows
    assert returned.rows[0].cells == sent[0].cells | {"status": "done", "status_date": "2026-11-24"}
    assert returned.rows[1].cells == sent[1].cells | {"status_note": "=not a formula"}
    assert returned.rows[2:] == sent[2:]
    (nominated,) = returned.nominations
    assert nominated.cells["nhs_number"] == "999 000 0913" and nominated.cells["birth_date"] == "1941-03-09"


def test_it_keeps_the_drop_downs(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    saved = converted(tmp_path, register_workbook(PACK), to="xlsx", filtered="Calc MS Excel 2007 XML")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*xtension is not supported")
        book: Any = load_workbook(io.BytesIO(saved))
    kept = {one.formula1 for one in book["Register"].data_validations.dataValidation if one.type == "list"}
    declared = [column for column in practice_contract().columns if column.answer and column.values]
    assert kept == {f"list_{column.name}" for column in declared}
    assert book["Lists"].sheet_state == "hidden"


def test_it_prints_with_headings_and_marking_on_every_page(tmp_path: Path) -> None:
    (tmp_path / "register.pdf").write_bytes(converted(tmp_path, register_workbook(PACK), to="pdf"))
    ran = subprocess.run(
        [str(TO_TEXT), "-layout", str(tmp_path / "register.pdf"), "-"], check=True, capture_output=True, text=True
    )
    pages = ran.stdout.split("\f")[:-1]
    assert len(pages) > 4 and all("OFFICIAL-SENSITIVE" in page for page in pages)
    changes = [page for page in pages if "Changes, page" in page]
    assert "Changes, page 1 of" in pages[0] and any("Left the list" in page for page in changes)
    # Whom to follow up comes before what changed.
    assert "no contact yet" in pages[0]
    registers = [page for page in pages if "Register, page" in page]
    assert registers and all("NHS number" in page and "YOUR ANSWER" in page for page in registers)
    assert sum(page.count("999 00") for page in registers) == len(PACK.people)
