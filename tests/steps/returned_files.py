"""Registers as practices send them back, whole and hostile: made by code, of nobody who exists.

A register is a list of rows by column name; `as_csv` and `as_workbook` write it as a spreadsheet would save it. Each
hostile file is a good one with one thing wrong.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import xlsxwriter

from pipeline.contracts.answers import KEY_COLUMNS, NOMINATION_COLUMNS, NOMINATIONS_SHEET, REGISTER_SHEET
from pipeline.contracts.register_dictionary import practice_contract

Row = dict[str, str]
COLUMNS = [column.name for column in practice_contract().columns]


def as_csv(rows: Sequence[Row], *, columns: Sequence[str] = COLUMNS, encoding: str = "utf-8-sig") -> bytes:
    """All quoted, in the order of the contract."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", quoting=csv.QUOTE_ALL, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def as_workbook(
    rows: Sequence[Mapping[str, object]],
    nominations: Sequence[Mapping[str, object]] = (),
    *,
    columns: Sequence[str] = COLUMNS,
    above: Sequence[str] = (),
    then: Callable[[xlsxwriter.Workbook, object], object] | None = None,
) -> bytes:
    """Sheets for the register and for nominations; `above` are lines before the headings, `then` adds something."""
    out = io.BytesIO()
    titles = {column.name: column.title for column in practice_contract().columns}
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(REGISTER_SHEET)
    for number, line in enumerate(above):
        sheet.write(number, 0, line)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for at, name in enumerate(columns):
        sheet.write(len(above), at, titles.get(name, name))
        for number, row in enumerate(rows, start=len(above) + 1):
            _write(sheet, number, at, row.get(name, ""), day)
    second = book.add_worksheet(NOMINATIONS_SHEET)
    for at, (name, title, _) in enumerate(NOMINATION_COLUMNS):
        second.write(0, at, title)
        for number, row in enumerate(nominations, start=1):
            _write(second, number, at, row.get(name, ""), day)
    if then is not None:
        then(book, sheet)
    book.close()
    return out.getvalue()


def _write(sheet: Any, row: int, at: int, value: object, day: object) -> None:
    if isinstance(value, date):
        sheet.write_datetime(row, at, value, day)
    elif value != "":
        sheet.write(row, at, value)


def changed_part(book: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part changed; a part that is not there is made of nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        names = [member.filename for member in source.infolist()]
        for member in names:
            content = source.read(member)
            target.writestr(member, change(content) if member == name else content)
        if name not in names:
            target.writestr(name, change(b""))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def _insert(before: bytes, what: bytes) -> Callable[[bytes], bytes]:
    def change(part: bytes) -> bytes:
        assert before in part
        return part.replace(before, what + before, 1)

    return change


Hostile = dict[str, tuple[str, bytes, str]]


def hostile_files(rows: Sequence[Row]) -> Hostile:
    """Name of the attack: the file's name, its bytes, and the rule that refuses it."""
    return _active(rows) | _swollen(rows) | _misshapen(rows) | _no_register(rows)


def _active(rows: Sequence[Row]) -> Hostile:
    good, rels = as_workbook(rows), "xl/_rels/workbook.xml.rels"
    outside = b'<Relationship Id="rId99" Type="http://x/%s" Target="http://example.org/x" TargetMode="External"/>'
    return {
        "formula": (
            "a.xlsx",
            as_workbook(rows, then=lambda book, sheet: sheet.write_formula(1, len(COLUMNS) - 1, "=1+1")),
            "BACK-004",
        ),
        "formula on another sheet": (
            "a.xlsx",
            as_workbook(rows, then=lambda book, sheet: book.add_worksheet("x").write_formula(0, 0, "=1+1")),
            "BACK-004",
        ),
        "macros": ("a.xlsx", changed_part(good, "xl/vbaProject.bin", lambda _: b"\xd0\xcf\x11\xe0"), "BACK-004"),
        "macros by name": ("a.xlsm", good, "BACK-004"),
        "macro-enabled content": (
            "a.xlsx",
            changed_part(
                good, "[Content_Types].xml", lambda part: part.replace(b"sheet.main", b"sheet.macroEnabled.main")
            ),
            "BACK-004",
        ),
        "macro sheet": ("a.xlsx", changed_part(good, "xl/macrosheets/sheet1.xml", lambda _: b"<x/>"), "BACK-004"),
        "embedded object": ("a.xlsx", changed_part(good, "xl/embeddings/oleObject1.bin", lambda _: b"x"), "BACK-004"),
        "external link": (
            "a.xlsx",
            changed_part(good, "xl/externalLinks/externalLink1.xml", lambda _: b"<externalLink/>"),
            "BACK-005",
        ),
        "relationship to the outside": (
            "a.xlsx",
            changed_part(good, rels, _insert(b"</Relationships>", outside % b"externalLinkPath")),
            "BACK-005",
        ),
        "data connection": (
            "a.xlsx",
            changed_part(good, "xl/connections.xml", lambda _: b"<connections/>"),
            "BACK-005",
        ),
    }


def _swollen(rows: Sequence[Row]) -> Hostile:
    good = as_workbook(rows)
    entity = b'<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    return {
        "entities": (
            "a.xlsx",
            changed_part(good, SHEET, lambda part: re.sub(rb"(<\?xml[^>]*\?>)", rb"\1" + entity, part, count=1)),
            "BACK-004",
        ),
        "entities in UTF-16": (
            "a.xlsx",
            changed_part(good, "docProps/app.xml", lambda part: part.decode().encode("utf-16")),
            "BACK-004",
        ),
        "zip bomb in a sheet": (
            "a.xlsx",
            changed_part(good, SHEET, lambda part: part + b" " * (40 * 2**20)),
            "BACK-006",
        ),
        "zip bomb in a picture": (
            "a.xlsx",
            changed_part(good, "xl/media/image1.png", lambda _: b"\0" * (60 * 2**20)),
            "BACK-001",
        ),
        "part that lies about its size": ("a.xlsx", _lying(good), "BACK-003"),
        "merged cells": (
            "a.xlsx",
            as_workbook(rows, then=lambda book, sheet: sheet.merge_range(1, 1, 2, 1, "two")),
            "BACK-009",
        ),
    }


