"""Day numbers of months, quarters and working days: what a schedule is made of. Pure.

Days are day numbers (days since 1 January 1970). Working days are England's (`records.working_days`).
"""

from datetime import date, timedelta

import numpy as np

from pipeline.synthetic.records.working_days import open_days

_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1 January 1970."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=number)


def is_working(day: int) -> bool:
    """Whether offices are open."""
    return bool(open_days(day, day)[0])


def working_days_after(day: int, count: int) -> int:
    """The count-th working day after a day; the day itself for none."""
    if count == 0:
        return day
    ahead = np.flatnonzero(open_days(day + 1, day + 3 * count + 20))
    return day + 1 + int(ahead[count - 1])


def month_of(day: int, *, back: int = 0) -> tuple[int, int]:
    """First and last day of the month a day lies in, or of one so many months before."""
    month = np.datetime64(day, "D").astype("datetime64[M]") - back
    return _first(month), _first(month + 1) - 1


def quarter_of(day: int, *, back: int = 0) -> tuple[int, int]:
    """First and last day of the calendar quarter a day lies in, or of one so many quarters before."""
    month = np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64) // 3 * 3 - 3 * back
    first = np.datetime64(int(month), "M")
    return _first(first), _first(first + 3) - 1


def year_to(end: int) -> tuple[int, int]:
    """The twelve months that end with a month's last day."""
    following = np.datetime64(end + 1, "D").astype("datetime64[M]")
    return _first(following - 12), end


def _first(month: np.datetime64) -> int:
    return int(month.astype("datetime64[D]").astype(np.int64))
