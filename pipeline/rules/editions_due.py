"""When a practice's or locality's next edition is due. Pure functions of dates.

Dates are as-of dates: of the night, and of the last edition that counts before it.
"""

from datetime import date, timedelta

DAYS_BETWEEN_EDITIONS = 7


def is_due(as_of: date, *, last: date | None) -> bool:
    """At once when there is none before, else when a week has passed.

    2026-11-22 is due after 2026-11-15, and 2026-11-21 is not.
    """
    return last is None or (as_of - last).days >= DAYS_BETWEEN_EDITIONS


def has_waited(as_of: date, *, last: date | None) -> bool:
    """Whether an edition that is due on this night was due on the night before it already; never before the first."""
    return last is not None and is_due(as_of - timedelta(days=1), last=last)
