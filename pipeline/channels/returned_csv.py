"""A returned CSV as rows of text. Rows without a practice key and a rank nominate somebody."""

import csv
import io
from collections.abc import Sequence

from pipeline.channels.returned_headings import register_names
from pipeline.contracts.returned import (
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_NOMINATIONS,
    MOST_ROWS,
    Returned,
    ReturnedRow,
    refused,
)

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# A row that nominates says why and who in the columns for a note and for who answers.
_AS_NOMINATION = {"status_note": "nomination_reason", "answered_by": "nominated_by"}


def csv_rows(content: bytes) -> Returned:
    """The rows; raises RefusedByRule for what is no CSV of a register."""
    text, notes = _text(content)
    records = _records(text)
    if not records:
        raise refused("BACK-016", where="the file is empty")
    if len(records[0]) == 1 and any(sign in records[0][0] for sign in _SEPARATORS):
        told = next(words for sign, words in _SEPARATORS.items() if sign in records[0][0])
        raise refused("BACK-016", where=f"{told} between the columns")
    names = register_names(records[0], where="the first row")
    rows: list[ReturnedRow] = []
    nominations: list[ReturnedRow] = []
    for number, record in enumerate(records[1:], start=2):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) > len(names) and any(cell.strip() for cell in record[len(names) :]):
            raise refused("BACK-008", where=f"row {number} has more cells than there are headings")
        row = ReturnedRow(number, {name: record[at] if at < len(record) else "" for at, name in enumerate(names)})
        (nominations if _nominates(row) else rows).append(row)
    if len(rows) > MOST_ROWS or len(nominations) > MOST_NOMINATIONS:
        raise refused("BACK-007", where=f"{len(rows):,} rows and {len(nominations):,} nominations")
    return Returned(tuple(rows), tuple(_as_nomination(row) for row in nominations), notes)


def _text(content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, in UTF-8 or as spreadsheets on Windows write it, and what to note about that."""
    if b"\0" in content:
        raise refused("BACK-016", where="UTF-16, or no text at all")
    for encoding, notes in (("utf-8-sig", ()), ("cp1252", ("read as Windows-1252, since it is not UTF-8",))):
        try:
            return content.decode(encoding), notes
        except UnicodeDecodeError:
            continue
    raise refused("BACK-016", where="its characters")


def _records(text: str) -> list[list[str]]:
    """Records up to just past the most there may be; raises RefusedByRule for broken quotation and endless cells."""
    records: list[list[str]] = []
    problem = None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for record in reader:
            records.append(record)
            if len(records) > MOST_ROWS + MOST_NOMINATIONS + 1:
                problem = "BACK-007"
                break
            if len(record) > MOST_COLUMNS or max(map(len, record), default=0) > LONGEST_CELL:
                problem = "BACK-016"
                break
    except csv.Error:
        # Its message may quote what it minds.
        problem = "BACK-016"
    if problem is not None:
        raise refused(problem, where=f"row {len(records)} or the one after it")
    return records


def _nominates(row: ReturnedRow) -> bool:
    return not any((row.cells.get(name) or "").strip() for name in ("practice_key", "rank"))


def _as_nomination(row: ReturnedRow) -> ReturnedRow:
    kept: Sequence[str] = ("nhs_number", "birth_date", "practice_code", "run_key")
    cells = {name: row.cells[name] for name in kept if name in row.cells}
    said = {ours: row.cells[theirs] for theirs, ours in _AS_NOMINATION.items() if theirs in row.cells}
    return ReturnedRow(row.number, cells | said)
