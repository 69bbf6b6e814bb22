"""The facts behind the strip: their windows, what is left out, and that equal events are told in one order."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.steps.features.facts import facts_of

PROJECT = Path(__file__).parents[2]
INDEX_DATE = date(2025, 4, 1)
FIRST_DAY, TOO_EARLY, LAST_DAY = date(2023, 10, 1), date(2023, 9, 30), date(2025, 3, 31)
COVERED = ("is_acute_covered", "is_emergency_covered", "is_community_covered", "is_social_care_covered")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        opened.add_codelists(load_codelists(PROJECT).values())
        yield opened


def told(engine: Engine, fact: str, *events: dict[str, object], covered: bool = True) -> object:
    people = [{"person_key": "p1", **dict.fromkeys(COVERED, covered)}]
    engine.add_arrow("cohort", shapes.relation(shapes.COHORT, people))
    rows = [{"person_key": key, **event} for key in ("p1", "p3") for event in events]
    engine.add_arrow("event", shapes.relation(shapes.EVENT, rows))
    found = facts_of(engine, project=PROJECT, index_date=INDEX_DATE).to_pylist()
    return found[0].get(fact) if found else None


def stay(first: date, last: date | None, method: str, kind: str | None = "1") -> dict[str, object]:
    return {
        "event_type": "admission", "event_date": first, "end_date": last, "method_code": method, "class_code": kind,
    }  # fmt: skip


def test_stays_that_touch_the_window_are_told_by_kind_and_regular_attenders_left_out(engine: Engine) -> None:
    stays = (
        stay(LAST_DAY, None, "21"),
        stay(date(2023, 9, 1), FIRST_DAY, "21"),
        stay(TOO_EARLY, TOO_EARLY, "21"),
        stay(INDEX_DATE, None, "21"),
        stay(date(2024, 5, 2), date(2024, 5, 2), "11", kind="2"),
        stay(date(2024, 5, 3), date(2024, 5, 3), "11", kind="3"),
        stay(date(2024, 6, 3), date(2024, 6, 9), "11", kind=None),
    )
    assert told(engine, "activity_emergency_stays", *stays) == "2023-09-01/2023-10-01 2025-03-31/"
    assert told(engine, "activity_planned_stays", *stays[::-1]) == "2024-05-02/2024-05-02 2024-06-03/2024-06-09"
    assert told(engine, "activity_emergency_stays", *stays, covered=False) is None


def test_attendances_are_told_by_day_and_planned_ones_left_out(engine: Engine) -> None:
    days = [(LAST_DAY, None), (FIRST_DAY, "1"), (TOO_EARLY, "1"), (INDEX_DATE, "1"), (LAST_DAY, "1")]
    events = [{"event_type": "attendance", "event_date": day, "method_code": kind} for day, kind in days]
    planned = [{"event_type": "attendance", "event_date": LAST_DAY, "method_code": "4"}]
    assert told(engine, "activity_attendances", *events, *planned) == "2023-10-01 2025-03-31 2025-03-31"
    assert told(engine, "activity_attendances", *events, covered=False) is None


def test_only_attended_contacts_are_told(engine: Engine) -> None:
    events = [
        {"event_type": "community_contact", "event_date": day, "status_code": status}
        for day, status in [(LAST_DAY, "5"), (FIRST_DAY, "6"), (TOO_EARLY, "5"), (LAST_DAY, "3"), (LAST_DAY, None)]
    ]
    assert told(engine, "activity_community", *events) == "2023-10-01 2025-03-31"
    assert told(engine, "activity_community", *events, covered=False) is None


def test_services_that_ran_on_a_day_of_the_window_are_told_by_kind_and_equipment_is_not(engine: Engine) -> None:
    services = [
        ("Long term support: Community", date(2020, 1, 1), None),
        ("LONG TERM SUPPORT: nursing care", date(2020, 1, 1), FIRST_DAY),
        ("Long term support: Residential care", date(2020, 1, 1), TOO_EARLY),
        ("Short term support: ST-Max", LAST_DAY, None),
        ("Short term support: Ongoing low level", LAST_DAY, None),
        ("Long term support: Community", INDEX_DATE, None),
    ]
    events = [
        {"event_type": "care_service", "code": code, "event_date": first, "end_date": last}
        for code, first, last in services
    ]
    says = "2020-01-01//home_care 2020-01-01/2023-10-01/care_home 2025-03-31//short_term"
    assert told(engine, "activity_care", *events) == told(engine, "activity_care", *events[::-1]) == says
    assert told(engine, "activity_care", *events, covered=False) is None
