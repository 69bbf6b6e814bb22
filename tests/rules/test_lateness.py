"""What is owed: by cadence, from what came; a history is not asked for again, and grace is kept to the day."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from pipeline.rules.calendar import Period
from pipeline.rules.lateness import Came, owed


@dataclass(frozen=True)
class Every:
    every: str = "day"
    on: str = "every_day"
    due_working_days: int = 0
    grace_days: int = 1


def day(number: int, month: int = 11) -> date:
    return date(2026, month, number)


def daily(*numbers: int) -> list[Came]:
    return [Came(Period(day(n), day(n)), day(n), is_bulk=False) for n in numbers]


BULK = Came(Period(date(2022, 11, 15), day(14)), day(15), is_bulk=True)


def late_on(came: list[Came], on: date, cadence: Every = Every()) -> tuple[list[date], list[date]]:
    due, late = owed(cadence, came, holidays=(), on=on)
    return [one.period.last for one in due], [one.period.last for one in late]


def test_a_day_without_a_delivery_is_due_then_late_after_its_grace() -> None:
    came = [BULK, *daily(16, 18, 19)]
    assert late_on(came, day(17)) == ([day(17)], [])
    assert late_on(came, day(18)) == ([day(17)], [])
    assert late_on(came, day(19)) == ([], [day(17)])


def test_days_between_a_history_and_its_arrival_are_not_asked_for() -> None:
    assert late_on([BULK, *daily(16)], day(16)) == ([], [])


def test_a_sender_that_stops_after_its_history_is_named() -> None:
    assert late_on([BULK], day(18)) == ([day(17), day(18)], [day(16)])


def test_who_never_sent_owes_nothing() -> None:
    assert late_on([], day(18)) == ([], [])


@pytest.mark.parametrize(("on", "due", "late"), [(18, 0, 0), (19, 1, 0), (22, 1, 0), (23, 0, 1)])
def test_a_month_that_a_history_holds_in_part_is_due_when_it_is_due(on: int, due: int, late: int) -> None:
    monthly = Every("month", due_working_days=13, grace_days=3)
    bulk = Came(Period(date(2022, 11, 15), date(2026, 10, 16)), day(15), is_bulk=True)
    # Thirteen working days after 31 October are 18 November: due on it.
    found = owed(monthly, [bulk], holidays=(), on=day(on - 1))
    assert (len(found[0]), len(found[1])) == (due, late)


def test_a_quarter_is_delivered_by_the_twelve_months_that_end_with_it() -> None:
    quarterly = Every("quarter", due_working_days=22, grace_days=14)
    first = Came(Period(date(2025, 7, 1), date(2026, 6, 30)), date(2026, 7, 30), is_bulk=False)
    second = Came(Period(date(2025, 10, 1), date(2026, 9, 30)), date(2026, 10, 30), is_bulk=False)
    assert late_on([first, second], date(2026, 12, 20), quarterly) == ([], [])
    assert late_on([first], date(2026, 12, 20), quarterly) == ([], [date(2026, 9, 30)])


def test_an_irregular_sender_owes_nothing() -> None:
    assert late_on(daily(1), day(30), Every("irregular")) == ([], [])


def test_every_missing_day_of_a_long_silence_is_owed_once() -> None:
    on = day(10, 12)
    due, late = late_on([BULK, *daily(16)], on)
    wanted = [day(17) + timedelta(days=n) for n in range(24)]
    assert [*late, *due] == wanted and len(due) == 2
