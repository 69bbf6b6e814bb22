"""Working days, the periods of a cadence, when each is due and from when it is late. Pure: holidays are given.

A day stands for its night: what is received by 02:00 on the morning after counts as received on it. Days are
dates, periods include their first and last day. Weekends are Saturday and Sunday.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

ONE_DAY = timedelta(days=1)
SATURDAY = 5


class Cadence(Protocol):
    """What of an extract's cadence matters here; `every` is day, week, month, quarter or irregular."""

    @property
    def every(self) -> str: ...
    @property
    def on(self) -> str: ...
    @property
    def due_working_days(self) -> int: ...
    @property
    def grace_days(self) -> int: ...


@dataclass(frozen=True, order=True)
class Period:
    """First and last day, both included."""

    first: date
    last: date

    def covers(self, other: "Period") -> bool:
        """Whether the other lies wholly in this one."""
        return self.first <= other.first and other.last <= self.last


def lies_in(period: Period, together: Collection[Period]) -> bool:
    """Whether every day of the period lies in one of the others; two halves hold a whole."""
    wanted = period.first
    for one in sorted(together):
        if one.first <= wanted <= one.last:
            wanted = one.last + ONE_DAY
    return wanted > period.last


@dataclass(frozen=True)
class Expected:
    """One period a sender owes: on which day it is due, and the first day on which its absence is late."""

    period: Period
    due_on: date
    late_from: date


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Neither at a weekend nor a public holiday."""
    return day.weekday() < SATURDAY and day not in holidays


def working_days_after(day: date, count: int, holidays: Collection[date]) -> date:
    """The count-th working day after the day; the day itself for 0. Raises ValueError below 0."""
    if count < 0:
        raise ValueError("working days are counted forward")
    while count:
        day += ONE_DAY
        count -= is_working_day(day, holidays)
    return day


def period_of(day: date, cadence: Cadence, holidays: Collection[date]) -> Period | None:
    """The period of the cadence that holds the day; None for an irregular one.

    Weeks begin on Monday, quarters with January, April, July and October. When a day's delivery comes on working
    days only, one period holds the working day and the days off before it.
    """
    if cadence.every == "day":
        return _working_day(day, holidays) if cadence.on == "working_day" else Period(day, day)
    if cadence.every == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=6))
    if cadence.every in ("month", "quarter"):
        months = 1 if cadence.every == "month" else 3
        first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
        return Period(first, _months_on(first, months) - ONE_DAY)
    return None


def _working_day(day: date, holidays: Collection[date]) -> Period:
    last = day if is_working_day(day, holidays) else working_days_after(day, 1, holidays)
    first = last
    while not is_working_day(first - ONE_DAY, holidays):
        first -= ONE_DAY
    return Period(first, last)


def _months_on(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def periods(start: date, end: date, cadence: Cadence, holidays: Collection[date]) -> tuple[Period, ...]:
    """Whole periods of the cadence that begin on or after `start` and are over on `end`, in order."""
    found = []
    period = period_of(start, cadence, holidays)
    while period is not None and period.last <= end:
        if period.first >= start:
            found.append(period)
        period = period_of(period.last + ONE_DAY, cadence, holidays)
    return tuple(found)


def expectation_of(period: Period, cadence: Cadence, holidays: Collection[date]) -> Expected:
    """When this period is due and from when it is late: the day after the days of grace."""
    due = working_days_after(period.last, cadence.due_working_days, holidays)
    return Expected(period, due_on=due, late_from=due + timedelta(days=cadence.grace_days + 1))


def expected(start: date, end: date, cadence: Cadence, holidays: Collection[date]) -> tuple[Expected, ...]:
    """Every period between the two dates with its due date, in order; empty for an irregular cadence."""
    return tuple(expectation_of(period, cadence, holidays) for period in periods(start, end, cadence, holidays))


def outstanding(
    owed: Sequence[Expected], delivered: Sequence[Period], *, on: date
) -> tuple[tuple[Expected, ...], tuple[Expected, ...]]:
    """(due and not late yet, late) on this day, of what is owed and lies in no delivered period."""
    missing = [one for one in owed if one.due_on <= on and not any(p.covers(one.period) for p in delivered)]
    late = tuple(one for one in missing if one.late_from <= on)
    return tuple(one for one in missing if one.late_from > on), late
