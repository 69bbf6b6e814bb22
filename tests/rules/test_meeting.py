"""Whom the practices of a network talk about: the top always, each reason in turn, no more than there is room for."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.meeting import MOST_OF_EACH, TOP_OF_EACH, WHY, OnList, to_discuss


def person(rank: int, **changes: Any) -> OnList:
    quiet = OnList(
        person_key=f"p_{rank:03}", rank=rank, is_nominated=False, change="steady",
        is_discharged_without_contact=False, is_care_plan_overdue=False,
    )  # fmt: skip
    return replace(quiet, **changes)


def test_on_a_quiet_week_the_top_is_talked_about() -> None:
    told, more = to_discuss([person(rank) for rank in range(1, 30)])
    assert [(one.person_key, one.why) for one in told] == [(f"p_{n:03}", ("top",)) for n in range(1, TOP_OF_EACH + 1)]
    assert more == 0


def test_every_reason_is_told_the_most_pressing_first() -> None:
    told, _ = to_discuss(
        [person(1, change="rising", is_discharged_without_contact=True, is_care_plan_overdue=True), person(2)]
    )
    assert told[0].why == ("discharged_no_contact", "care_plan_overdue", "rising", "top")


def test_no_reason_crowds_out_the_others() -> None:
    top = [person(rank) for rank in range(1, TOP_OF_EACH + 1)]
    discharged = [person(rank, is_discharged_without_contact=True) for rank in range(10, 40)]
    others = [person(40, change="rising"), person(41, change="new"), person(42, is_care_plan_overdue=True)]
    told, more = to_discuss([*top, *discharged, *others])
    assert {"rising", "new", "care_plan_overdue"} <= {reason for one in told for reason in one.why}
    assert len(told) == MOST_OF_EACH
    assert more == len(discharged) + len(others) + TOP_OF_EACH - MOST_OF_EACH
    assert [one.person_key for one in told] == sorted(one.person_key for one in told)


def test_a_first_edition_has_no_news_and_an_old_nomination_is_none() -> None:
    listed = [person(rank, change=None) for rank in range(1, 10)]
    assert {one.why for one in to_discuss(listed)[0]} == {("top",)}
    told, _ = to_discuss([*listed, person(50, is_nominated=True), person(51, is_nominated=True, change="new")])
    assert [one.why for one in told if one.person_key > "p_010"] == [("new", "nominated")]


@given(
    st.lists(
        st.builds(
            person,
            st.integers(1, 400),
            change=st.sampled_from([None, "new", "returned", "joined", "rising", "falling", "steady"]),
            is_nominated=st.booleans(),
            is_discharged_without_contact=st.booleans(),
            is_care_plan_overdue=st.booleans(),
        ),
        unique_by=lambda one: one.rank,
        max_size=60,
    )
)
def test_the_top_is_always_there_and_the_list_ends(people: list[OnList]) -> None:
    told, more = to_discuss(people)
    keys = [one.person_key for one in told]
    top = sorted(people, key=lambda one: one.rank)[:TOP_OF_EACH]
    assert {one.person_key for one in top} <= set(keys)
    assert len(keys) == len(set(keys)) <= MOST_OF_EACH
    assert more >= 0
    assert to_discuss(list(reversed(people))) == (told, more)
    for one in told:
        assert one.why
        assert list(one.why) == [reason for reason in WHY if reason in one.why]
