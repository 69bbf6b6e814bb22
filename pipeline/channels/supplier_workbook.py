"""The supplier's report as a workbook: summary, rules, and row numbers to filter and look up.

No formulas and no clock: the same report always makes the same bytes.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# A workbook is a zip of XML files; these are what would otherwise tell when it was made.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")
Row = Sequence[str | int]


def workbook(
    report: Mapping[str, Any],
    *,
    levels: Mapping[str, str],
    verdicts: Mapping[str, str],
    cards: Mapping[str, str],
) -> bytes:
    """An XLSX file of three sheets: Summary, Rules, Row numbers."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    rules = [("rules", rule) for rule in report["rules"]]
    rules += [("after linkage", rule) for rule in (report.get("after_linkage") or {}).get("checks", [])]
    _sheet(book, "Summary", ("What", "Value"), _summary(report, verdicts=verdicts, cards=cards), widths=(34, 90))
    _sheet(
        book,
        "Rules",
        ("Rule", "Found", "What happens", "What it says", "What to do", "Rows", "Row numbers listed"),
        [_rule(where, rule, levels=levels) for where, rule in rules],
        widths=(14, 14, 22, 70, 60, 10, 20),
    )
    numbers = [(rule["rule"], int(number)) for _, rule in rules for number in rule["row_numbers"]]
    _sheet(book, "Row numbers", ("Rule", "Row number"), numbers, widths=(14, 14))
    made = io.BytesIO()
    book.save(made)
    return _timeless(made.getvalue(), stamp=str(report["received_at"]))


def _summary(report: Mapping[str, Any], *, verdicts: Mapping[str, str], cards: Mapping[str, str]) -> Iterator[Row]:
    yield "Delivery", report["delivery_id"]
    yield "Extract", f"{report['title']} ({report['extract']})"
    yield "Sender", report["sender"]
    yield "Period", " to ".join(report["period"])
    yield "Received", report["received_at"]
    yield "File", report["file_name"]
    yield "SHA-256", report["sha256"]
    yield "Verdict", verdicts[report["verdict"]]
    yield "In short", report["summary"]
    yield from ((f"Rows: {says}", int(report["counts"][name])) for name, says in cards.items())
    yield from (("To note", note) for note in report["notes"])
    linkage = report.get("after_linkage")
    if linkage:
        yield "After linkage", linkage["summary"]
    yield "Row numbers", "Row 1 is the first row after the header. No value of any row is in this workbook."


def _rule(where: str, rule: Mapping[str, Any], *, levels: Mapping[str, str]) -> Row:
    return (
        rule["rule"],
        "in the file" if where == "rules" else where,
        levels[rule["level"]],
        rule["says"],
        rule["next_step"],
        int(rule["rows_broken"]),
        len(rule["row_numbers"]),
    )


def _sheet(book: Any, title: str, heads: Row, rows: Any, *, widths: Sequence[int]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.append(list(heads))
    for row in rows:
        sheet.append(list(row))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E8EDEE")
    wrapped = Alignment(wrap_text=True, vertical="top")
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            if isinstance(cell.value, str):
                # Text, also where it begins like a formula.
                cell.data_type = "s"
                cell.alignment = wrapped
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _timeless(data: bytes, *, stamp: str) -> bytes:
    """The same workbook with the delivery's moment in place of now."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(made.namelist()):
            part = made.read(name)
            if name == "docProps/core.xml":
                part = _STAMP.sub(rb"\g<1>" + stamp.encode() + rb"\g<3>", part)
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, part)
    return out.getvalue()
