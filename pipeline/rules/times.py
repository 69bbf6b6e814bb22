"""Dates and cut-offs: as-of date, index date, intake cut-off, and dates some months away.

Words as in docs/architecture.md, "Time". Pure arithmetic: no clock is read here.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
INTAKE_CUT_OFF = time(2, 0)
# Before this hour of its own day a night may still be sent something that nobody owes.
EARLY_FROM = time(18, 0)
# Not the calendar module's names: those follow the machine's locale.
_MONTHS: tuple[str, ...] = ("January", "February", "March", "April", "May", "June")
_MONTHS += ("July", "August", "September", "October", "November", "December")


def index_date(as_of: date) -> date:
    """The day after the last day covered: features use events before it, so the as-of day counts."""
    return as_of + timedelta(days=1)


def intake_cut_off(as_of: date) -> datetime:
    """Deliveries received before this moment (UTC) belong to the night: 02:00 London time on the morning after."""
    return datetime.combine(index_date(as_of), INTAKE_CUT_OFF, tzinfo=LONDON).astimezone(UTC)


def night_at(moment: datetime) -> date:
    """The night that a delivery stamped at this moment belongs to: until 02:00 London time the day before."""
    cut_off = timedelta(hours=INTAKE_CUT_OFF.hour, minutes=INTAKE_CUT_OFF.minute)
    return (moment.astimezone(LONDON) - cut_off).date()


def early_from(as_of: date) -> datetime:
    """A night whose sources are all in may be run from this moment (UTC): 18:00 London time on its own day."""
    return datetime.combine(as_of, EARLY_FROM, tzinfo=LONDON).astimezone(UTC)


def has_come(as_of: date, *, now: datetime) -> bool:
    """Whether a night of this date may be made yet: not before it may begin early."""
    return now >= early_from(as_of)


def months_before(day: date, months: int) -> date:
    """The same day of the month some months earlier, or that month's last day where it is shorter."""
    position = day.year * 12 + (day.month - 1) - months
    year, month = divmod(position, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def age_in_years(birth_date: date, day: date) -> int:
    """Whole years on the day; who was born on 29 February has the birthday on 1 March in a common year."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def day_in_words(day: date) -> str:
    """4 March 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
