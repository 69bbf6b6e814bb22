"""The dates of a backfill: counted from the first, none left out, none after the last."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.backfill_dates import Every, as_of_dates

DAYS = st.dates(min_value=date(2015, 1, 1), max_value=date(2030, 12, 31))


@pytest.mark.parametrize(
    ("first", "last", "every", "expected"),
    [
        ("2026-11-15", "2026-11-15", "week", ["2026-11-15"]),
        ("2026-11-01", "2026-11-15", "week", ["2026-11-01", "2026-11-08", "2026-11-15"]),
        ("2026-11-01", "2026-11-14", "week", ["2026-11-01", "2026-11-08"]),
        ("2026-02-27", "2026-03-01", "day", ["2026-02-27", "2026-02-28", "2026-03-01"]),
        ("2026-01-31", "2026-04-30", "month", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("2026-11-15", "2026-11-14", "day", []),
    ],
)
def test_dates(first: str, last: str, every: Every, expected: list[str]) -> None:
    found = as_of_dates(date.fromisoformat(first), date.fromisoformat(last), every)
    assert [day.isoformat() for day in found] == expected


@given(first=DAYS, days=st.integers(0, 800), every=st.sampled_from(["day", "week", "month"]))
def test_they_begin_with_the_first_rise_and_end_within_one_turn_of_the_last(
    first: date, days: int, every: Every
) -> None:
    last = first + timedelta(days=days)
    found = as_of_dates(first, last, every)
    assert found[0] == first
    assert found == sorted(set(found))
    longest = {"day": 1, "week": 7, "month": 31}[every]
    assert all((two - one).days <= longest for one, two in zip(found, found[1:], strict=False))
    assert 0 <= (last - found[-1]).days < longest
