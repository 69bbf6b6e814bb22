"""Which practice a code stands for on a day: boundaries of validity, mergers, chains, closures, and what is refused."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.organisations import (
    closed_on,
    continued,
    current_practice,
    is_valid,
    problems,
    successions,
)

START, END = date(2020, 1, 1), date(2026, 3, 31)
NEXT = END + timedelta(days=1)


@dataclass(frozen=True)
class Row:
    practice_code: str
    valid_from: date = START
    valid_to: date | None = None
    successor_code: str | None = None


OPEN, MERGED = Row("B"), Row("A", valid_to=END, successor_code="B")


@pytest.mark.parametrize(
    ("day", "expected"),
    [(START - timedelta(days=1), False), (START, True), (END, True), (NEXT, False)],
)
def test_both_ends_of_a_validity_belong_to_it(day: date, expected: bool) -> None:
    assert is_valid(MERGED, day) is expected


@pytest.mark.parametrize(
    ("rows", "day", "expected"),
    [
        ([MERGED, OPEN], END, "A"),
        ([MERGED, OPEN], NEXT, "B"),
        ([OPEN], NEXT, None),
        ([Row("A", valid_to=END), OPEN], NEXT, None),
        ([Row("A", valid_from=NEXT)], END, None),
        ([MERGED, Row("B", valid_to=END)], NEXT, None),
        ([MERGED, Row("B", valid_to=END, successor_code="C"), Row("C")], NEXT, "C"),
        ([MERGED, Row("A", valid_from=NEXT + timedelta(days=30)), OPEN], NEXT, "B"),
        ([MERGED, Row("A", valid_from=NEXT), OPEN], NEXT, "A"),
    ],
    ids=["open", "merged", "unknown", "closed", "not yet", "successor closed", "chain", "reopens", "new row"],
)
def test_whose_patients_they_are(rows: list[Row], day: date, expected: str | None) -> None:
    assert current_practice(rows, "A", day) == expected


def test_a_circle_is_an_error_that_names_it() -> None:
    rows = [Row("A", valid_to=END, successor_code="B"), Row("B", valid_to=END, successor_code="A")]
    with pytest.raises(ValueError, match="A, B"):
        current_practice(rows, "A", NEXT)
    assert problems(rows) == ["practices name each other as successors: A, B"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([Row("A"), Row("A", valid_from=NEXT)], "rows 1 and 2: A is two things at once from 2026-04-01"),
        ([Row("A", valid_from=END), Row("A", valid_to=END)], "rows 2 and 1: A is two things at once from 2026-03-31"),
        ([Row("A", valid_from=NEXT, valid_to=END)], "row 1: A ends before it begins"),
        ([Row("A", successor_code="B"), OPEN], "row 1: A names a successor and has no last day"),
        ([Row("A", valid_to=END, successor_code="A")], "row 1: A names itself as its successor"),
        ([OPEN, Row("A", valid_to=END, successor_code="Z")], "row 2: A names Z, which has no row"),
    ],
)
def test_what_contradicts_itself_is_said_with_its_rows(rows: list[Row], says: str) -> None:
    assert says in problems(rows)


def test_rows_are_named_by_the_numbers_given() -> None:
    told = problems([Row("A"), Row("A", valid_from=NEXT)], numbers=[7, 31])
    assert told == ["rows 7 and 31: A is two things at once from 2026-04-01"]


def test_neighbouring_validities_do_not_overlap() -> None:
    assert problems([Row("A", valid_to=END), Row("A", valid_from=NEXT), MERGED, OPEN][:2]) == []
    assert problems([MERGED, OPEN]) == []


def test_the_last_day_of_a_closed_practice() -> None:
    assert closed_on([MERGED, OPEN], "A", NEXT) == END
    assert closed_on([MERGED, OPEN], "A", END) is None
    assert closed_on([MERGED, OPEN], "B", NEXT) is None
    assert closed_on([MERGED, OPEN], "Z", NEXT) is None


LAST = END - timedelta(days=3)


@pytest.mark.parametrize(
    ("own_last", "others", "expected"),
    [
        (None, {"A": (END, LAST)}, ["A"]),
        (LAST, {"A": (END, LAST)}, ["A"]),
        (END - timedelta(days=1), {"A": (END, LAST)}, ["A"]),
        (END, {"A": (END, LAST)}, []),
        (LAST, {"A": (END, LAST), "C": (END, LAST)}, ["A", "C"]),
        (LAST, {"A": (date(2022, 1, 1), date(2021, 12, 20)), "C": (END, LAST)}, ["C"]),
        (None, {"A": (date(2022, 1, 1), date(2021, 12, 20)), "C": (END, LAST)}, ["C"]),
        (LAST, {}, []),
    ],
)
def test_a_merged_list_is_continued_once(
    own_last: date | None, others: dict[str, tuple[date, date]], expected: list[str]
) -> None:
    """An edition of as-of date d tells of index date d + 1: from the closed practice's last day on it holds them."""
    assert continued(own_last, others) == expected


CODES = st.sampled_from("ABCDE")


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Practices that open, change their row and close, some into others; not all of it sound."""
    rows = []
    for code in "ABCDE":
        cuts = sorted(draw(st.lists(st.integers(0, 60), min_size=1, max_size=4, unique=True)))
        ends = [*(cut - 1 for cut in cuts[1:]), draw(st.none() | st.integers(cuts[-1], 80))]
        for first, last in zip(cuts, ends, strict=True):
            others = CODES.filter(lambda other, code=code: other != code)
            successor = draw(st.none() | others) if last is not None else None
            end = None if last is None else START + timedelta(days=last)
            rows.append(Row(code, START + timedelta(days=first), end, successor))
    return rows


DAYS = st.integers(-5, 90).map(lambda number: START + timedelta(days=number))


@given(histories(), DAYS, CODES)
def test_the_answer_is_open_that_day_or_nobody(rows: list[Row], day: date, code: str) -> None:
    if problems(rows):
        return
    found = current_practice(rows, code, day)
    assert found is None or any(row.practice_code == found and is_valid(row, day) for row in rows)
    if any(row.practice_code == code and is_valid(row, day) for row in rows):
        assert found == code
    assert found is None or current_practice(rows, found, day) == found


@given(histories(), DAYS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Row], day: date, random: Random) -> None:
    if problems(rows):
        return
    shuffled = random.sample(rows, len(rows))
    assert successions(shuffled, day) == successions(rows, day)
    assert problems(shuffled) == []


@given(histories(), DAYS)
def test_what_comes_later_does_not_change_a_past_day(rows: list[Row], day: date) -> None:
    """Rows that begin after the day may be cut off: a past night shows the organisation as it was."""
    if problems(rows):
        return
    until = [row for row in rows if row.valid_from <= day]
    assert successions(until, day) == successions(rows, day)


@given(histories(), DAYS)
def test_succession_names_only_closed_practices_and_open_ones(rows: list[Row], day: date) -> None:
    if problems(rows):
        return
    for closed, current in successions(rows, day).items():
        assert closed_on(rows, closed, day) is not None
        assert closed_on(rows, current, day) is None
