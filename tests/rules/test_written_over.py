"""A copy that was saved and sent a second time, and two copies that only look like it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.answers import Change, is_set_aside, standing
from pipeline.rules.written_over import Copy, written_over

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
EDITION = ("F83671", "0123")


def copy(number: int, edition: tuple[str, str] = EDITION, /, **people: str | dict[str, str | None]) -> Copy:
    cells = {
        (person, name): value
        for person, said in people.items()
        for name, value in (said if isinstance(said, dict) else {"status": said}).items()
    }
    return Copy(f"f{number}", START + timedelta(days=number), edition, cells)


def over(*copies: Copy) -> set[tuple[str, str]]:
    return {(later, earlier) for later, known in written_over(copies).items() for earlier in known}


MONDAY = copy(0, ann="accepted", ben="accepted")


@pytest.mark.parametrize(
    "thursday",
    [
        copy(3, ann="accepted", ben="declined by patient"),
        copy(3, ann="accepted", ben="accepted"),
        copy(3, ann="accepted", ben="declined by patient", cat="done"),
        copy(3, ann="accepted", ben={"status": "not suitable", "decline_reason": "would not benefit"}),
    ],
)
def test_what_repeats_all_else_was_written_over_it(thursday: Copy) -> None:
    assert over(MONDAY, thursday) == over(thursday, MONDAY) == {("f3", "f0")}


@pytest.mark.parametrize(
    "other",
    [
        copy(3, ben="declined by patient"),
        copy(3, ann="done", ben="declined by patient"),
        copy(3, ("F83039", "0123"), ann="accepted", ben="declined by patient"),
        copy(3, ("F83671", "4567"), ann="accepted", ben="declined by patient"),
    ],
    ids=["another's copy", "nothing repeated", "another practice", "another edition"],
)
def test_two_copies_of_two_people_stay_two(other: Copy) -> None:
    assert over(MONDAY, other) == set()


def test_one_person_alone_is_no_proof_and_no_more_may_change_than_is_repeated() -> None:
    assert over(copy(0, ann="accepted"), copy(3, ann="declined by patient")) == set()
    three = copy(0, ann="accepted", ben="accepted", cat="accepted")
    assert over(three, copy(3, ann="accepted", ben="done", cat="done")) == set()
    assert over(three, copy(3, ann="accepted", ben="accepted", cat="done")) == {("f3", "f0")}


def test_sealed_text_proves_nothing_and_is_in_nobodys_way() -> None:
    note = {"status_note": "sealed"}
    assert over(copy(0, ann=note, ben="accepted"), copy(3, ann=note, ben="done")) == set()
    told = {"status": "accepted", **note}
    assert over(copy(0, ann=told, ben="accepted"), copy(3, ann=told, ben="done")) == {("f3", "f0")}


def test_days_that_nobody_gave_are_no_difference() -> None:
    def said(day: str, status: str = "accepted") -> dict[str, str | None]:
        return {"status": status, "status_date": day}

    monday = copy(0, ann=said("2026-11-23"), ben=said("2026-11-23"), dan={"nominated": "2026-11-23"})
    assert over(monday, copy(3, ann=said("2026-11-26"), ben=said("2026-11-26", "done"), dan={"nominated": "x"}))
    given = copy(0, ann=said("2026-11-20"), ben=said("2026-11-20"))
    assert not over(given, copy(3, ann=said("2026-11-19"), ben=said("2026-11-20", "done")))


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.lists(st.sampled_from(["accepted", "done", None]), max_size=4)), max_size=5
    )
)
def test_the_order_decides_nothing_and_nobody_is_over_a_later_one(drawn: list[tuple[int, list[str | None]]]) -> None:
    copies = [
        Copy(f"f{turn}", START + timedelta(days=day), EDITION, {(f"p{n}", "status"): v for n, v in enumerate(values)})
        for turn, (day, values) in enumerate(drawn)
    ]
    found = written_over(copies)
    assert written_over(copies[::-1]) == found
    by_id = {one.file_id: one for one in copies}
    for later, known in found.items():
        for earlier in known:
            assert later not in found[earlier]
            assert by_id[earlier].received_at <= by_id[later].received_at
            assert by_id[earlier].cells.keys() <= by_id[later].cells.keys()


def test_who_declined_on_thursday_is_set_aside_whatever_was_said_on_monday() -> None:
    files = (MONDAY, copy(3, ann="accepted", ben="declined by patient"))
    known = written_over(files)
    for order in permutations(files):
        told = [
            Change(one.file_id, one.received_at, known[one.file_id], "status", one.cells["ben", "status"])
            for one in order
        ]
        stands = standing(told, practice_code="F83671")
        assert stands is not None and stands.conflicts == ()
        assert is_set_aside(stands, day=(START + timedelta(days=6)).date())
