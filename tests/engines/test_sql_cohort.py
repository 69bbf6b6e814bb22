"""Who is in the cohort, with which attributes, and which sources cover whom."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query

PROJECT = Path(__file__).parents[2]
INDEX_DATE = date(2025, 4, 1)
DAY_BEFORE = date(2025, 3, 31)
ORGANISATIONS = [
    {"practice_code": "A", "pcn_code": "U1", "borough_code": "E09000007", "valid_from": date(2015, 1, 1)},
    {"practice_code": "B", "pcn_code": "U2", "borough_code": "E09000019", "valid_from": date(2015, 1, 1)},
]
AREAS = [
    {"lsoa_code": "E01000001", "borough_code": "E09000007", "imd_rank": 1, "imd_decile": 1},
    {"lsoa_code": "E01000002", "borough_code": "E09000033", "imd_rank": 9, "imd_decile": 9},
]
EVERYWHERE = [{"source": "acute", "area_type": "all", "area_code": ""}]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        opened.add_codelists(load_codelists(PROJECT).values())
        yield opened


def registered(person_key: str = "p1", **changed: object) -> dict[str, object]:
    return {
        "person_key": person_key,
        "practice_code": "A",
        "birth_month": date(1950, 4, 1),
        "gender_code": "2",
        "ethnic_category": "A",
        "lsoa_code": "E01000001",
        "registration_start_date": date(2010, 1, 1),
        "is_confidential": False,
        "row_key": f"{person_key}.{changed}",
    } | changed


def cohort(
    engine: Engine,
    *rows: dict[str, object],
    supply: list[dict[str, object]] = EVERYWHERE,
    organisations: list[dict[str, object]] = ORGANISATIONS,
    practices: tuple[str, ...] = ("A", "B"),
) -> list[dict]:
    engine.add_arrow("registration", shapes.relation(shapes.REGISTRATION, rows))
    engine.add_arrow("organisation", shapes.relation(shapes.ORGANISATION, organisations))
    engine.add_arrow("lsoa_imd", shapes.relation(shapes.AREA, AREAS))
    engine.add_arrow("supply", shapes.relation(shapes.SUPPLY, supply))
    taking_part = [{"practice_code": code} for code in practices]
    engine.add_arrow("participating_practice", shapes.relation(shapes.PARTICIPATING_PRACTICE, taking_part))
    engine.keep(load_query(PROJECT / "sql" / "cohort" / "cohort.sql"), index_date=INDEX_DATE)
    return engine.table("cohort").to_pylist()


def keys(found: list[dict]) -> list[str]:
    return [person["person_key"] for person in found]


@pytest.mark.parametrize(
    ("changed", "is_in"),
    [
        ({"registration_start_date": DAY_BEFORE}, True),
        ({"registration_start_date": INDEX_DATE}, False),
        ({"registration_start_date": None}, False),
        ({"registration_end_date": INDEX_DATE}, True),
        ({"registration_end_date": DAY_BEFORE}, False),
        ({"death_date": INDEX_DATE}, True),
        ({"death_date": DAY_BEFORE}, False),
        ({"is_confidential": True}, False),
        ({"practice_code": "C"}, False),
    ],
    ids=str,
)
def test_registered_alive_not_confidential_and_participating(engine: Engine, changed: dict, is_in: bool) -> None:
    assert keys(cohort(engine, registered(**changed))) == (["p1"] if is_in else [])


def test_a_move_is_one_person_at_the_new_practice(engine: Engine) -> None:
    left = registered(registration_end_date=DAY_BEFORE)
    joined = registered(practice_code="B", registration_start_date=DAY_BEFORE, lsoa_code="E01000002")
    [person] = cohort(engine, left, joined)
    assert (person["practice_code"], person["pcn_code"], person["imd_decile"]) == ("B", "U2", 9)


def test_registered_twice_the_latest_start_wins_and_then_the_code(engine: Engine) -> None:
    older, newer = (
        registered(practice_code="A"),
        registered(practice_code="B", registration_start_date=date(2011, 1, 1)),
    )
    assert [p["practice_code"] for p in cohort(engine, older, newer)] == ["B"]
    same = registered(practice_code="B")
    assert [p["practice_code"] for p in cohort(engine, same, older)] == ["A"]


def test_who_has_moved_to_a_practice_that_does_not_take_part_has_left(engine: Engine) -> None:
    stale, current = registered(), registered(practice_code="B", registration_start_date=date(2024, 1, 1))
    assert cohort(engine, stale, current, practices=("A",)) == []


def test_a_death_or_a_confidentiality_known_to_one_practice_holds_for_the_other(engine: Engine) -> None:
    other = {"practice_code": "B", "registration_start_date": date(2005, 1, 1)}
    assert cohort(engine, registered(), registered(death_date=DAY_BEFORE, **other)) == []
    assert cohort(engine, registered(), registered(is_confidential=True, **other)) == []


@pytest.mark.parametrize(
    ("birth_month", "age_years", "is_adult"),
    [
        (date(2007, 4, 1), 18, True),
        (date(2007, 5, 1), 17, False),
        (date(1925, 3, 1), 100, True),
        (date(1925, 12, 1), 99, True),
        (date(2025, 3, 1), 0, False),
    ],
)
def test_age_in_whole_years(engine: Engine, birth_month: date, age_years: int, is_adult: bool) -> None:
    [person] = cohort(engine, registered(birth_month=birth_month))
    assert (person["age_years"], person["is_adult"]) == (age_years, is_adult)


def test_attributes_that_are_unknown_are_null(engine: Engine) -> None:
    [person] = cohort(engine, registered(gender_code="X", ethnic_category="Z", lsoa_code="E01999999"))
    assert (person["sex"], person["ethnic_group"], person["imd_decile"]) == (None, None, None)
    assert person["lsoa_code"] == "E01999999"


def test_ethnic_groups_and_sexes(engine: Engine) -> None:
    letters = "ABCDEFGHJKLMNPRSZ"
    found = cohort(engine, *(registered(f"p.{letter}", ethnic_category=letter) for letter in letters))
    groups = {letter: person["ethnic_group"] for letter, person in zip(letters, found, strict=True)}
    expected = {"ABC": "white", "DEFG": "mixed", "HJKLR": "asian", "MNP": "black", "S": "other", "Z": None}
    assert groups == {letter: group for part, group in expected.items() for letter in part}
    sexes = cohort(engine, *(registered(f"p{code}", gender_code=code) for code in "129"))
    assert [person["sex"] for person in sexes] == ["male", "female", "other"]


def test_the_organisation_is_the_one_of_the_day(engine: Engine) -> None:
    """Both ends of a validity belong to it."""
    merged = [
        {
            "practice_code": "A",
            "pcn_code": "OLD",
            "borough_code": "E1",
            "valid_from": date(2015, 1, 1),
            "valid_to": DAY_BEFORE,
        },
        {"practice_code": "A", "pcn_code": "NEW", "borough_code": "E2", "valid_from": INDEX_DATE},
    ]
    assert [p["pcn_code"] for p in cohort(engine, registered(), organisations=merged)] == ["NEW"]
    last_day = [merged[0] | {"valid_to": INDEX_DATE}]
    assert [p["pcn_code"] for p in cohort(engine, registered(), organisations=last_day)] == ["OLD"]


def covered(engine: Engine, *supply: tuple[str, str, str], **changed: object) -> set[str]:
    rows = [dict(zip(shapes.SUPPLY.names, entry, strict=True)) for entry in supply]
    [person] = cohort(engine, registered(**changed), supply=rows)
    names = [name for name in shapes.COHORT.names if name.endswith("_covered")]
    assert all(person[name] in (True, False) for name in names)
    return {name.removeprefix("is_").removesuffix("_covered") for name in names if person[name]}


def test_coverage_by_practice_by_borough_and_for_all(engine: Engine) -> None:
    entries = (("gp", "practice", "A"), ("acute", "all", ""), ("community", "borough", "E09000007"))
    assert covered(engine, *entries) == {"gp", "acute", "community"}
    assert covered(engine, *entries, practice_code="B") == {"acute"}
    assert covered(engine) == set()


def test_social_care_covers_those_who_live_there_and_community_those_registered_there(engine: Engine) -> None:
    entries = (("social_care", "borough", "E09000033"), ("community", "borough", "E09000033"))
    assert covered(engine, *entries, lsoa_code="E01000002") == {"social_care"}
    assert covered(engine, *entries, lsoa_code="E01000001") == set()
    assert covered(engine, *entries, lsoa_code="E01999999") == set()


def test_two_suppliers_of_one_source_do_not_double_a_person(engine: Engine) -> None:
    entries = (("acute", "all", ""), ("acute", "practice", "A"), ("acute", "borough", "E09000007"))
    assert covered(engine, *entries) == {"acute"}