def _misshapen(rows: Sequence[Row]) -> Hostile:
    good = as_workbook(rows)
    return {
        "renamed column": (
            "a.xlsx",
            as_workbook(rows, columns=["state" if name == "status" else name for name in COLUMNS]),
            "BACK-008",
        ),
        "column added": ("a.xlsx", as_workbook(rows, columns=[*COLUMNS, "my own"]), "BACK-008"),
        "column twice": ("a.xlsx", as_workbook(rows, columns=[*COLUMNS, "status"]), "BACK-008"),
        "no practice key": (
            "a.xlsx",
            as_workbook(rows, columns=[name for name in COLUMNS if name != "practice_key"]),
            "BACK-008",
        ),
        "no sheet of the register": (
            "a.xlsx",
            changed_part(good, "xl/workbook.xml", lambda part: part.replace(b'name="Register"', b'name="Mine"')),
            "BACK-014",
        ),
    }


def _no_register(rows: Sequence[Row]) -> Hostile:
    good, many = as_workbook(rows), [dict(rows[0]) for _ in range(100_000)]
    return {
        "100,000 rows": ("a.xlsx", _many_rows(rows), "BACK-007"),
        "100,000 rows as CSV": ("a.csv", as_csv(many, columns=KEY_COLUMNS), "BACK-007"),
        "cut short": ("a.xlsx", good[: len(good) // 2], "BACK-003"),
        "no workbook at all": ("a.xlsx", b"%PDF-1.7 " * 100, "BACK-003"),
        "workbook with a password": ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "BACK-015"),
        "PDF": ("a.pdf", b"%PDF-1.7", "BACK-002"),
        "workbook named CSV": ("a.csv", good, "BACK-002"),
        "too large": ("a.csv", as_csv(rows) + b" " * (9 * 2**20), "BACK-001"),
        "UTF-16": ("a.csv", as_csv(rows, encoding="utf-16"), "BACK-016"),
        "semicolons": ("a.csv", as_csv(rows).replace(b'","', b'";"'), "BACK-016"),
        "open quotation": ("a.csv", as_csv(rows) + b'"never closed', "BACK-016"),
        "endless cell": ("a.csv", as_csv([{**rows[0], "status_note": "x" * 50_000}]), "BACK-016"),
        "renamed column in a CSV": ("a.csv", as_csv(rows).replace(b'"status"', b'"state"'), "BACK-008"),
        "headings alone": ("a.csv", as_csv([]), "BACK-018"),
        "nothing": ("a.csv", b"", "BACK-016"),
    }


def _many_rows(rows: Sequence[Row]) -> bytes:
    """A sheet of 100,000 rows that packs well, written row after row."""
    first = as_workbook(rows[:1])

    def repeat(part: bytes) -> bytes:
        row = re.search(rb'<row r="2".*?</row>', part, re.DOTALL)
        assert row is not None
        short = re.sub(rb'<c r="(?!A2")[A-Z]+2".*?(</c>|/>)', b"", row.group())
        return part.replace(
            row.group(),
            b"".join(short.replace(b'r="2"', b'r="%d"' % n).replace(b"A2", b"A%d" % n) for n in range(2, 100_002)),
        )

    return changed_part(first, SHEET, repeat)


def _lying(book: bytes) -> bytes:
    """Says in the archive's list that a sheet is smaller than what it unpacks to."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        size = archive.getinfo(SHEET).file_size
    at = book.rindex(SHEET.encode()) - 46
    entry = bytearray(book)
    assert int.from_bytes(entry[at + 24 : at + 28], "little") == size
    entry[at + 24 : at + 28] = (size // 2).to_bytes(4, "little")
    return bytes(entry)
