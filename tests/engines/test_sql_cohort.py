"""Who is in the cohort, with which attributes, and which sources cover whom."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.policy import SOURCES
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
LONG_AGO = date(2015, 1, 1)
EVERYWHERE = [
    {"source": "acute", "sender": "RKE", "area_type": "all", "area_code": "", "valid_from": LONG_AGO},
]


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
    succession: tuple[tuple[str, str], ...] = (),
) -> list[dict]:
    engine.add_arrow("registration", shapes.relation(shapes.REGISTRATION, rows))
    engine.add_arrow("organisation", shapes.relation(shapes.ORGANISATION, organisations))
    engine.add_arrow("lsoa_imd", shapes.relation(shapes.AREA, AREAS))
    engine.add_arrow("supply", shapes.relation(shapes.SUPPLY, supply))
    taking_part = [{"practice_code": code} for code in practices]
    engine.add_arrow("participating_practice", shapes.relation(shapes.PARTICIPATING_PRACTICE, taking_part))
    merged = [{"practice_code": closed, "current_practice_code": current} for closed, current in succession]
    engine.add_arrow("succession", shapes.relation(shapes.SUCCESSION, merged))
    for name in ("registered_person", "coverage", "cohort"):
        engine.keep(load_query(PROJECT / "sql" / "cohort" / f"{name}.sql"), index_date=INDEX_DATE)
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


def test_whose_practice_has_merged_is_a_patient_of_the_one_that_took_over(engine: Engine) -> None:
    """The closed practice sends nothing any more: its registrations stay open in the data."""
    merged = [
        ORGANISATIONS[0] | {"valid_to": DAY_BEFORE},
        ORGANISATIONS[1],
    ]
    found = cohort(engine, registered(), organisations=merged, practices=("B",), succession=(("A", "B"),))
    assert [(p["practice_code"], p["pcn_code"], p["borough_code"]) for p in found] == [("B", "U2", "E09000019")]
    assert cohort(engine, registered(), organisations=merged, practices=("B",)) == []


def test_a_closed_practice_without_a_successor_has_no_place(engine: Engine) -> None:
    closed = [ORGANISATIONS[0] | {"valid_to": DAY_BEFORE}]
    [person] = cohort(engine, registered(), organisations=closed)
    assert (person["practice_code"], person["pcn_code"], person["borough_code"]) == ("A", None, None)


def test_a_practice_that_the_reference_does_not_know_has_no_place_and_only_what_covers_all(engine: Engine) -> None:
    [person] = cohort(engine, registered(practice_code="Z"), practices=("Z",))
    assert (person["pcn_code"], person["borough_code"], person["is_acute_covered"]) == (None, None, True)


def supplied(source: str, area_type: str, area_code: str = "", **changed: object) -> dict[str, object]:
    return {
        "source": source,
        "sender": "S1",
        "area_type": area_type,
        "area_code": area_code,
        "valid_from": LONG_AGO,
    } | changed


def covered(engine: Engine, *supply: tuple[str, ...], **changed: object) -> set[str]:
    [person] = cohort(engine, registered(**changed), supply=[supplied(*entry) for entry in supply])
    names = [name for name in shapes.COHORT.names if name.endswith("_covered")]
    assert all(person[name] in (True, False) for name in names)
    found = {name.removeprefix("is_").removesuffix("_covered") for name in names if person[name]}
    assert found == {name.removesuffix("_covered_since") for name in SINCE if person[name] is not None}
    return found


def test_a_household_is_who_of_the_cohort_shares_the_number(engine: Engine) -> None:
    """Nobody who has died, left or opted out by confidentiality is counted; without a number nothing is known."""
    people = cohort(
        engine,
        registered("p1", household_key="h1", birth_month=date(1960, 4, 1)),
        registered("p2", household_key="h1", birth_month=date(1960, 5, 1)),
        registered("p3", household_key="h1", birth_month=date(2020, 5, 1), practice_code="B"),
        registered("p4", household_key="h1", death_date=DAY_BEFORE),
        registered("p5", household_key="h1", registration_end_date=DAY_BEFORE),
        registered("p6", household_key="h1", is_confidential=True),
        registered("p7", household_key="h2"),
        registered("p8"),
        registered("p9"),
    )
    found = {row["person_key"]: (row["household_size"], row["household_people_65_and_over"]) for row in people}
    assert found == {"p1": (3, 1), "p2": (3, 1), "p3": (3, 1), "p7": (1, 1), "p8": (None, None), "p9": (None, None)}


SINCE = [name for name in shapes.COHORT.names if name.endswith("_covered_since")]


def test_every_source_has_its_flag_and_its_date() -> None:
    flags = {name.removeprefix("is_").removesuffix("_covered") for name in shapes.COHORT.names if "covered" in name}
    assert {name for name in flags if not name.endswith("_since")} == set(SOURCES)
    assert {name.removesuffix("_covered_since") for name in SINCE} == set(SOURCES)


def test_coverage_by_practice_by_borough_and_for_all(engine: Engine) -> None:
    entries = (("gp", "practice", "A"), ("acute", "all"), ("community", "borough", "E09000007"))
    assert covered(engine, *entries) == {"gp", "acute", "community"}
    assert covered(engine, *entries, practice_code="B") == {"acute"}
    assert covered(engine) == set()


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_covers_by_itself(engine: Engine, source: str) -> None:
    assert covered(engine, (source, "all")) == {source}


def test_a_council_covers_those_who_live_there_and_others_those_registered_there(engine: Engine) -> None:
    entries = (("social_care", "residence", "E09000033"), ("community", "borough", "E09000033"))
    assert covered(engine, *entries, lsoa_code="E01000002") == {"social_care"}
    assert covered(engine, *entries, lsoa_code="E01000001") == set()
    assert covered(engine, *entries, lsoa_code="E01999999") == set()


def test_two_suppliers_of_one_source_do_not_double_a_person(engine: Engine) -> None:
    entries = (("acute", "all"), ("acute", "practice", "A"), ("acute", "borough", "E09000007"))
    assert covered(engine, *entries) == {"acute"}


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "since"),
    [
        (INDEX_DATE, None, INDEX_DATE),
        (date(2025, 4, 2), None, None),
        (LONG_AGO, INDEX_DATE, LONG_AGO),
        (LONG_AGO, DAY_BEFORE, None),
    ],
    ids=str,
)
def test_a_supply_holds_from_its_first_to_its_last_day(
    engine: Engine, valid_from: date, valid_to: date | None, since: date | None
) -> None:
    supply = [supplied("acute", "all", valid_from=valid_from, valid_to=valid_to)]
    [person] = cohort(engine, registered(), supply=supply)
    assert (person["is_acute_covered"], person["acute_covered_since"]) == (since is not None, since)


JOINED, TAKEN_OVER, GAP = date(2024, 6, 1), date(2024, 5, 31), date(2024, 5, 30)
SINCE_WHEN = {
    "one sender": ([("S1", LONG_AGO, None)], LONG_AGO),
    "another joined: before, only a part was told": ([("S1", LONG_AGO, None), ("S2", JOINED, None)], JOINED),
    "another took over the next day": ([("S1", LONG_AGO, TAKEN_OVER), ("S2", JOINED, None)], LONG_AGO),
    "a day between them": ([("S1", LONG_AGO, GAP), ("S2", JOINED, None)], JOINED),
    "an overlap": ([("S1", LONG_AGO, date(2024, 8, 1)), ("S2", JOINED, None)], LONG_AGO),
    "one left": ([("S1", LONG_AGO, None), ("S2", LONG_AGO, GAP)], LONG_AGO),
    "one joined and left": ([("S1", LONG_AGO, None), ("S2", JOINED, date(2024, 9, 1))], LONG_AGO),
    "the same sender under two agreements": ([("S1", LONG_AGO, TAKEN_OVER), ("S1", JOINED, None)], LONG_AGO),
    "all left": ([("S1", LONG_AGO, GAP)], None),
    "one to come": ([("S1", LONG_AGO, None), ("S2", date(2025, 5, 1), None)], LONG_AGO),
}


@pytest.mark.parametrize("case", SINCE_WHEN)
def test_since_when_a_source_is_whole(engine: Engine, case: str) -> None:
    senders, since = SINCE_WHEN[case]
    supply = [supplied("acute", "all", sender=sender, valid_from=start, valid_to=end) for sender, start, end in senders]
    [person] = cohort(engine, registered(), supply=supply)
    assert person["acute_covered_since"] == since


def test_a_window_that_begins_before_the_supply_can_be_told(engine: Engine) -> None:
    """Covered since March 2024, seen in April 2025: twelve months are whole, twenty-four are not."""
    supply = [supplied("acute", "all", valid_from=date(2024, 3, 1))]
    [person] = cohort(engine, registered(), supply=supply)
    assert date(2023, 4, 1) < person["acute_covered_since"] <= date(2024, 4, 1)
