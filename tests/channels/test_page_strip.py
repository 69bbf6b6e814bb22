"""The strip: where marks lie, that days are seen, that not known is not empty, and that words say what is drawn."""

import re
from datetime import date, timedelta

import pytest

from pipeline.channels.page_strip import LANE, first_day, grid, in_words, strip
from pipeline.contracts.register import Activity, CareSpell, Stay

INDEX = date(2026, 11, 23)
START = date(2025, 5, 23)
NOTHING = Activity(stays=(), attendances=(), community_contacts=(), care=())


def boxes(activity: Activity, kind: str) -> list[tuple[int, int, int, int]]:
    """(left, width, top, height) of every mark of a class."""
    told = dict(strip(activity, index_date=INDEX).paths).get(kind, "")
    return [
        (int(left), int(long), int(top), int(high))
        for left, top, long, high in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", told)
    ]


@pytest.mark.parametrize(
    ("index_date", "first"),
    [(INDEX, START), (date(2026, 8, 31), date(2025, 2, 28)), (date(2025, 8, 30), date(2024, 2, 29))],
)
def test_the_strip_begins_eighteen_months_before(index_date: date, first: date) -> None:
    assert first_day(index_date) == first


def test_a_stay_lies_on_its_days_and_one_that_is_not_over_reaches_the_end() -> None:
    stays = (
        Stay(START - timedelta(days=30), START + timedelta(days=9), is_emergency=True),
        Stay(START + timedelta(days=100), START + timedelta(days=100), is_emergency=False),
        Stay(INDEX - timedelta(days=20), None, is_emergency=True),
    )
    width = (INDEX - START).days
    activity = Activity(stays=stays)
    assert [(left, long) for left, long, _, _ in boxes(activity, "e")] == [(0, 10), (width - 20, 20)]
    # A day is drawn wide enough to be seen, and lower than an emergency.
    [(left, long, _, high)] = boxes(activity, "p")
    assert (left, long) == (100, 4) and high < boxes(activity, "e")[0][3]
    last_day = Activity(stays=(Stay(INDEX - timedelta(days=1), INDEX - timedelta(days=1), is_emergency=True),))
    assert boxes(last_day, "e")[0][:2] == (width - 4, 4)


def test_attendances_of_one_day_stand_taller_and_contacts_are_bars_by_month() -> None:
    day = date(2026, 3, 4)
    [one] = boxes(Activity(attendances=(day,)), "a")
    [two] = boxes(Activity(attendances=(day, day)), "a")
    assert one[0] == two[0] == (day - START).days and two[3] > one[3]
    few = boxes(Activity(community_contacts=(day, date(2026, 4, 1), date(2026, 4, 30))), "c")
    assert len(few) == 2 and few[1][3] > few[0][3]
    [daily] = boxes(Activity(community_contacts=tuple(date(2026, 3, n) for n in range(1, 32))), "c")
    assert daily[2] >= 2 * LANE and daily[2] + daily[3] <= 3 * LANE


def test_kinds_of_care_differ_in_height_and_lie_in_their_lane() -> None:
    spells = tuple(CareSpell(START, None, kind) for kind in ("home_care", "care_home", "short_term"))
    found = {kind: boxes(Activity(care=spells), kind)[0] for kind in "hrs"}
    assert len({high for _, _, _, high in found.values()}) == 3
    assert all(top >= 3 * LANE and top + high <= 4 * LANE for _, _, top, high in found.values())


def test_a_lane_that_is_not_known_is_drawn_and_said_and_an_empty_one_is_not_drawn() -> None:
    assert strip(NOTHING, index_date=INDEX).paths == ()
    assert in_words(NOTHING) == (
        "No emergency stays; no planned stays. No A&E attendances. No community contacts. No council care."
    )
    assert [kind for kind, _ in strip(Activity(), index_date=INDEX).paths] == ["u"] * 4
    assert in_words(Activity()) == (
        "Hospital stays not known. A&E attendances not known. Community contacts not known. Council care not known."
    )


def test_words_say_what_is_drawn() -> None:
    activity = Activity(
        stays=(
            Stay(date(2026, 3, 4), date(2026, 3, 13), is_emergency=True),
            Stay(date(2026, 11, 20), None, is_emergency=True),
        ),
        attendances=(date(2026, 3, 4),),
        community_contacts=(date(2026, 3, 20), date(2026, 4, 2)),
        care=(
            CareSpell(date(2024, 1, 9), date(2026, 2, 1), "home_care"),
            CareSpell(date(2026, 2, 2), None, "care_home"),
        ),
    )
    assert in_words(activity) == (
        "2 emergency stays, the last from 20 November 2026, not over; no planned stays. "
        "1 A&E attendance, the last on 4 March 2026. 2 community contacts, the last on 2 April 2026. "
        "Council: home care from 9 January 2024 to 1 February 2026, care home from 2 February 2026."
    )


def test_lines_stand_at_every_third_month() -> None:
    days = [START + timedelta(days=int(left)) for left in re.findall(r"M(\d+) 0v", grid(INDEX))]
    assert days == [date(2025, 7, 1), date(2025, 10, 1), *(date(2026, month, 1) for month in (1, 4, 7, 10))]
