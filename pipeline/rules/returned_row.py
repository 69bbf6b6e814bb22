"""One returned row read: what its answer columns say, what that changes, and what cannot be. Pure functions of text.

A cell counts only where it says something else than was printed on the edition that was answered: two people may fill
in two copies, and what neither touched is nobody's answer.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from pipeline.rules.answers import (
    ANSWER_FIELDS,
    CODES,
    DATES,
    NOT_SUITABLE,
    OTHER,
    PAST_DATES,
    SETS_ASIDE,
    Value,
)

FIRST_DAY = date(2000, 1, 1)
FARTHEST_AHEAD = timedelta(days=3 * 366)
# As a spreadsheet would run it. A dash or plus that begins a remark is no formula; one that calls something is.
_RUNS = re.compile(r"[=@＝＠]|[+\-＋－].*[(|!]", re.DOTALL)
_FORMULA_STARTS = "=+-@＝＋－＠"
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
_BRITISH = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


@dataclass(frozen=True)
class Problem:
    """Why a row is left out: a rule's code (contracts/returned.py) and the column to blame."""

    code: str
    column: str = ""


@dataclass(frozen=True)
class RowRead:
    """What a row changes by column name, or why it is left out."""

    changes: Mapping[str, Value] = field(default_factory=dict)
    problem: Problem | None = None


def read_answers(
    cells: Mapping[str, str | None], *, shown: Mapping[str, Value], received_on: date, longest: Mapping[str, int]
) -> RowRead:
    """The answer columns of a row against what the edition showed in them; a column that is not there says nothing.

    `longest` is the most characters of a text column. A new status without a new day is of the day it was received.
    """
    said: dict[str, Value] = {}
    for name in ANSWER_FIELDS:
        if name in cells:
            value = read_value(name, cells[name], longest=longest)
            if isinstance(value, Problem):
                return RowRead(problem=value)
            said[name] = value
    changes = {name: value for name, value in said.items() if value != shown[name]}
    if "status" in changes and "status_date" not in changes and changes["status"] is not None:
        changes["status_date"] = received_on
    return RowRead(problem=_impossible({**shown, **changes}, changes, received_on=received_on), changes=changes)


def read_value(name: str, cell: str | None, *, longest: Mapping[str, int]) -> Value | Problem:
    """What a cell of an answer column says; None when it is empty."""
    if cell is None:
        return Problem("ROW-015", name)
    text = clean(cell)
    if not text:
        return None
    if name in CODES:
        words = {word.lower(): word for word in CODES[name]}
        return words.get(text.lower().replace("_", " "), Problem("ROW-006", name))
    if name in DATES:
        return read_day(text) or Problem("ROW-007", name)
    return read_text(name, cell, longest=longest)


def read_text(name: str, cell: str | None, *, longest: Mapping[str, int]) -> str | None | Problem:
    """Free text of a cell; None when it is empty."""
    if cell is None:
        return Problem("ROW-015", name)
    text = clean(cell)
    return Problem("ROW-009", name) if _RUNS.match(text) or len(text) > longest[name] else text or None


def read_day(text: str) -> date | None:
    """A day written 2026-11-24, or day first as 24/11/2026; None for anything else."""
    text = text.strip()
    iso, british = _ISO.fullmatch(text), _BRITISH.fullmatch(text)
    if iso:
        year, month, day = (int(part) for part in iso.groups())
    elif british:
        day, month, year = (int(part) for part in british.groups())
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def clean(cell: str) -> str:
    """Text on one line, without what a writer of ours put before it to keep spreadsheets from running it."""
    line = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in cell)
    line = "".join(sign for sign in line if unicodedata.category(sign) != "Cf").strip()
    bare = line[1:].lstrip()
    return bare if line.startswith("'") and bare[:1] and bare[0] in _FORMULA_STARTS else line


def digits(cell: str | None) -> str:
    """An NHS number as it may have been typed, without the spaces."""
    return re.sub(r"[\s\u00a0-]", "", cell or "")


def _impossible(stands: Mapping[str, Value], changes: Mapping[str, Value], *, received_on: date) -> Problem | None:
    """What cannot be of what was changed; what was printed before is not judged again."""
    for name in DATES:
        day = changes.get(name)
        if isinstance(day, date):
            last = received_on if name in PAST_DATES else received_on + FARTHEST_AHEAD
            if not FIRST_DAY <= day <= last:
                return Problem("ROW-008", name)
    if changes.get("status") == NOT_SUITABLE or "decline_reason" in changes:
        reason = stands["decline_reason"]
        if stands["status"] == NOT_SUITABLE and (reason is None or (reason == OTHER and stands["status_note"] is None)):
            return Problem("ROW-010", "decline_reason")
    review = stands["review_date"]
    if changes.get("status") in SETS_ASIDE and isinstance(review, date) and review <= received_on:
        return Problem("ROW-008", "review_date")
    return None
