"""When the next edition of a practice or locality is due: weekly, on its own day where it has one. Pure functions.

Dates are as-of dates: of the night, and of the last edition that counts before it. An edition of a night lies there the
morning after.
"""

from datetime import date, timedelta
from typing import Literal, get_args

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
DAYS_BETWEEN_EDITIONS = 7


def is_due(as_of: date, *, last: date | None, day: Weekday | None = None) -> bool:
    """At once when there is none before. With a day, on the first night on or after it of which there is none yet.

    With Sundays: after one of Monday 23 November 2026, because Sunday's night failed, the next is due on Sunday 29.
    Without a day, once a week has passed: on Monday 30.
    """
    if last is None:
        return True
    if day is None:
        return (as_of - last).days >= DAYS_BETWEEN_EDITIONS
    newest = as_of - timedelta(days=(as_of.weekday() - WEEKDAYS.index(day)) % DAYS_BETWEEN_EDITIONS)
    return last < newest


def has_waited(as_of: date, *, last: date | None, day: Weekday | None = None) -> bool:
    """Whether an edition that is due on this night was due on the night before it already; never before the first."""
    return last is not None and is_due(as_of - timedelta(days=1), last=last, day=day)
