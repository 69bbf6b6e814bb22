"""Reference data: as of a day, and refused with row numbers when it contradicts itself."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.contracts.policy import SOURCES
from pipeline.contracts.reference import load_reference
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError

DAY = date(2026, 11, 16)


def project(folder: Path, name: str, *lines: str) -> Path:
    """A copy of the reference data with lines added to one file."""
    shutil.copytree(PROJECT / "reference", folder / "reference")
    path = folder / "reference" / name
    path.write_text(path.read_text() + "\n".join(lines) + "\n")
    return folder


def test_every_borough_is_supplied_with_every_source() -> None:
    reference = load_reference(PROJECT)
    boroughs = {row.borough_code for row in reference.organisations}
    for source in SOURCES:
        areas = {row.area_code for row in reference.supplies if row.source == source and row.area_type != "practice"}
        assert source == "gp" or areas == {""} or areas == boroughs
    assert {row.source for row in reference.supplies} == set(SOURCES)
    assert {row.area_type for row in reference.supplies if row.source == "social_care"} == {"residence"}


def test_codes_that_the_deployment_supplies_for_are_known() -> None:
    reference = load_reference(PROJECT)
    practices = {row.practice_code for row in reference.organisations}
    assert {row.area_code for row in reference.supplies if row.area_type == "practice"} < practices


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        (
            "organisation.csv",
            "E83003,x,U1,x,E09000003,x,QMJ,2026-01-01,",
            "rows 1 and 174: E83003 is two things at once",
        ),
        ("organisation.csv", "Z1,x,U1,x,E09000003,x,QMJ,2026-01-01,2025-01-01", "row 174: Z1 ends before it begins"),
        ("supply.csv", "acute,RKE,region,QMJ,2026-01-01,", "supply.csv, row 200"),
        ("supply.csv", "acute,RKE,borough,,2026-01-01,", "names its area"),
        ("supply.csv", "acute,RKE,all,E09000003,2026-01-01,", "names its area"),
        ("supply.csv", "social_care,E09000003,borough,E09000003,2026-01-01,", "write area_type residence"),
        ("supply.csv", "acute,RKE,all,,2026-01-01,2025-01-01", "ends before it begins"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_row(tmp_path: Path, name: str, line: str, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        load_reference(project(tmp_path, name, line))


def test_a_supply_may_name_the_data_sets_that_its_sender_is_to_send(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "reference", tmp_path / "reference")
    shutil.copytree(PROJECT / "expectations", tmp_path / "expectations")
    path = tmp_path / "reference" / "supply.csv"
    head = "source,sender,area_type,area_code,valid_from,valid_to,data_sets\n"
    contacts = "mental_health,TAF,all,,2026-01-01,,mental_health_contact\n"
    path.write_text(head + "acute,RKE,all,,2026-01-01,,\n" + contacts)
    assert [row.data_sets for row in load_reference(tmp_path).supplies] == [(), ("mental_health_contact",)]
    load_reference.cache_clear()
    path.write_text(head + contacts + "acute,RKE,all,,2026-01-01,,acute_apc gp_event\n")
    with pytest.raises(ContractError, match=r"gp_event is no data set of acute.*row 2"):
        load_reference(tmp_path)


def merged() -> tuple[str, str]:
    first, second = (row.practice_code for row in load_reference(PROJECT).organisations[:2])
    return first, second


def test_a_merger_as_of_each_day() -> None:
    first, second = merged()
    reference = load_reference(PROJECT)
    rows = [
        replace(row, valid_to=DAY, successor_code=second) if row.practice_code == first else row
        for row in reference.organisations
    ]
    after = replace(reference, organisations=tuple(rows))
    next_day = DAY + timedelta(days=1)
    assert after.practice(first, DAY).practice_code == first
    assert after.predecessors(second, DAY) == ()
    assert after.predecessors(second, next_day) == (first,)
    with pytest.raises(ContractError, match=f"{first} takes part but closed on {DAY}, and its patients are {second}'s"):
        after.practice(first, next_day)


def test_a_practice_that_nobody_knows_is_said_with_what_to_do() -> None:
    with pytest.raises(ContractError, match="Z99999 takes part but the organisation reference does not know it"):
        load_reference(PROJECT).practice("Z99999", DAY)


def test_a_practice_before_its_first_day_is_not_known() -> None:
    first, _ = merged()
    with pytest.raises(ContractError, match="does not know it on 2000-01-01"):
        load_reference(PROJECT).practice(first, date(2000, 1, 1))
