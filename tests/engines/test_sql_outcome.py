"""The labels: which admissions, deaths and readmissions count, and both edges of every window."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.feature import load_outcomes
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query

PROJECT = Path(__file__).parents[2]
ADMISSION, READMISSION = "emergency_admission_12m", "emergency_readmission_30d"
SOON = ADMISSION  # told by the same stays
INDEX_DATE = date(2024, 4, 1)
LAST_DAY, FAR_EDGE = date(2025, 3, 31), date(2025, 4, 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        opened.add_codelists(load_codelists(PROJECT).values())
        yield opened


def answer(
    engine: Engine, concept: str, *events: dict[str, object], deaths: tuple[date, ...] = (), is_covered: bool = True
) -> dict[str, Any]:
    """What the concept says of one person, beside another one to whom nothing happens."""
    people = [{"person_key": key, "is_acute_covered": is_covered} for key in ("p1", "p2")]
    admission = {"person_key": "p1", "event_type": "admission", "method_code": "21"}
    engine.add_arrow("cohort", shapes.relation(shapes.COHORT, people))
    engine.add_arrow("outcome_event", shapes.relation(shapes.EVENT, [admission | event for event in events]))
    dead = [{"person_key": "p1", "death_date": day} for day in deaths]
    engine.add_arrow("outcome_registration", shapes.relation(shapes.REGISTRATION, dead))
    query = load_query(PROJECT / "sql" / "outcomes" / f"{concept}.sql")
    found = engine.fetch(query, index_date=INDEX_DATE).sort_by("person_key")
    declared = {each.name: each for each in load_outcomes(PROJECT)}[concept]
    assert found.column_names == ["person_key", *(column.name for column in declared.columns)]
    mine, other = found.to_pylist()
    nothing = {column.name: column.none_found if is_covered else None for column in declared.columns}
    assert other == {"person_key": "p2", **nothing}
    return dict(mine)


def outcome(
    engine: Engine, *events: dict[str, object], deaths: tuple[date, ...] = (), is_covered: bool = True
) -> tuple[bool | None, bool | None]:
    """(admitted, died without admission) of one person; the joined outcome is one or the other."""
    mine = answer(engine, ADMISSION, *events, deaths=deaths, is_covered=is_covered)
    admitted, died = mine["has_emergency_admission_12m"], mine["has_death_without_admission_12m"]
    joined = mine["has_emergency_admission_or_death_12m"]
    assert joined == (None if admitted is None else admitted or died)
    return admitted, died


def back(engine: Engine, *events: dict[str, object], **others: Any) -> bool | None:
    """Whether the person came back within 30 days of the first discharge; None when there was no discharge."""
    told: bool | None = answer(engine, READMISSION, *events, **others)["has_emergency_readmission_30d"]
    return told


def stay(start: date, end: date | None = None, method: str = "21") -> dict[str, object]:
    return {"event_date": start, "end_date": end, "method_code": method}


@pytest.mark.parametrize(
    ("day", "is_in"),
    [(date(2024, 3, 31), False), (INDEX_DATE, True), (LAST_DAY, True), (FAR_EDGE, False)],
)
def test_edges_of_the_window(engine: Engine, day: date, is_in: bool) -> None:
    assert outcome(engine, {"event_date": day}) == (is_in, False)
    assert outcome(engine, deaths=(day,)) == (False, is_in)


@pytest.mark.parametrize("method", ["21", "22", "23", "24", "25", "28", "2A", "2D"])
def test_emergency_methods(engine: Engine, method: str) -> None:
    assert outcome(engine, {"event_date": INDEX_DATE, "method_code": method}) == (True, False)


@pytest.mark.parametrize("method", ["2B", "2C", "11", "12", "13", "31", "32", "81", None])
def test_a_transfer_a_birth_and_planned_stays_are_none(engine: Engine, method: str | None) -> None:
    assert outcome(engine, {"event_date": INDEX_DATE, "method_code": method}) == (False, False)


def test_an_attendance_is_no_admission(engine: Engine) -> None:
    assert outcome(engine, {"event_date": INDEX_DATE, "event_type": "attendance"}) == (False, False)


@pytest.mark.parametrize(
    ("ends", "counts"),
    [
        (date(2024, 4, 8), True),  # two days before the next begins
        (date(2024, 4, 9), False),  # the day before: one superspell
        (date(2024, 4, 10), False),  # the same day
        (date(2024, 4, 20), False),  # while it lasts
    ],
)
@pytest.mark.parametrize("method", ["21", "11", "31"])
def test_a_stay_that_begins_as_another_ends_continues_it(engine: Engine, ends: date, counts: bool, method: str) -> None:
    """The earlier stay began before the index date, so only a stay of its own would be an admission in the window."""
    earlier = stay(date(2024, 3, 20), ends, method)
    assert outcome(engine, earlier, stay(date(2024, 4, 10), date(2024, 4, 12))) == (counts, False)


def test_a_chain_of_stays_is_one_superspell(engine: Engine) -> None:
    chain = [stay(date(2024, 3, 20), date(2024, 3, 31)), stay(INDEX_DATE, date(2024, 4, 3), "2B")]
    assert outcome(engine, *chain, stay(date(2024, 4, 4), date(2024, 4, 9), "2A")) == (False, False)
    assert outcome(engine, *chain, stay(date(2024, 4, 5), date(2024, 4, 9), "2A")) == (True, False)


def test_a_long_stay_reaches_past_a_shorter_one_within_it(engine: Engine) -> None:
    long, short = stay(date(2024, 3, 1), date(2024, 4, 30)), stay(date(2024, 3, 10), date(2024, 3, 11))
    assert outcome(engine, long, short, stay(date(2024, 4, 20))) == (False, False)


def test_a_planned_stay_without_a_night_is_continued_by_none(engine: Engine) -> None:
    day = date(2024, 4, 10)
    assert outcome(engine, stay(day, day, "11"), stay(date(2024, 4, 11))) == (True, False)
    assert outcome(engine, stay(day, date(2024, 4, 11), "11"), stay(date(2024, 4, 12))) == (False, False)


def test_an_emergency_without_a_night_is_continued_by_a_transfer(engine: Engine) -> None:
    day = date(2024, 3, 31)
    assert outcome(engine, stay(day, day), stay(INDEX_DATE, method="2A")) == (False, False)


def test_a_stay_whose_end_was_never_told_swallows_nothing_later(engine: Engine) -> None:
    assert outcome(engine, stay(date(2024, 3, 1)), stay(date(2024, 4, 10))) == (True, False)
    assert outcome(engine, stay(date(2024, 3, 31)), stay(INDEX_DATE)) == (False, False)


def test_a_death_after_an_admission_is_not_a_death_without_one(engine: Engine) -> None:
    assert outcome(engine, {"event_date": INDEX_DATE}, {"event_date": LAST_DAY}, deaths=(LAST_DAY, LAST_DAY)) == (
        True,
        False,
    )


def test_a_death_before_the_admissions_of_the_window_does_not_count(engine: Engine) -> None:
    """An admission past the far edge does not take a death out."""
    assert outcome(engine, {"event_date": FAR_EDGE}, deaths=(LAST_DAY,)) == (False, True)


def test_uncovered_is_unknown(engine: Engine) -> None:
    assert outcome(engine, {"event_date": INDEX_DATE}, deaths=(LAST_DAY,), is_covered=False) == (None, None)
    assert back(engine, stay(INDEX_DATE, date(2024, 4, 3)), is_covered=False) is None


@pytest.mark.parametrize(
    ("again", "counts"),
    [
        (date(2024, 4, 10), False),  # the day of discharge: the same superspell
        (date(2024, 4, 11), False),  # the day after: the same superspell
        (date(2024, 4, 12), True),
        (date(2024, 5, 9), True),  # day 29
        (date(2024, 5, 10), False),  # day 30
    ],
)
def test_days_0_to_29_after_the_discharge(engine: Engine, again: date, counts: bool) -> None:
    """The second stay is still running, so where it continues the first there is no discharge to count from."""
    told = back(engine, stay(date(2024, 4, 5), date(2024, 4, 10)), stay(again))
    assert told is (None if again <= date(2024, 4, 11) else counts)


@pytest.mark.parametrize("method", ["11", "2B", "2C", "31"])
def test_only_an_emergency_is_a_readmission(engine: Engine, method: str) -> None:
    first = stay(date(2024, 4, 5), date(2024, 4, 10))
    assert back(engine, first, stay(date(2024, 4, 15), date(2024, 4, 16), method)) is False
    assert back(engine, first, stay(date(2024, 4, 15), date(2024, 4, 16))) is True


def test_the_last_stay_of_the_superspell_ends_it(engine: Engine) -> None:
    moved = [stay(date(2024, 4, 5), date(2024, 4, 10)), stay(date(2024, 4, 10), date(2024, 5, 1), "2B")]
    assert back(engine, *moved, stay(date(2024, 5, 30))) is True
    assert back(engine, *moved, stay(date(2024, 5, 31))) is False


def test_the_first_discharge_counts(engine: Engine) -> None:
    stays = [stay(date(2024, 4, 5), date(2024, 4, 10)), stay(date(2024, 7, 1), date(2024, 7, 2))]
    assert back(engine, *stays, stay(date(2024, 7, 10), date(2024, 7, 11))) is False


@pytest.mark.parametrize(
    ("start", "end", "is_counted"),
    [
        (date(2024, 3, 31), date(2024, 4, 10), False),  # began before the index date
        (INDEX_DATE, date(2024, 4, 10), True),
        (date(2025, 2, 20), date(2025, 3, 2), True),  # thirty days from it end at the far edge
        (date(2025, 2, 20), date(2025, 3, 3), False),
        (date(2024, 4, 5), None, False),  # still in
    ],
)
def test_which_discharges_are_followed(engine: Engine, start: date, end: date | None, is_counted: bool) -> None:
    assert back(engine, stay(start, end)) is (False if is_counted else None)


@pytest.mark.parametrize(("died", "told"), [(date(2024, 4, 10), None), (date(2024, 4, 11), False)])
def test_who_died_in_hospital_was_not_discharged(engine: Engine, died: date, told: bool | None) -> None:
    assert back(engine, stay(date(2024, 4, 5), date(2024, 4, 10)), deaths=(died,)) is told


def test_a_planned_stay_is_no_stay_to_come_back_from(engine: Engine) -> None:
    assert back(engine, stay(date(2024, 4, 5), date(2024, 4, 10), "11"), stay(date(2024, 4, 20))) is None


def test_both_outcomes_mean_the_same_stay_by_a_superspell() -> None:
    """The part of the query that says what a stay is, and how far earlier ones reach, is the same text."""
    texts = [(PROJECT / "sql" / "outcomes" / f"{name}.sql").read_text() for name in (ADMISSION, READMISSION)]
    window = "range between unbounded preceding and interval '1' day preceding"
    assert all(window in text and "A planned stay without a night is over" in text for text in texts)
    stays = [text[text.index("    from outcome_event") : text.index("),")] for text in texts]
    assert stays[0] == stays[1]


@pytest.mark.parametrize(
    ("day", "is_in"),
    [(date(2024, 3, 31), False), (INDEX_DATE, True), (date(2024, 4, 30), True), (date(2024, 5, 1), False)],
)
def test_edges_of_thirty_days(engine: Engine, day: date, is_in: bool) -> None:
    assert answer(engine, SOON, {"event_date": day})["has_emergency_admission_30d"] is is_in


def test_within_thirty_days_a_planned_stay_or_the_rest_of_an_earlier_one_is_none(engine: Engine) -> None:
    assert not answer(engine, SOON, stay(INDEX_DATE, method="11"))["has_emergency_admission_30d"]
    earlier = stay(date(2024, 3, 20), date(2024, 4, 9))
    assert not answer(engine, SOON, earlier, stay(date(2024, 4, 10)))["has_emergency_admission_30d"]
    assert answer(engine, SOON, earlier, stay(date(2024, 4, 11)))["has_emergency_admission_30d"]
    assert answer(engine, SOON, stay(INDEX_DATE), is_covered=False)["has_emergency_admission_30d"] is None
