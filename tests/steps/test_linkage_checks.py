"""After linkage: rows of nobody, of the dead, under superseded numbers and of one person twice are counted and told."""

import json
from typing import Any

import pytest
from small_home import ANN, BEN, CAT, DAN, DISSENT, deliver, entry, numbers, patient, small_context

from pipeline.channels.supplier_report import write_report
from pipeline.contracts.settings import Settings
from pipeline.ledger.profiles import read_profiles
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.store import layout

AT = "2026-11-15T21:00:00"
EVE, FAY = numbers(6)[4:]


@pytest.fixture
def context(home: Settings) -> Context:
    context = small_context(home)
    deliver(
        context,
        "gp_patient",
        [
            patient(ANN, "1", birth_date="1948-03-09", postcode="ZZ99 3VZ", death_date="2026-10-01"),
            patient(BEN, "2", birth_date="1950-01-01", postcode="ZZ99 3WZ"),
        ],
    )
    return context


def found(context: Context, delivery_id: str) -> dict[str, int]:
    extract, sender, _ = delivery_id.split(".")
    measured = read_profiles(context.ledger, extract=extract, sender=sender).get(delivery_id, {})
    return {name: int(count) for name, count in measured.items() if name.startswith("link.")}


BORN = {ANN: "1948-03-09", BEN: "1950-01-01", DAN: "1950-01-01"}


def stay(number: str, **changes: str) -> dict[str, str]:
    """A stay before Ann's death; of a person of no list, birth date and postcode are nobody's on one."""
    dates = {"admission_date": "2026-09-01", "episode_start_date": "2026-09-01"}
    ends = {"discharge_date": "2026-09-03", "episode_end_date": "2026-09-03"}
    born = BORN.get(number, "1971-07-07")
    return {"nhs_number": number, "birth_date": born, "postcode": "ZZ99 9ZZ", **dates, **ends, **changes}


WRONG = ANN[:9] + str((int(ANN[9]) + 1) % 10)
LATER = {
    "admission_date": "2026-10-02",
    "episode_start_date": "2026-10-02",
    "discharge_date": "",
    "episode_end_date": "",
}


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (stay(""), "LINK-001"),
        (stay(WRONG), "LINK-002"),
        (stay(ANN, **LATER), "LINK-003"),
        (stay(DAN), "LINK-004"),
        (stay(CAT, birth_date="1950-01-01", postcode="zz993wz"), "LINK-005"),
        (stay(BEN, birth_date="1950-01-10"), "LINK-006"),
        (stay(DAN, birth_date="1950-01-10"), "LINK-006"),
    ],
    ids=["no number", "wrong check digit", "after death", "superseded", "two numbers", "birth date", "birth date, too"],
)
def test_each_check_names_its_row_and_no_other(context: Context, row: dict[str, str], rule: str) -> None:
    deliver(context, "nhs_number_change", [{"superseded_nhs_number": DAN, "current_nhs_number": BEN}], sender="PDS")
    # Good neighbours: on the day of death, known people, and somebody from elsewhere.
    last_day = {**LATER, "admission_date": "2026-10-01", "episode_start_date": "2026-10-01"}
    good = [stay(ANN), stay(BEN, birth_date="1950-01-01", postcode="ZZ99 3WZ"), stay(ANN, **last_day), stay(CAT)]
    delivery_id = deliver(context, "acute_apc", [*good, row], sender="RKE", at=AT)
    write_report(layout.delivery_report(context.settings.home, delivery_id), report=blank_report(delivery_id))
    link(context)
    assert found(context, delivery_id) == {f"link.{rule}": 1}
    folder = layout.delivery_report(context.settings.home, delivery_id)
    told = json.loads((folder / "report.json").read_text())["after_linkage"]
    assert [(one["rule"], one["row_numbers"]) for one in told["checks"]] == [(rule, [5])]
    kept = 5 if rule in ("LINK-003", "LINK-004") else 4
    assert told["summary"] == f"{kept} of 5 accepted rows found their person; {5 - kept} are kept apart."
    page = (folder / "report.html").read_text()
    assert rule in page
    for number in (ANN, BEN, CAT, DAN, WRONG):
        assert number not in page


def test_one_person_twice_on_a_list_is_told_and_twins_are_not(context: Context) -> None:
    same = {"birth_date": "1980-05-05", "postcode": "ZZ99 1AA", "family_name": "OAK"}
    twins = {"birth_date": "1990-05-05", "postcode": "ZZ99 1AB", "family_name": "ELM"}
    delivery_id = deliver(
        context,
        "gp_patient",
        [
            patient(CAT, "3", given_name="Ada", **same),
            patient(DAN, "4", given_name="ADA", **same),
            patient(EVE, "5", given_name="Ada", **twins),
            patient(FAY, "6", given_name="Ben", **twins),
        ],
        at=AT,
    )
    link(context)
    assert found(context, delivery_id) == {"link.LINK-005": 2}


def test_rows_of_a_person_who_dissents_are_in_no_check(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-1", DISSENT)], at=AT)
    delivery_id = deliver(context, "acute_apc", [stay(ANN, **LATER), stay(BEN)], sender="RKE", at=AT)
    link(context)
    assert found(context, delivery_id) == {}


def test_linking_again_says_the_same_once(context: Context) -> None:
    delivery_id = deliver(context, "acute_apc", [stay("")], sender="RKE", at=AT)
    link(context)
    link(context)
    assert found(context, delivery_id) == {"link.LINK-001": 1}


def blank_report(delivery_id: str) -> dict[str, Any]:
    return {
        "schema": "delivery-report/2", "delivery_id": delivery_id, "extract": "acute_apc", "title": "Admissions",
        "sender": "RKE", "kind": "regular", "file_name": "a.csv", "sha256": "0" * 64,
        "received_at": "2026-11-15T21:00:00Z", "period": ["2026-11-01", "2026-11-30"], "verdict": "accepted",
        "summary": "All accepted.", "notes": [], "rules": [],
        "counts": {"in": 5, "valid": 5, "duplicate": 0, "superseded": 0, "broken": 0, "refused": 0},
    }  # fmt: skip
