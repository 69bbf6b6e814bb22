"""The sheets of a practice's workbook that are worked in: the register, nominations, and the hidden lists behind them.

The choices of a drop-down are those that register.yml declares; a value outside them cannot be typed. Nothing is
locked, so that everything can be sorted.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pipeline.channels.register_files import practice_cells
from pipeline.channels.workbook_look import (
    BLUE,
    DAY,
    GREY,
    INK,
    PALE_YELLOW,
    TEXT,
    WHITE,
    YELLOW,
    Styles,
    fit_row,
    put_text,
    put_value,
)
from pipeline.contracts.answers import LONGEST_TEXT, NOMINATION_COLUMNS
from pipeline.contracts.register import PracticePack
from pipeline.contracts.register_dictionary import Column, practice_contract
from pipeline.contracts.register_workbook import register_columns, workbook_contract
from pipeline.errors import ContractError

LISTS_SHEET = "Lists"
NOMINATION_ROWS = 40
_WIDTHS = {
    "nhs_number": 13, "family_name": 15, "given_name": 13, "birth_date": 11, "age_years": 6, "sex": 8, "rank": 6,
    "rank_before": 8, "risk_pct": 10, "risk_before_pct": 10, "risk_band": 11, "change": 10, "listing": 10,
    "editions_on_register": 9, "reason_1": 38, "reason_2": 38, "reason_3": 38, "reason_4": 38, "reason_5": 38,
    "against": 38, "new_since": 38, "no_contact_since_discharge": 12, "care_plan_overdue": 9,
    "in_hospital_since": 11, "status": 14, "status_note": 26, "not_in_gp_record": 100,
    "long_term_conditions": 60, "data_gaps": 60, "nomination": 40, "answers_disagree": 40, "decline_reason": 24,
    "consent": 20, "practice_key": 14,
}  # fmt: skip
_WIDTH_OF = {"text": 30, "code": 16, "integer": 11, "decimal": 11, "date": 12, "yes_no": 9, "nhs_number": 13}
# Days an answer may name: long ago is a slip, and a plan is made for the years ahead at most.
_SINCE, _AHEAD = date(2000, 1, 1), timedelta(days=3 * 366)
_BIRTHS_SINCE = date(1900, 3, 1)
# What Excel shows of a message and its heading at most.
_LONGEST_MESSAGE, _LONGEST_HEADING = 255, 32
_BOLD_BANDS = ("Highest", "Extremely high", "Very high")
_TELLING = {"New": "#CFE2F5", "Returned": "#CFE2F5", "Joined": "#CFE2F5", "Rising": "#FFE0CC"}


def lists_sheet(book: Any, styles: Styles) -> None:
    """The closed lists of the answers on a hidden sheet, each under a name that the drop-downs use."""
    sheet = book.add_worksheet(LISTS_SHEET)
    for place, column in enumerate(column for column in practice_contract().columns if column.answer and column.values):
        put_text(sheet, 0, place, column.name, styles)
        for row, value in enumerate(column.values, start=1):
            put_text(sheet, row, place, value, styles)
        letter = chr(ord("A") + place)
        book.define_name(f"list_{column.name}", f"={LISTS_SHEET}!${letter}$2:${letter}${len(column.values) + 1}")
    sheet.hide()


def register_sheet(sheet: Any, pack: PracticePack, styles: Styles) -> None:
    """A row per person by rank, headings in the first row; sorts, filters and takes answers."""
    columns, contract = register_columns(), workbook_contract()
    last_row, last_place = len(pack.people), len(columns) - 1
    _headings(sheet, columns, styles)
    for row, person in enumerate(pack.people, start=1):
        cells = practice_cells(pack, person)
        shown = [
            (put_value(sheet, row, place, column, cells[column.name], styles, **_look(column)), _width(column))
            for place, column in enumerate(columns)
        ]
        fit_row(sheet, row, shown)
    _widths(sheet, columns, folded=contract.folded)
    sheet.freeze_panes(1, len(contract.kept_in_sight))
    sheet.autofilter(0, 0, last_row, last_place)
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, last_row, len(contract.kept_in_sight) + len(contract.printed) - 1)
    if pack.people:
        _shown(sheet, columns, last_row, styles)
        for place, column in enumerate(columns):
            if column.answer:
                _validate(sheet, (1, place, last_row, place), _rule(column, pack.as_of), column.title, column.meaning)


def nominations_sheet(sheet: Any, pack: PracticePack, styles: Styles) -> None:
    """Headings and empty rows for people the practice wants on its list."""
    rules: Mapping[str, dict[str, Any]] = {
        "nhs_number": _length(10, 12),
        "birth_date": _between(_BIRTHS_SINCE, pack.as_of),
    }
    for place, (name, title, says) in enumerate(NOMINATION_COLUMNS):
        put_text(sheet, 0, place, title, styles, **_heading(is_answer=True))
        form = DAY if name == "birth_date" else TEXT
        for row in range(1, NOMINATION_ROWS + 1):
            sheet.write_blank(row, place, None, styles.cell(bg_color=PALE_YELLOW, num_format=form, align="left"))
        sheet.set_column(place, place, (16, 14, 70, 30)[place])
        rule = rules.get(name) or _length(1, LONGEST_TEXT[name])
        _validate(sheet, (1, place, NOMINATION_ROWS, place), rule, title, says)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)


def _headings(sheet: Any, columns: tuple[Column, ...], styles: Styles) -> None:
    sheet.set_row(0, 48)
    for place, column in enumerate(columns):
        put_text(sheet, 0, place, column.title, styles, **_heading(is_answer=column.answer))


def _heading(*, is_answer: bool) -> dict[str, object]:
    return {
        "bold": True,
        "text_wrap": True,
        "bg_color": YELLOW if is_answer else BLUE,
        "font_color": INK if is_answer else WHITE,
    }


def _look(column: Column) -> dict[str, object]:
    """Texts run over several lines; what is the practice's to fill is yellow."""
    look: dict[str, object] = {"text_wrap": True} if column.type in ("text", "code") else {}
    if column.answer:
        look["bg_color"] = PALE_YELLOW
    if column.name in ("family_name", "nhs_number"):
        look["bold"] = True
    return look


