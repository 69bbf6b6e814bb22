"""Facts that a reason may date: the latest stay, the newest condition, and when what was measured."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.steps.features.facts import facts_of

PROJECT = Path(__file__).parents[2]
INDEX_DATE = date(2025, 4, 1)
DAY_BEFORE = date(2025, 3, 31)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        opened.add_codelists(load_codelists(PROJECT).values())
        yield opened


def facts(engine: Engine, *events: dict[str, object], covered: bool = True) -> dict[str, object]:
    """What is told of p1; p2 is of the cohort and has nothing, p3 is not of the cohort."""
    people = [{"person_key": key, "is_gp_covered": covered, "is_acute_covered": covered} for key in ("p1", "p2")]
    engine.add_arrow("cohort", shapes.relation(shapes.COHORT, people))
    rows = [{"person_key": key, **event} for key in ("p1", "p3") for event in events]
    engine.add_arrow("event", shapes.relation(shapes.EVENT, rows))
    found = facts_of(engine, project=PROJECT, index_date=INDEX_DATE).to_pylist()
    assert {row["person_key"] for row in found} <= {"p1"}
    return found[0] if found else {}


def stay(day: date, end: date | None, code: str | None = "J441", method: str = "21") -> dict[str, object]:
    return {"event_type": "admission", "event_date": day, "end_date": end, "code": code, "method_code": method}


def coded(day: date, code: str, value: str | None = None, unit: str | None = None) -> dict[str, object]:
    number = None if value is None else Decimal(value)
    return {"event_type": "gp_code", "event_date": day, "code": code, "value_number": number, "value_unit": unit}


def test_the_latest_emergency_stay(engine: Engine) -> None:
    """Not the one on the index date, nor a planned one; the first day of 24 months still counts."""
    told = facts(
        engine,
        stay(date(2024, 5, 1), date(2024, 5, 9), "I500"),
        stay(date(2025, 3, 4), date(2025, 3, 13)),
        stay(date(2025, 3, 20), date(2025, 3, 21), method="11"),
        stay(INDEX_DATE, None),
    )
    assert told["emergency_stay_date"] == date(2025, 3, 4)
    assert (told["emergency_stay_end_date"], told["emergency_stay_diagnosis"]) == (date(2025, 3, 13), "COPD")
    assert facts(engine, stay(date(2023, 4, 1), None))["emergency_stay_date"] == date(2023, 4, 1)
    assert facts(engine, stay(date(2023, 3, 31), None)) == {}


def test_two_stays_of_one_day_and_a_diagnosis_without_words(engine: Engine) -> None:
    """The one that is not over, else the one that ended last; what has no words is not named."""
    short, long = stay(DAY_BEFORE, DAY_BEFORE, "R51X"), stay(DAY_BEFORE, None, None)
    assert facts(engine, short, long)["emergency_stay_end_date"] is None
    assert facts(engine, long, short)["emergency_stay_diagnosis"] is None
    assert facts(engine, stay(DAY_BEFORE, DAY_BEFORE, "Z991"))["emergency_stay_diagnosis"] is None


def test_the_newest_condition_is_new_by_its_first_code(engine: Engine) -> None:
    told = facts(engine, coded(date(2024, 4, 1), "84114007"), coded(DAY_BEFORE, "84114007"))
    assert (told["newest_condition"], told["newest_condition_date"]) == ("heart_failure", date(2024, 4, 1))
    later = facts(engine, coded(date(2024, 6, 1), "84114007"), coded(DAY_BEFORE, "84757009"))
    assert (later["newest_condition"], later["newest_condition_date"]) == ("epilepsy", DAY_BEFORE)
    old = facts(
        engine, coded(date(2024, 3, 31), "84114007"), coded(DAY_BEFORE, "84114007"), coded(INDEX_DATE, "84757009")
    )
    assert old.get("newest_condition") is None


def test_when_it_was_measured_and_what_it_was_the_year_before(engine: Engine) -> None:
    egfr, unit = "1011481000000105", "mL/min/1.73m2"
    told = facts(
        engine,
        coded(INDEX_DATE, egfr, "20", unit),
        coded(DAY_BEFORE, egfr, "38", unit),
        coded(date(2024, 4, 1), egfr, "40", unit),
        coded(date(2024, 3, 31), egfr, "57", unit),
        coded(date(2024, 3, 31), egfr, "55", unit),
        coded(date(2024, 3, 30), egfr, "70", unit),
        coded(date(2023, 3, 31), "27113001", "70", "kg"),
        coded(DAY_BEFORE, "999791000000106", "300", "mmol/mol"),
    )
    assert (told["egfr_date"], told["egfr_before"], told["egfr_before_date"]) == (DAY_BEFORE, 55.0, date(2024, 3, 31))
    assert told["body_weight_date"] is None and told["hba1c_date"] is None


def test_who_is_not_covered_has_no_facts(engine: Engine) -> None:
    assert facts(engine, stay(DAY_BEFORE, None), coded(DAY_BEFORE, "84114007"), covered=False) == {}
