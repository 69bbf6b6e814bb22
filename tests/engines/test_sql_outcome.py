"""The label: which admissions and deaths count, and both edges of the window."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.feature import load_outcomes
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query

PROJECT = Path(__file__).parents[2]
QUERY = PROJECT / "sql" / "outcomes" / "emergency_admission_12m.sql"
INDEX_DATE = date(2024, 4, 1)
LAST_DAY, FAR_EDGE = date(2025, 3, 31), date(2025, 4, 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        opened.add_codelists(load_codelists(PROJECT).values())
        yield opened


def outcome(
    engine: Engine,
    *events: dict[str, object],
    deaths: tuple[date, ...] = (),
    is_covered: bool = True,
) -> tuple[bool | None, bool | None]:
    """(admitted, died without admission) of one person, beside another one to whom nothing happens."""
    people = [{"person_key": key, "is_acute_covered": is_covered} for key in ("p1", "p2")]
    admission = {"person_key": "p1", "event_type": "admission", "method_code": "21"}
    engine.add_arrow("cohort", shapes.relation(shapes.COHORT, people))
    engine.add_arrow("outcome_event", shapes.relation(shapes.EVENT, [admission | event for event in events]))
    dead = [{"person_key": "p1", "death_date": day} for day in deaths]
    engine.add_arrow("outcome_registration", shapes.relation(shapes.REGISTRATION, dead))
    found = engine.fetch(load_query(QUERY), index_date=INDEX_DATE).sort_by("person_key")
    declared = [column.name for column in load_outcomes(PROJECT)[0].columns]
    assert found.column_names == ["person_key", *declared]
    mine, other = found.to_pylist()
    nothing = False if is_covered else None
    assert (other["has_emergency_admission_12m"], other["has_death_without_admission_12m"]) == (nothing, nothing)
    return mine["has_emergency_admission_12m"], mine["has_death_without_admission_12m"]


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
