"""Days on which practices, clinics and offices are open: not at weekends, not on public holidays of England.

Pure: the holidays follow from their rules, with the three extra ones of 2022 and 2023.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

_EPOCH = date(1970, 1, 1)
# The Queen's jubilee and funeral, the King's coronation; the jubilee moved the spring holiday of 2022.
_EXTRA = (date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8))
_MOVED_AWAY = (date(2022, 5, 30),)
MONDAY, FRIDAY, SATURDAY = 0, 4, 5


def open_days(first: int, last: int) -> np.ndarray:
    """Whether each day from first to last (day numbers, both included) is a working day in England."""
    days = np.arange(first, last + 1)
    years = range((_EPOCH + timedelta(days=first)).year, (_EPOCH + timedelta(days=last)).year + 1)
    holidays = [(day - _EPOCH).days for year in years for day in public_holidays(year)]
    return np.asarray((weekday(days) < SATURDAY) & ~np.isin(days, holidays))


def weekday(day: np.ndarray) -> np.ndarray:
    """0 Monday to 6 Sunday; 1 January 1970 was a Thursday."""
    return np.asarray((day + 3) % 7)


def public_holidays(year: int) -> tuple[date, ...]:
    """Bank and public holidays in England and Wales, with their substitutes at weekends."""
    easter = _easter(year)
    christmas = date(year, 12, 25)
    days = [
        _moved(date(year, 1, 1), 1),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        _first_monday(date(year, 5, 1)),
        _first_monday(date(year, 5, 25)),
        _first_monday(date(year, 8, 25)),
        *_christmas(christmas),
    ]
    kept = [day for day in days if day not in _MOVED_AWAY]
    return tuple(sorted([*kept, *(day for day in _EXTRA if day.year == year)]))


def _christmas(christmas: date) -> Iterator[date]:
    boxing = christmas + timedelta(days=1)
    yield _moved(christmas, 2)
    # When the 25th is a Sunday its substitute is the 27th, because the 26th is a holiday of its own.
    yield _moved(boxing, 2)


def _moved(day: date, days: int) -> date:
    """The day, or its substitute when it falls on a weekend."""
    if days == 1:
        return day + timedelta(days={SATURDAY: 2, SATURDAY + 1: 1}.get(day.weekday(), 0))
    return day + timedelta(days=2) if day.weekday() >= SATURDAY else day


def _first_monday(day: date) -> date:
    return day + timedelta(days=(MONDAY - day.weekday()) % 7)


def _easter(year: int) -> date:
    """Easter Sunday (Gregorian; the anonymous algorithm, as printed in Nature, 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)
