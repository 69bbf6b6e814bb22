"""Dates and cut-offs: the day itself counts, the cut-off follows London's clock changes."""

from datetime import UTC, date, datetime

import pytest

from pipeline.rules.times import (
    age_in_years,
    day_in_words,
    early_from,
    index_date,
    intake_cut_off,
    months_before,
    night_at,
)


def test_the_index_date_is_the_day_after() -> None:
    assert index_date(date(2026, 12, 31)) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("as_of", "moment"),
    [
        (date(2026, 11, 15), datetime(2026, 11, 16, 2, 0, tzinfo=UTC)),  # winter: London is UTC
        (date(2026, 6, 30), datetime(2026, 7, 1, 1, 0, tzinfo=UTC)),  # summer: an hour earlier in UTC
        (date(2026, 10, 24), datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),  # the morning the clocks go back
    ],
)
def test_the_cut_off_is_two_in_the_morning_in_london(as_of: date, moment: datetime) -> None:
    assert intake_cut_off(as_of) == moment


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 16), 13, date(2025, 10, 16)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
    ],
)
def test_months_before(day: date, months: int, expected: date) -> None:
    assert months_before(day, months) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 11, 23, 1, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 7, 23, 0, 59, tzinfo=UTC), date(2026, 7, 22)),  # 01:59 in London
        (datetime(2026, 7, 23, 1, 0, tzinfo=UTC), date(2026, 7, 23)),
    ],
)
def test_the_night_of_a_moment_ends_with_its_cut_off(moment: datetime, expected: date) -> None:
    assert night_at(moment) == expected
    assert (moment < intake_cut_off(date(2026, moment.month, 22))) == (expected.day == 22)


def test_a_night_may_begin_early_from_six_in_the_evening_in_london() -> None:
    assert early_from(date(2026, 11, 22)) == datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    assert early_from(date(2026, 7, 22)) == datetime(2026, 7, 22, 17, 0, tzinfo=UTC)


def test_a_day_in_words_has_no_leading_nought() -> None:
    assert day_in_words(date(2026, 3, 4)) == "4 March 2026"


@pytest.mark.parametrize(
    ("birth_date", "day", "years"),
    [
        (date(1941, 11, 23), date(2026, 11, 22), 84),  # the birthday is tomorrow, in the month of the index date
        (date(1941, 11, 23), date(2026, 11, 23), 85),
        (date(1941, 12, 1), date(2026, 11, 23), 84),
        (date(1944, 2, 29), date(2026, 2, 28), 81),
        (date(1944, 2, 29), date(2026, 3, 1), 82),
        (date(2026, 11, 23), date(2026, 11, 23), 0),
    ],
)
def test_an_age_changes_on_the_birthday(birth_date: date, day: date, years: int) -> None:
    assert age_in_years(birth_date, day) == years
