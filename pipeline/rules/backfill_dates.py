"""The as-of dates that a backfill covers. Pure arithmetic: no clock is read here."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from pipeline.rules.times import months_before

Every = Literal["day", "week", "month"]


def as_of_dates(first: date, last: date, every: Every) -> list[date]:
    """From the first date on, every day, week or month, none after the last; empty where the last comes before it.

    Months are counted from the first date, so that the 31st gives the last day of a shorter month and the 31st again.
    """
    return list(_dates(first, last, every))


def _dates(first: date, last: date, every: Every) -> Iterator[date]:
    turn, day = 0, first
    while day <= last:
        yield day
        turn += 1
        if every == "month":
            day = months_before(first, -turn)
        else:
            day = first + timedelta(days=turn * (7 if every == "week" else 1))
