"""Which practice a code stands for on a day, when practices merge, close and move.

Pure functions of rows that say what a practice was and from when to when. A closed practice may name the one that took
its patients over; a chain of such names is followed to a practice that is open. Nothing here decides who takes part.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

DAY = timedelta(days=1)


class Validity(Protocol):
    """What a row must say: whose it is, from when to when (both days included, None is open), and who came after."""

    @property
    def practice_code(self) -> str: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...
    @property
    def successor_code(self) -> str | None: ...


def is_valid(row: Validity, day: date) -> bool:
    """Whether the row holds on the day; its first and last day belong to it."""
    return row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)


def current_practice(rows: Iterable[Validity], code: str, day: date) -> str | None:
    """The practice that cares on `day` for the patients of `code`: itself while open, else its last open successor.

    None when the rows do not know the code by that day, when it closed and named nobody, or when who it named is not
    open either and named nobody. ValueError if the successors go round in a circle.
    """
    return _current(_by_code(rows), code, day)


def successions(rows: Iterable[Validity], day: date) -> dict[str, str]:
    """Closed practices whose patients another practice cares for on the day, with that practice."""
    known = _by_code(rows)
    found = {code: _current(known, code, day) for code in sorted(known)}
    return {code: current for code, current in found.items() if current is not None and current != code}


def _current(known: Mapping[str, Sequence[Validity]], code: str, day: date) -> str | None:
    """As `current_practice`, of rows by their code."""
    seen: list[str] = []
    while code not in seen:
        seen.append(code)
        begun = [row for row in known.get(code, ()) if row.valid_from <= day]
        if any(is_valid(row, day) for row in begun):
            return code
        if not begun:
            return None
        last = max(begun, key=lambda row: row.valid_from)
        if not last.successor_code:
            return None
        code = last.successor_code
    raise ValueError(f"practices name each other as successors: {', '.join(sorted(seen))}")


def continued(own_last: date | None, others: Mapping[str, tuple[date, date]]) -> list[str]:
    """Closed practices whose last list the successor's next one continues, by code.

    `own_last`: as-of date of the successor's last edition, None before its first. `others`: by code of each closed
    practice that edited lists, its last day and the as-of date of its last edition. One continues while no list that
    already holds its patients has appeared: an edition of as-of date d holds them from d = its last day on.
    """
    return sorted(
        code
        for code, (closed, _) in others.items()
        if all(last < closed for other, (_, last) in others.items() if other != code)
        and (own_last is None or own_last < closed)
    )


def closed_on(rows: Iterable[Validity], code: str, day: date) -> date | None:
    """The last day of a practice that is not open on `day`; None if it is, or was never known before."""
    own = [row for row in rows if row.practice_code == code and row.valid_from <= day]
    ends = [row.valid_to for row in own if row.valid_to is not None]
    return max(ends) if ends and not any(is_valid(row, day) for row in own) else None


def problems(rows: Sequence[Validity], *, numbers: Sequence[int] | None = None) -> list[str]:
    """What does not hold together, each with the numbers of its rows (from 1, unless given); empty when sound."""
    told = []
    numbered = list(zip(numbers or range(1, len(rows) + 1), rows, strict=True))
    for number, row in numbered:
        if row.valid_to is not None and row.valid_to < row.valid_from:
            told.append(f"row {number}: {row.practice_code} ends before it begins")
        if row.successor_code and row.valid_to is None:
            told.append(f"row {number}: {row.practice_code} names a successor and has no last day")
        if row.successor_code == row.practice_code:
            told.append(f"row {number}: {row.practice_code} names itself as its successor")
    return told + _overlaps(numbered) + _successor_problems(numbered)


def _overlaps(numbered: Sequence[tuple[int, Validity]]) -> list[str]:
    told = []
    by_code: dict[str, list[tuple[date, date | None, int]]] = {}
    for number, row in numbered:
        by_code.setdefault(row.practice_code, []).append((row.valid_from, row.valid_to, number))
    for code, own in sorted(by_code.items()):
        ordered = sorted(own, key=lambda entry: (entry[0], entry[2]))
        for (_, end, number), (start, _, next_number) in zip(ordered, ordered[1:], strict=False):
            if end is None or start <= end:
                told.append(f"rows {number} and {next_number}: {code} is two things at once from {start}")
    return told


def _successor_problems(numbered: Sequence[tuple[int, Validity]]) -> list[str]:
    known = _by_code(row for _, row in numbered)
    told = []
    for number, row in numbered:
        if row.successor_code and row.successor_code not in known:
            told.append(f"row {number}: {row.practice_code} names {row.successor_code}, which has no row")
    for code, own in sorted(known.items()):
        ends = [row.valid_to for row in own if row.valid_to is not None]
        try:
            for day in ends:
                _current(known, code, day + DAY)
        except ValueError as error:
            told.append(str(error))
    return list(dict.fromkeys(told))


def _by_code(rows: Iterable[Validity]) -> dict[str, list[Validity]]:
    known: dict[str, list[Validity]] = {}
    for row in rows:
        known.setdefault(row.practice_code, []).append(row)
    return known
