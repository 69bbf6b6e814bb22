"""Working days, periods and due dates: known days of the real calendar, and laws of periods."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.holidays import load_holidays
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError
from pipeline.rules import calendar
from pipeline.rules.calendar import Period

HOLIDAYS = load_holidays(PROJECT)
DAYS = st.dates(min_value=date(2022, 1, 10), max_value=date(2028, 12, 20))


@dataclass(frozen=True)
class Cadence:
    every: str = "month"
    on: str = "every_day"
    due_working_days: int = 0
    grace_days: int = 0


CADENCES = [Cadence("day"), Cadence("day", on="working_day"), Cadence("week"), Cadence("month"), Cadence("quarter")]


def easter_sunday(year: int) -> date:
    """Gauss's rule with the corrections for this century, which the file was not made by."""
    days = (19 * (year % 19) + 24) % 30
    to_sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * days + 5) % 7
    if days == 29 and to_sunday == 6:
        return date(year, 4, 19)
    if days == 28 and to_sunday == 6 and (11 * 25) % 30 < 19:
        return date(year, 4, 18)
    return date(year, 3, 22) + timedelta(days=days + to_sunday)


@pytest.mark.parametrize("year", range(2022, 2029))
def test_each_year_has_its_bank_holidays_on_working_weekdays_and_easter_where_it_falls(year: int) -> None:
    days = sorted(day for day in HOLIDAYS if day.year == year)
    assert len(days) == {2022: 10, 2023: 9}.get(year, 8)
    assert all(day.weekday() < 5 for day in days)
    assert easter_sunday(year) - timedelta(days=2) in days
    assert easter_sunday(year) + timedelta(days=1) in days


@pytest.mark.parametrize(
    "day",
    ["2022-06-02", "2022-06-03", "2022-09-19", "2022-12-27", "2023-05-08", "2026-12-28", "2027-12-28", "2028-01-03"],
)
def test_days_that_follow_no_plain_rule(day: str) -> None:
    assert date.fromisoformat(day) in HOLIDAYS
    assert not calendar.is_working_day(date.fromisoformat(day), HOLIDAYS)


@pytest.mark.parametrize("text", [None, "day,name\n2026-01-01,x\n", "date,name\nsoon,x\n"])
def test_a_missing_or_unreadable_file_is_named(tmp_path, text: str | None) -> None:
    (tmp_path / "reference").mkdir()
    if text:
        (tmp_path / "reference" / "public_holiday.csv").write_text(text)
    with pytest.raises(ContractError, match="public_holiday.csv"):
        load_holidays(tmp_path)


def test_working_days_skip_weekends_and_holidays() -> None:
    # Thursday before Easter 2026: Friday and Monday are holidays.
    assert calendar.working_days_after(date(2026, 4, 2), 1, HOLIDAYS) == date(2026, 4, 7)
    assert calendar.working_days_after(date(2026, 4, 4), 0, HOLIDAYS) == date(2026, 4, 4)
    with pytest.raises(ValueError, match="forward"):
        calendar.working_days_after(date(2026, 4, 4), -1, HOLIDAYS)


def test_periods_of_each_cadence() -> None:
    def one(every: str, on: str = "every_day") -> Period | None:
        return calendar.period_of(date(2026, 12, 27), Cadence(every, on=on), HOLIDAYS)

    assert one("day") == Period(date(2026, 12, 27), date(2026, 12, 27))
    # Christmas Friday, the weekend and the substitute Monday are sent with Tuesday.
    assert one("day", "working_day") == Period(date(2026, 12, 25), date(2026, 12, 29))
    assert one("week") == Period(date(2026, 12, 21), date(2026, 12, 27))
    assert one("month") == Period(date(2026, 12, 1), date(2026, 12, 31))
    assert one("quarter") == Period(date(2026, 10, 1), date(2026, 12, 31))
    assert one("irregular") is None


def test_due_and_late() -> None:
    month = Cadence("month", due_working_days=13, grace_days=3)
    (october,) = calendar.expected(date(2026, 10, 1), date(2026, 11, 1), month, HOLIDAYS)
    assert (october.period.last, october.due_on, october.late_from) == (
        date(2026, 10, 31),
        date(2026, 11, 18),
        date(2026, 11, 22),
    )
    (night,) = calendar.expected(date(2026, 11, 15), date(2026, 11, 15), Cadence("day"), HOLIDAYS)
    assert (night.due_on, night.late_from) == (date(2026, 11, 15), date(2026, 11, 16))
    assert calendar.expected(date(2026, 1, 1), date(2026, 12, 31), Cadence("irregular"), HOLIDAYS) == ()


def test_what_is_outstanding_and_what_is_late() -> None:
    owed = calendar.expected(date(2026, 8, 1), date(2026, 11, 15), Cadence("month", "every_day", 10, 5), HOLIDAYS)
    august, september, october = owed
    two_months = Period(date(2026, 8, 1), date(2026, 9, 30))
    assert calendar.outstanding(owed, [two_months], on=date(2026, 11, 12)) == ((), ())
    assert calendar.outstanding(owed, [two_months], on=october.due_on) == ((october,), ())
    assert calendar.outstanding(owed, [two_months], on=october.late_from) == ((), (october,))
    # Half of a month is not the month.
    half = Period(date(2026, 8, 10), date(2026, 9, 30))
    assert calendar.outstanding(owed, [half], on=date(2026, 11, 1)) == ((), (august,))
    assert september not in calendar.outstanding(owed, [half], on=date(2026, 11, 1))[1]


@pytest.mark.parametrize("cadence", CADENCES, ids=lambda c: f"{c.every}-{c.on}")
@given(day=DAYS)
def test_every_day_is_in_exactly_one_period_and_periods_follow_each_other(cadence: Cadence, day: date) -> None:
    period = calendar.period_of(day, cadence, HOLIDAYS)
    assert period is not None and period.first <= day <= period.last
    assert calendar.period_of(period.first, cadence, HOLIDAYS) == period
    assert calendar.period_of(period.last, cadence, HOLIDAYS) == period
    following = calendar.period_of(period.last + timedelta(days=1), cadence, HOLIDAYS)
    assert following is not None and following.first == period.last + timedelta(days=1)


@given(day=DAYS, count=st.integers(min_value=1, max_value=40))
def test_a_due_date_is_a_working_day_with_as_many_working_days_up_to_it(day: date, count: int) -> None:
    due = calendar.working_days_after(day, count, HOLIDAYS)
    between = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]
    assert sum(calendar.is_working_day(one, HOLIDAYS) for one in between) == count
    assert calendar.is_working_day(due, HOLIDAYS)


@given(start=DAYS, length=st.integers(min_value=0, max_value=200))
def test_periods_between_two_dates_are_whole_ordered_and_none_is_left_out(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    for cadence in CADENCES:
        found = calendar.periods(start, end, cadence, HOLIDAYS)
        assert list(found) == sorted(found)
        whole = {calendar.period_of(start + timedelta(days=n), cadence, HOLIDAYS) for n in range(length + 1)}
        assert set(found) == {one for one in whole if one and start <= one.first and one.last <= end}
