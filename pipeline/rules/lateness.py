"""Which deliveries a sender owes and has not sent: due, or late past its days of grace.

Pure: the cadence says what is expected, what came says what is not. What a bulk history brought is not asked for again.
A delivery that came and was refused did come: that is told elsewhere. Bytes that came before did not come again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.rules.calendar import Cadence, Expected, Period, expected, outstanding


@dataclass(frozen=True)
class Came:
    """One delivery: the period on its receipt, the night it was received for, and whether it was a bulk history."""

    period: Period
    received_on: date
    is_bulk: bool


def owed(
    cadence: Cadence, came: Sequence[Came], *, holidays: Collection[date], on: date
) -> tuple[tuple[Expected, ...], tuple[Expected, ...]]:
    """(due and within grace, late) on this day, oldest first; nothing of a sender from whom nothing ever came."""
    if not came:
        return (), ()
    bulk = max((one.received_on for one in came if one.is_bulk), default=None)
    first = min(one.period.last for one in came) if bulk is None else bulk - timedelta(days=200)
    wanted = expected(first, on, cadence, holidays)
    if bulk is None:
        wanted = tuple(one for one in wanted if one.period.last > first)
    elif cadence.every == "day":
        # Between the end of a history and the day it came, days are in neither; the first delta brings them.
        wanted = tuple(one for one in wanted if one.period.first > bulk)
    else:
        wanted = tuple(one for one in wanted if one.due_on > bulk)
    return outstanding(wanted, [one.period for one in came], on=on)
