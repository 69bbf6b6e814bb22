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
    sources = ("gp", "acute", "community", "social_care")
    people = [{"person_key": key} | {f"is_{name}_covered": covered for name in sources} for key in ("p1", "p2")]
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


def contact(day: date, status: str | None, sender: str = "RAA") -> dict[str, object]:
    return {"event_type": "community_contact", "event_date": day, "status_code": status, "provider_code": sender}


def test_who_tells_of_contacts_and_which_nobody_confirmed(engine: Engine) -> None:
    """Of 24 months; a status that no list knows says as little as none."""
    told = facts(
        engine,
        contact(date(2023, 3, 31), None, "ROLD"),
        contact(date(2023, 4, 1), "5", "RBB"),
        contact(date(2024, 9, 1), None),
        contact(date(2024, 9, 8), "X"),
        contact(date(2024, 9, 15), "3"),
        contact(INDEX_DATE, None, "RNEW"),
    )
    assert (told["community_senders"], told["community_unclear_date"]) == ("RAA RBB", date(2024, 9, 8))
    assert facts(engine, contact(DAY_BEFORE, "5"))["community_unclear_date"] is None


HOME, CARE_HOME = "Long term support: Community", "Long Term Support: residential care"
ST_MAX = "Short term support: ST-Max"


def service(kind: str, first: date, last: date | None) -> dict[str, object]:
    days = {"event_date": first, "end_date": last}
    return {"event_type": "care_service", "code": kind, "provider_code": "E09000001", **days}


def test_home_care_goes_on_through_a_review(engine: Engine) -> None:
    """A line from the day after another ended, or while one runs, goes on; a day between them begins anew."""
    reviewed = (
        service(HOME, date(2023, 1, 1), date(2023, 5, 1)),
        service(HOME, date(2023, 5, 3), date(2024, 2, 26)),
        service(HOME, date(2024, 2, 27), None),
        service(HOME, date(2024, 6, 1), date(2024, 6, 9)),
        service(HOME, INDEX_DATE, None),
    )
    told = facts(engine, *reviewed)
    assert (told["home_care_date"], told["home_care_changed_date"]) == (date(2023, 5, 3), date(2024, 6, 1))
    assert (told["home_care_end_date"], told["care_home_date"]) == (None, None)
    assert told["care_councils"] == "E09000001"
    assert facts(engine, service(HOME, date(2024, 6, 1), None))["home_care_changed_date"] is None


def test_home_care_that_ended_and_a_move_to_a_care_home(engine: Engine) -> None:
    home = service(HOME, date(2023, 1, 1), date(2025, 3, 1))
    assert facts(engine, home)["home_care_end_date"] == date(2025, 3, 1)
    assert facts(engine, home)["home_care_date"] is None
    told = facts(engine, home, service(CARE_HOME, date(2025, 3, 2), None))
    assert (told["care_home_date"], told["home_care_end_date"]) == (date(2025, 3, 2), None)


def test_reablement_runs_or_has_ended(engine: Engine) -> None:
    first, second = service(ST_MAX, date(2024, 1, 1), date(2024, 2, 9)), service(ST_MAX, date(2025, 3, 1), DAY_BEFORE)
    told = facts(engine, first, second)
    assert (told["reablement_date"], told["reablement_end_date"]) == (None, DAY_BEFORE)
    told = facts(engine, first, service(ST_MAX, date(2025, 3, 1), INDEX_DATE))
    assert (told["reablement_date"], told["reablement_end_date"]) == (date(2025, 3, 1), None)
    assert told["reablement_councils"] == "E09000001"


def test_obesity_is_no_newest_condition(engine: Engine) -> None:
    told = facts(engine, coded(date(2024, 6, 1), "84114007"), coded(DAY_BEFORE, "414916001"))
    assert told["newest_condition"] == "heart_failure"


def test_who_is_not_covered_has_no_facts(engine: Engine) -> None:
    events = (stay(DAY_BEFORE, None), coded(DAY_BEFORE, "84114007"), contact(DAY_BEFORE, "5"))
    services = (service(HOME, DAY_BEFORE, None), service(ST_MAX, DAY_BEFORE, None))
    assert facts(engine, *events, *services, covered=False) == {}