def _width(column: Column) -> int:
    return _WIDTHS.get(column.name, _WIDTH_OF[column.type])


def _widths(sheet: Any, columns: tuple[Column, ...], *, folded: tuple[str, ...]) -> None:
    for place, column in enumerate(columns):
        sheet.set_column(
            place, place, _width(column), None, {"level": 1, "hidden": True} if column.name in folded else {}
        )
    sheet.set_column(len(columns), len(columns), None, None, {"collapsed": True})


def _shown(sheet: Any, columns: tuple[Column, ...], last_row: int, styles: Styles) -> None:
    """Bars behind risks, bold words for the highest, a tint for what is new: these go along when rows are sorted."""
    places = {column.name: place for place, column in enumerate(columns)}

    def add(name: str, rule: dict[str, Any]) -> None:
        sheet.conditional_format(1, places[name], last_row, places[name], rule)

    bar = {"min_type": "num", "min_value": 0, "max_type": "num", "max_value": 100}
    look = {"bar_color": "#9CC3E6", "bar_solid": True, "bar_border_color": "#5B93C5"}
    add("risk_pct", {"type": "data_bar", **bar, **look})
    for band in _BOLD_BANDS:
        add("risk_band", {"type": "cell", "criteria": "==", "value": f'"{band}"', "format": styles.bare(bold=True)})
    for word, colour in _TELLING.items():
        tint = styles.bare(bold=True, bg_color=colour)
        add("change", {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": tint})
    add("in_hospital_since", {"type": "no_blanks", "format": styles.bare(bold=True, bg_color="#FFE0CC")})
    letter = _letters(places["listing"])
    aside = {
        "type": "formula",
        "criteria": f'=${letter}2="Declined"',
        "format": styles.bare(font_color=GREY, italic=True),
    }
    sheet.conditional_format(1, 0, last_row, len(columns) - 1, aside)


def _letters(place: int) -> str:
    """A for 0, Z for 25, AA for 26."""
    return (_letters(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def _rule(column: Column, as_of: date) -> dict[str, Any]:
    if column.values:
        choices = f"Choose one of: {'; '.join(column.values)}."
        return {"validate": "list", "source": f"=list_{column.name}", "error_message": shortened(choices)}
    if column.type == "date":
        return _between(_SINCE, as_of + _AHEAD)
    return _length(0, LONGEST_TEXT[column.name])


def _between(first: date, last: date) -> dict[str, Any]:
    says = f"Write a day as 24/11/2026, between {first:%d/%m/%Y} and {last:%d/%m/%Y}."
    return {"validate": "date", "criteria": "between", "minimum": first, "maximum": last, "error_message": says}


def _length(fewest: int, most: int) -> dict[str, Any]:
    says = f"Write between {fewest} and {most} characters." if fewest > 1 else f"Write at most {most} characters."
    return {
        "validate": "length", "criteria": "between", "minimum": fewest, "maximum": most, "error_message": says,
    }  # fmt: skip


def _validate(sheet: Any, where: tuple[int, int, int, int], rule: dict[str, Any], title: str, says: str) -> None:
    """What may be typed, with a message before and one when it is something else."""
    heading = title.removeprefix("YOUR ANSWER: ")[:_LONGEST_HEADING]
    heading = heading[:1].upper() + heading[1:]
    told = shortened(says.removeprefix("For you to fill, ").removeprefix("For you to fill. "))
    rule |= {"input_title": heading, "input_message": told[:1].upper() + told[1:], "error_title": "This is not taken"}
    if sheet.data_validation(*where, rule):
        raise ContractError("A workbook cannot hold what may be answered", where=f"{sheet.get_name()}, {title}")


def shortened(says: str) -> str:
    """As many whole sentences as a message can hold; raises ContractError when not even the first fits."""
    told = says
    while len(told) > _LONGEST_MESSAGE and ". " in told:
        told = told.rpartition(". ")[0] + "."
    if len(told) > _LONGEST_MESSAGE:
        raise ContractError(
            f"A message of a workbook has {len(told)} characters, {_LONGEST_MESSAGE} at most", where=told[:40]
        )
    return told
