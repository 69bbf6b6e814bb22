"""How cells of a practice's workbook are written and look: one kind of value to a column, never a formula.

Text is written as text whatever it begins with, and where it begins like a formula the cell says so to the spreadsheet,
which then leaves it alone when somebody edits it. Nothing here knows what a register is.
"""

import textwrap
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.channels.register_files import FORMULA_STARTS, Cell, checked, plain
from pipeline.contracts.register_dictionary import Column
from pipeline.errors import ContractError
from pipeline.rules.nhs_number import spaced

# Plain colours with enough contrast for text on them (WCAG 2.1, 4.5 to 1); no meaning hangs on a colour alone.
INK, WHITE, BLUE, PALE_BLUE, YELLOW, PALE_YELLOW, GREY = (
    "#212B32", "#FFFFFF", "#003087", "#E8F1FA", "#FFD54A", "#FFFBE8", "#55626B",
)  # fmt: skip
DAY, ONE_DECIMAL, TEXT = "dd/mm/yyyy", "0.0", "@"
# Points: a line of the default font, and the highest that a row may be.
_LINE, _HIGHEST = 15, 400
# Letters of running text that fit where one nought has room: a column is as wide as so many noughts.
_LETTERS = 1.1
# Before it, a spreadsheet has no dates.
_FIRST_DAY = date(1900, 3, 1)
_MIDDLE = {"align": "center"}
_BASE = {"font_color": INK, "valign": "top", "border": 1, "border_color": "#D8DDE0"}


class Styles:
    """Formats of one workbook, each made once, in the order in which they are asked for."""

    def __init__(self, book: Any) -> None:
        self._book, self._made = book, dict[tuple[tuple[str, object], ...], Any]()

    def cell(self, **look: object) -> Any:
        """The format of a cell in the grid, with what is particular about it."""
        return self.bare(**(_BASE | look))

    def bare(self, **look: object) -> Any:
        """A format with these properties and no others."""
        key = tuple(sorted(look.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(look)
        return self._made[key]


def fit_row(sheet: Any, row: int, cells: Iterable[tuple[str, float]]) -> None:
    """Make the row as high as its longest text needs, given (text, width of its column).

    Said, not left to the program that opens the file: not every one works it out.
    """
    lines = max((len(textwrap.wrap(text, max(1, int(width * _LETTERS)))) for text, width in cells), default=1)
    sheet.set_row(row, min(_HIGHEST, max(1, lines) * _LINE + 1))


def put_text(sheet: Any, row: int, place: int, text: str, styles: Styles, **look: object) -> str:
    """Text as text, and what is shown; raises ContractError when a cell cannot hold it."""
    line = plain(text)
    if line.lstrip(" \u00a0\u200b\ufeff")[:1] in tuple(FORMULA_STARTS):
        look |= {"quote_prefix": True}
    if sheet.write_string(row, place, line, styles.cell(**look)):
        raise ContractError("A text is too long for a cell of a workbook", where=f"{sheet.get_name()}, row {row + 1}")
    return line


def put_value(sheet: Any, row: int, place: int, column: Column, value: Cell, styles: Styles, **look: object) -> str:
    """A value of the kind that the column declares, or nothing; returns text that may need more than a line.

    Raises ContractError for a value of another kind.
    """
    checked(column, value)
    if value is None or value == "":
        number_format = {"date": DAY, "nhs_number": TEXT}.get(column.type, "General")
        sheet.write_blank(row, place, None, styles.cell(**look, num_format=number_format))
    elif isinstance(value, bool):
        put_text(sheet, row, place, "yes" if value else "no", styles, **look)
    elif isinstance(value, Decimal):
        sheet.write_number(row, place, round(float(value), 1), styles.cell(num_format=ONE_DECIMAL, **_MIDDLE, **look))
    elif isinstance(value, int):
        sheet.write_number(row, place, value, styles.cell(**_MIDDLE, **look))
    elif isinstance(value, date) and value >= _FIRST_DAY:
        sheet.write_datetime(row, place, value, styles.cell(num_format=DAY, align="left", **look))
    else:
        return put_text(sheet, row, place, in_words(column, value), styles, num_format=TEXT, **look)
    return ""


def in_words(column: Column, value: str | date) -> str:
    """What people read: numbers as they are read out, codes of a closed list as words; answers stay as declared."""
    if isinstance(value, date):
        return value.isoformat()
    if column.type == "nhs_number":
        return spaced(value)
    if column.type == "code" and column.values and not column.answer:
        return value.replace("_", " ").capitalize()
    return value
