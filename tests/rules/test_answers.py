"""What stands of several answers, in whatever order they come; who is set aside; and the two views."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.answers import (
    ANSWER_FIELDS,
    NOMINATED,
    SETS_ASIDE,
    STATUSES,
    Answers,
    Change,
    Conflict,
    Nomination,
    Said,
    care_plan_overdue,
    disagreement_words,
    discharged_without_contact,
    is_nominated,
    is_set_aside,
    looked_at_again_on,
    nomination_words,
    printed,
    standing,
)

DAY = date(2026, 11, 23)
START = datetime(2026, 11, 1, 9, tzinfo=UTC)


def change(file: int, name: str = "status", value: Any = "accepted", knew: tuple[int, ...] = ()) -> Change:
    return Change(f"f{file}", START + timedelta(days=file), frozenset(f"f{k}" for k in knew), name, value)


def answers(**said: Any) -> Answers:
    return Answers(**{"practice_code": "F83671", "answered_on": date(2026, 11, 1), **said})


def test_nothing_said_is_no_answer() -> None:
    assert standing([], practice_code="F83671") is None


def test_one_said_in_view_of_another_takes_its_place() -> None:
    found = standing([change(1), change(2, value="done", knew=(1,))], practice_code="F83671")
    assert found == answers(status="done", answered_on=date(2026, 11, 3))


def test_two_that_did_not_know_of_each_other_are_kept_and_the_newest_is_shown() -> None:
    found = standing([change(1), change(2, value="done")], practice_code="F83671")
    assert found is not None
    assert (found.status, found.answered_on) == ("done", date(2026, 11, 3))
    said = (Said("accepted", date(2026, 11, 2)), Said("done", date(2026, 11, 3)))
    assert found.conflicts == (Conflict("status", said),)
    assert printed(found)["status"] is None
    assert disagreement_words(found) == (
        "status: accepted (received 2 November 2026) or done (received 3 November 2026)"
    )


def test_the_same_said_twice_is_no_disagreement_and_different_columns_are_none() -> None:
    told = [change(1), change(2), change(2, "consent", "given")]
    found = standing(told, practice_code="F83671")
    assert found is not None
    assert (found.status, found.consent, found.conflicts) == ("accepted", "given", ())


def test_emptied_against_filled_disagree_too() -> None:
    found = standing([change(1), change(2, value=None)], practice_code="F83671")
    assert found is not None
    assert "empty (received 3 November 2026)" in str(disagreement_words(found))


def test_a_third_that_knew_both_settles_it() -> None:
    told = [change(1), change(2, value="done"), change(3, value="accepted", knew=(1, 2))]
    found = standing(told, practice_code="F83671")
    assert found is not None
    assert (found.status, found.conflicts) == ("accepted", ())


FILES = st.integers(1, 6)
CHANGES = st.lists(
    st.tuples(
        FILES,
        st.sampled_from(["status", "consent", NOMINATED]),
        st.sampled_from([None, *STATUSES[:3]]),
        st.frozensets(FILES, max_size=3),
    ),
    max_size=8,
    unique_by=lambda one: (one[0], one[1]),
)


@given(CHANGES, st.randoms(use_true_random=False))
def test_the_order_of_reading_decides_nothing_and_nothing_said_is_lost(told, random) -> None:
    """Files know only earlier ones; whatever no later file knew is shown or stands among what disagrees."""
    changes = [
        change(file, name, DAY if name == NOMINATED else value, knew=tuple(k for k in knew if k < file))
        for file, name, value, knew in told
    ]
    found = standing(changes, practice_code="F83671")
    shuffled = list(changes)
    random.shuffle(shuffled)
    assert standing(shuffled, practice_code="F83671") == found
    if found is None:
        assert changes == []
        return
    disputed = {one.name: [said.value for said in one.said] for one in found.conflicts}
    for name in {one.name for one in changes} & set(ANSWER_FIELDS):
        same = [one for one in changes if one.name == name]
        known = {file for one in same for file in one.knew}
        open_values = {one.value for one in same if one.file_id not in known}
        assert open_values == set(disputed.get(name, [getattr(found, name)]))
        assert getattr(found, name) == disputed.get(name, [getattr(found, name)])[-1]


def test_every_order_of_four_files_gives_the_same() -> None:
    four = [change(1), change(2, value="done"), change(3, value=None, knew=(1,)), change(4, "consent", "given")]
    assert len({repr(standing(order, practice_code="F83671")) for order in permutations(four)}) == 1


@pytest.mark.parametrize("status", STATUSES)
def test_who_declined_is_set_aside_until_the_day_of_looking_again(status: str) -> None:
    said = answers(status=status, status_date=date(2026, 11, 10), review_date=DAY + timedelta(days=1))
    assert is_set_aside(said, day=DAY) is (status in SETS_ASIDE)
    assert is_set_aside(said, day=DAY + timedelta(days=1)) is False


def test_nobody_is_set_aside_for_ever_and_half_a_year_without_a_day() -> None:
    assert looked_at_again_on(answers(status="not suitable")) == date(2026, 11, 1) + timedelta(days=182)
    far = answers(status="not suitable", status_date=date(2026, 11, 10), review_date=date(2031, 1, 1))
    assert looked_at_again_on(far) == date(2026, 11, 10) + timedelta(days=366)


@pytest.mark.parametrize("name", ["status", "review_date"])
def test_nobody_is_set_aside_while_files_disagree_about_it(name: str) -> None:
    said = answers(status="not suitable", conflicts=(Conflict(name, ()),))
    assert is_set_aside(said, day=DAY) is False
    assert is_set_aside(answers(status="not suitable"), day=DAY) is True
    assert is_set_aside(None, day=DAY) is False


def test_a_nomination_stands_for_a_year_unless_answered() -> None:
    put = answers(nomination=Nomination(date(2026, 11, 1), "Falls", "Dr A"))
    assert is_nominated(put, day=date(2027, 10, 31)) is True
    assert is_nominated(put, day=date(2027, 11, 1)) is False
    assert nomination_words(put) == "Nominated by Dr A on 1 November 2026: Falls"
    for status in STATUSES:
        ended = answers(nomination=Nomination(date(2026, 11, 1)), status=status)
        assert is_nominated(ended, day=DAY) is (status in ("accepted", "already in hand"))
    assert (is_nominated(answers(), day=DAY), nomination_words(None)) == (False, None)


@pytest.mark.parametrize(
    ("said", "is_overdue"),
    [
        ({"status": "accepted", "status_date": DAY - timedelta(days=28)}, True),
        ({"status": "accepted", "status_date": DAY - timedelta(days=27)}, False),
        ({"status": "already in hand", "status_date": DAY - timedelta(days=90)}, True),
        ({"status": "done", "status_date": DAY - timedelta(days=90)}, False),
        ({"status": "not suitable", "status_date": DAY - timedelta(days=90)}, False),
        ({"status": "accepted", "consent": "refused", "status_date": DAY - timedelta(days=90)}, False),
        ({"status": "accepted", "care_plan_date": DAY - timedelta(days=365)}, False),
        ({"status": "accepted", "care_plan_date": DAY - timedelta(days=366)}, True),
        ({"status": "accepted", "care_plan_date": date(2026, 9, 1), "review_date": DAY}, False),
        ({"status": "accepted", "care_plan_date": date(2026, 9, 1), "review_date": DAY - timedelta(days=1)}, True),
        ({"status": "accepted", "care_plan_date": date(2026, 9, 1), "review_date": date(2026, 8, 1)}, False),
        ({"status": "accepted"}, False),
        ({}, False),
    ],
)
def test_when_a_care_plan_is_overdue(said: dict[str, object], is_overdue: bool) -> None:
    assert care_plan_overdue(answers(**said), DAY) is is_overdue


@pytest.mark.parametrize(
    ("discharged", "told", "recorded", "is_open"),
    [
        (1, None, None, True),
        (30, None, None, True),
        (31, None, None, False),
        (0, None, None, False),
        (None, None, None, False),
        (5, 5, None, False),
        (5, 6, None, True),
        (5, None, 5, True),
        (5, None, 4, False),
        (5, None, 9, True),
    ],
)
def test_when_nobody_has_been_in_touch_since_coming_home(
    discharged: int | None, told: int | None, recorded: int | None, is_open: bool
) -> None:
    def ago(days: int | None) -> date | None:
        return None if days is None else DAY - timedelta(days=days)

    said = answers(contact_date=ago(told)) if told is not None else None
    found = discharged_without_contact(said, discharged_on=ago(discharged), last_gp_contact_on=ago(recorded), day=DAY)
    assert found is is_open
