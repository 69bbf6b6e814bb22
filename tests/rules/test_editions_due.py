"""When the next edition is due, with and without a day of its own, over weeks in which nights fail."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.editions_due import WEEKDAYS, Weekday, has_waited, is_due

SUNDAY = date(2026, 11, 15)


def published(*, days: int, failed: frozenset[int], day: Weekday | None) -> list[date]:
    """Nights on which an edition appears, from a first Sunday on; in those that failed none does."""
    found: list[date] = []
    for number in range(days):
        night = SUNDAY + timedelta(days=number)
        if number not in failed and is_due(night, last=found[-1] if found else None, day=day):
            found.append(night)
    return found


@pytest.mark.parametrize("day", [None, "sunday", "wednesday"])
def test_the_first_is_due_at_once(day: Weekday | None) -> None:
    assert is_due(SUNDAY, last=None, day=day)
    assert not has_waited(SUNDAY, last=None, day=day)


@pytest.mark.parametrize("days", [1, 6, 7, 8, 13, 14])
def test_both_are_weekly_while_nothing_fails(days: int) -> None:
    night = SUNDAY + timedelta(days=days)
    assert is_due(night, last=SUNDAY) == is_due(night, last=SUNDAY, day="sunday") == (days >= 7)


def test_a_night_that_failed_moves_only_that_week() -> None:
    failed = frozenset({7, 8, 21})
    ordinary = [SUNDAY + timedelta(days=number) for number in (0, 9, 14, 22, 28)]
    assert published(days=35, failed=failed, day="sunday") == ordinary
    drifts = [SUNDAY + timedelta(days=number) for number in (0, 9, 16, 23, 30)]
    assert published(days=35, failed=failed, day=None) == drifts


def test_a_first_edition_in_the_middle_of_a_week_is_followed_on_the_day() -> None:
    assert published(days=15, failed=frozenset(), day="wednesday") == [
        SUNDAY, date(2026, 11, 18), date(2026, 11, 25),
    ]  # fmt: skip


@given(st.frozensets(st.integers(1, 60), max_size=30), st.sampled_from(WEEKDAYS))
def test_one_a_week_and_on_its_day_wherever_that_night_did_not_fail(failed: frozenset[int], day: Weekday) -> None:
    found = published(days=61, failed=failed, day=day)
    first = (WEEKDAYS.index(day) - SUNDAY.weekday()) % 7
    for start in range(first, 55, 7):
        week = [one for one in found if start <= (one - SUNDAY).days < start + 7]
        whole = [number for number in range(start, start + 7) if number not in failed]
        # The very first edition may stand in for that of its week.
        assert [(one - SUNDAY).days for one in week] == whole[:1]


@given(st.integers(0, 30), st.sampled_from([None, *WEEKDAYS]))
def test_what_has_waited_was_due_the_night_before(days: int, day: Weekday | None) -> None:
    night = SUNDAY + timedelta(days=days)
    assert has_waited(night, last=SUNDAY, day=day) == is_due(night - timedelta(days=1), last=SUNDAY, day=day)
    assert not has_waited(night, last=SUNDAY, day=day) or is_due(night, last=SUNDAY, day=day)
