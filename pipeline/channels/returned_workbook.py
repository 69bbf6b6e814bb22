"""A returned workbook as rows of text: the sheet of the register, and that of nominations where there is one.

Looked at as an archive first: a part that runs, fetches or refers elsewhere, declares entities or merges cells refuses
it before any sheet is parsed. Sheets of other names are never opened.
"""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from pipeline.channels.landing_workbook import cell_text
from pipeline.channels.returned_headings import is_heading, named, nomination_headings, register_names
from pipeline.contracts.answers import NOMINATIONS_SHEET, REGISTER_SHEET
from pipeline.contracts.returned import (
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_NOMINATIONS,
    MOST_OTHER_PART,
    MOST_ROWS,
    MOST_SHEET_ROWS,
    Returned,
    ReturnedRow,
    refused,
)

_HEADINGS_WITHIN = 10
_ACTIVE = re.compile(r"vbaproject|macrosheets|activex|embeddings|ctrlprops|dialogsheets|webextensions")
_ELSEWHERE = re.compile(r"externallinks|connections\.xml|querytables|/model/|customdata")
# A link that somebody clicks does nothing here; any other relationship to the outside would be fetched.
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>", re.IGNORECASE)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell[\s/>]")
# Not what a bar or a drop-down refers to: spreadsheets write those as xm:f. A cell's own is looked for by cell, too.
_FORMULA = re.compile(rb"<(?!xm:)(?:\w+:)?f[\s/>]")
_DAMAGED = (zlib.error, zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def workbook_rows(content: bytes) -> Returned:
    """The rows; raises RefusedByRule for what no returned register may hold."""
    for name, part in _parts(content):
        _check_part(name, part)
    book = _book(content)
    register = _sheet(book, REGISTER_SHEET)
    if register is None:
        raise refused("BACK-014", where=REGISTER_SHEET)
    rows = _table(register, title=REGISTER_SHEET, most=MOST_ROWS)
    nominations = _sheet(book, NOMINATIONS_SHEET)
    nominated = () if nominations is None else _table(nominations, title=NOMINATIONS_SHEET, most=MOST_NOMINATIONS)
    return Returned(rows, nominated)


def _parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Name in small letters and content of every part; sizes were looked at before (returned_file.py)."""
    failed = False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            name = member.filename.lower()
            if member.file_size > MOST_OTHER_PART and not name.startswith(("xl/worksheets/", "xl/sharedstrings")):
                raise refused("BACK-001", where="a part of the workbook that is no sheet")
            try:
                part = archive.read(member)
            except _DAMAGED:
                failed, part = True, b""
            if failed:
                raise refused("BACK-003", where="a part of the workbook")
            yield name, part


def _check_part(name: str, part: bytes) -> None:
    if _ACTIVE.search(name) or (name == "[content_types].xml" and b"macroenabled" in part.lower()):
        raise refused("BACK-004", where="macros or embedded objects")
    if _ELSEWHERE.search(name) or (name.endswith(".rels") and _points_outside(part)):
        raise refused("BACK-005", where="links to other files or data")
    is_text = name.endswith((".xml", ".rels", ".vml"))
    # No entities, and no encoding in which one could hide from this look.
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part or (is_text and b"\0" in part):
        raise refused("BACK-004", where="a part that defines entities, or is not UTF-8")
    if b"sheetData" in part:
        if _MERGED.search(part):
            raise refused("BACK-009", where="a sheet of the workbook")
        if _FORMULA.search(part):
            raise refused("BACK-004", where="a formula in a sheet of the workbook")


def _points_outside(part: bytes) -> bool:
    outside = [one for one in _RELATIONSHIP.findall(part) if b"external" in one.lower()]
    return any(b"/hyperlink" not in one for one in outside)


def _book(content: bytes) -> Any:
    from openpyxl import load_workbook

    book = None
    # Whatever a damaged workbook makes the library raise means the same; its messages and warnings may quote a cell.
    with warnings.catch_warnings(), suppress(Exception):
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    if book is None:
        raise refused("BACK-003", where="the workbook")
    return book


def _sheet(book: Any, name: str) -> Any:
    found = [sheet for sheet in book.worksheets if sheet.title == name]
    return found[0] if found else None


def _table(sheet: Any, *, title: str, most: int) -> tuple[ReturnedRow, ...]:
    """Rows of a sheet below its headings, under the numbers a spreadsheet shows."""
    names: list[str] | None = None
    rows: list[ReturnedRow] = []
    for number, cells in enumerate(_sheet_rows(sheet, title=title), start=1):
        texts = [_text(cell, name=names[at] if names and at < len(names) else "") for at, cell in enumerate(cells)]
        if any(getattr(cell, "data_type", "n") == "f" for cell in cells):
            raise refused("BACK-004", where=f"a formula on sheet {title}, row {number}")
        if names is None:
            names = _names(texts, title=title, number=number)
        elif any(text is None or text.strip() for text in texts):
            if any(text is None or text.strip() for text in texts[len(names) :]):
                raise refused("BACK-008", where=f"{title}, row {number} has cells to the right of the headings")
            texts += [""] * (len(names) - len(texts))
            rows.append(ReturnedRow(number, dict(zip(names, texts, strict=False))))
        if len(rows) > most or number > MOST_SHEET_ROWS:
            raise refused("BACK-007", where=f"sheet {title}, row {number:,}")
    if names is None:
        raise refused("BACK-008", where=f"{title}: there are no headings")
    return tuple(rows)


def _names(texts: Sequence[str | None], *, title: str, number: int) -> list[str] | None:
    """Names of the columns when this is the row of headings; None above it."""
    cells = [text or "" for text in texts]
    if not is_heading(cells):
        if number >= _HEADINGS_WITHIN:
            raise refused("BACK-008", where=f"{title}: there are no headings in the first {_HEADINGS_WITHIN} rows")
        return None
    where = f"{title}, row {number}"
    if title == REGISTER_SHEET:
        return register_names(cells, where=where)
    return named(cells, nomination_headings(), needed=("nhs_number", "birth_date"), where=where)


def _sheet_rows(sheet: Any, *, title: str) -> Iterator[Sequence[Any]]:
    """Rows of cells, one column wider than any sheet of ours can be."""
    rows: Iterator[Sequence[Any]] | None = None
    with suppress(Exception):
        # What the sheet says of its own size may be wrong, and rows beyond it would be lost without a word.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_col=MOST_COLUMNS + 1)
    if rows is None:
        raise refused("BACK-003", where=f"sheet {title}")
    while True:
        row: Sequence[Any] | None = None
        with warnings.catch_warnings(), suppress(Exception):
            warnings.simplefilter("ignore")
            row = next(rows, ())
        if row is None:
            raise refused("BACK-003", where=f"sheet {title}")
        if not row:
            return
        yield row


def _text(cell: Any, *, name: str) -> str | None:
    """A cell as text, cut where nothing of ours is as long; None when it has lost what it should say."""
    if cell.value is None:
        return ""
    if getattr(cell, "data_type", "n") == "e":
        return None
    text = cell_text(cell.value, kind="date" if name.endswith("_date") else "text")
    return None if text is None else text[: LONGEST_CELL + 1]
