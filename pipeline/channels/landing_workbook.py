"""The first sheet of an XLSX workbook as batches of text in the declared forms, read row by row.

A spreadsheet shows one thing and holds another: formulas, error values and numbers too long for it to keep are
refused by row and column, never guessed at.
"""

import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from pipeline.contracts.receipt import refusal

_AT_A_TIME = 5_000
_MOST_ROWS = 1_048_576
# A spreadsheet keeps fifteen digits of a number and makes the rest zeros without a word.
_EXACT = 10**15
_MOST_SHOWN = 20
# Cells to look at beyond the declared columns, for fields too many.
_BEYOND = 20


class Workbook:
    """A workbook past the header row of its first sheet; `batches` gives the rows below once."""

    def __init__(self, source: BinaryIO, *, where: str, widest: int) -> None:
        """Reads the header row; `widest` is the number of columns a declared header has at most.

        Raises RefusedByRule: FILE-008 damaged, FILE-021 formulas, FILE-012 without a header row.
        """
        self._where, self._formulas, self._lost = where, _Cells(), _Cells()
        self._rows = self._open(source, columns=widest + _BEYOND)
        first = self._next_rows(1)
        if not first:
            raise refusal("FILE-012", where=f"{where}, its first sheet is empty")
        header = ["" if cell.value is None else str(cell.value) for cell in first[0]]
        if any(_kind(cell) == "f" for cell in first[0]):
            raise refusal("FILE-021", where=f"{where}, a formula in the header row")
        while header and not header[-1]:
            header.pop()
        self.header = header

    def batches(self, names: Sequence[str], *, types: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Rows under these names, all text; `types` are the contract's types of these columns.

        Raises RefusedByRule: FILE-011 empty rows in between or cells beyond the header, FILE-021 formulas, FILE-022
        errors and numbers too long: each with the rows counted and the first of them named.
        """
        width = len(names)
        row_number, empty, ragged = 0, list[int](), _Cells()
        while rows := self._next_rows(_AT_A_TIME):
            made: list[list[str]] = []
            for cells in rows:
                row_number += 1
                if all(cell.value is None for cell in cells):
                    empty.append(row_number)
                    self._check_size(len(empty))
                    continue
                # Empty rows at the end say nothing; between rows they are rows without fields.
                for number in empty:
                    ragged.add(number)
                empty = []
                if any(cell.value is not None for cell in cells[width:]):
                    ragged.add(row_number)
                made.append(self._texts(cells[:width], names=names, types=types, row_number=row_number))
            columns = [pa.array([row[i] for row in made], type=pa.string()) for i in range(width)]
            yield pa.record_batch(columns, names=list(names))
        self._raise_found(ragged)

    def _texts(self, cells: Sequence[Any], *, names: Sequence[str], types: Sequence[str], row_number: int) -> list[str]:
        texts = [""] * len(names)
        for at, cell in enumerate(cells):
            if cell.value is None:
                continue
            kind = _kind(cell)
            text = None if kind in ("e", "f") else cell_text(cell.value, kind=types[at])
            if kind == "f":
                self._formulas.add(row_number, at + 1)
            elif text is None:
                self._lost.add(row_number, at + 1)
            else:
                texts[at] = text
        return texts

    def _check_size(self, rows: int) -> None:
        if rows > _MOST_ROWS:
            raise refusal("FILE-007", where=f"{self._where}, more rows than a sheet can have")

    def _raise_found(self, ragged: "_Cells") -> None:
        for code, cells in (("FILE-021", self._formulas), ("FILE-022", self._lost), ("FILE-011", ragged)):
            if cells.count:
                raise refusal(code, where=f"{self._where}, {cells.told()}")

    def _open(self, source: BinaryIO, *, columns: int) -> Iterator[Sequence[Any]]:
        from openpyxl import load_workbook

        sheet = None
        with warnings.catch_warnings():
            # The library's warnings quote cells.
            warnings.simplefilter("ignore")
            try:
                book = load_workbook(source, read_only=True, data_only=False, keep_links=False)
                self.further_sheets = len(book.worksheets) - 1
                sheet = book.worksheets[0]
                # What the sheet says of its own size may be wrong, and rows beyond it would be lost without a word.
                sheet.reset_dimensions()
            # Whatever a damaged workbook makes the library raise means the same, and its message may quote a cell.
            except Exception:  # noqa: BLE001 - a damaged workbook may raise anything, see above
                sheet = None
        if sheet is None:
            raise refusal("FILE-008", where=self._where)
        rows: Iterator[Sequence[Any]] = sheet.iter_rows(max_col=columns)
        return rows

    def _next_rows(self, count: int) -> list[Sequence[Any]]:
        rows = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                rows = list(islice(self._rows, count))
            except Exception:  # noqa: BLE001 - a damaged sheet may raise anything; its message may quote a cell
                rows = None
        if rows is None:
            raise refusal("FILE-008", where=self._where)
        return rows


class _Cells:
    """Places in a sheet, counted, the first of them kept: data row numbers, and columns where they matter."""

    def __init__(self) -> None:
        self.count, self._first = 0, list[str]()

    def add(self, row_number: int, column: int | None = None) -> None:
        self.count += 1
        if len(self._first) < _MOST_SHOWN:
            self._first.append(str(row_number) if column is None else f"{row_number} (column {column})")

    def told(self) -> str:
        """For a message: how many, and the first of them."""
        return f"{self.count} places, the first of them in rows: {', '.join(self._first)}"


def cell_text(value: object, *, kind: str) -> str | None:
    """A cell's value in the form its declared type is written in a CSV; None when it has lost what it should say."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        is_day = kind != "timestamp" and value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, timedelta):
        return _number(value)
    return None


def _number(value: int | float) -> str | None:
    if value != value or abs(value) >= _EXACT:
        return None
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def _kind(cell: Any) -> str:
    return str(getattr(cell, "data_type", "n"))
