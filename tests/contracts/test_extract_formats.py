"""Formats by date: which is in force, how a file's own is told, and older files read as those of today, end to end."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.extract_format import Format, choose, telling_columns, with_header
from pipeline.contracts.extract_sample import csv_line, sample_rows
from pipeline.contracts.settings import PROJECT, read_settings
from pipeline.errors import ContractError
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import Delivery, get_delivery
from pipeline.steps.at_hand.context import Context
from pipeline.steps.receive.receive import receive
from pipeline.steps.validate.validate import validate
from pipeline.store import layout, tables
from pipeline.store.keys import create_keys

CONTRACTS = load_extracts(PROJECT)
COMMUNITY, CARE, PATIENT = (CONTRACTS[name] for name in ("community_contact", "social_care_event", "gp_patient"))


def names(contract: ExtractContract, day: str) -> list[str]:
    return [one.name for one in contract.formats_in_force(date.fromisoformat(day))]


def test_the_format_is_told_by_the_last_day_of_the_period_and_overlaps_hold_both() -> None:
    assert names(COMMUNITY, "2025-03-31") == ["CSDS v1.5"]
    assert names(COMMUNITY, "2025-04-01") == ["CSDS v1.6", "CSDS v1.5"]
    assert names(COMMUNITY, "2025-06-30") == ["CSDS v1.6", "CSDS v1.5"]
    assert names(COMMUNITY, "2025-07-01") == ["CSDS v1.6"]
    assert names(CARE, "2025-06-30") == ["Client Level Data Release 1"]
    assert names(CARE, "2025-09-30") == ["Client Level Data Release 2", "Client Level Data Release 1"]
    assert names(CARE, "2026-01-01") == ["Client Level Data Release 2"]


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_every_day_has_a_format_and_one_format_is_the_current_one(contract: ExtractContract) -> None:
    day = date(2019, 1, 1)
    while day < date(2030, 1, 1):
        newest = contract.format_for(day)
        assert newest == contract.formats_in_force(day)[0]
        day += timedelta(days=13)
    current = next(one for one in contract.formats if one.is_current)
    assert current.header_line(contract.columns) == contract.headers()
    assert current.names(contract.columns) == contract.names()


def test_a_header_tells_formats_apart_and_lines_up_with_its_names() -> None:
    older = next(one for one in COMMUNITY.formats if not one.is_current)
    in_force = COMMUNITY.formats_in_force(date(2025, 5, 31))
    assert with_header(COMMUNITY.columns, older.header_line(COMMUNITY.columns), in_force) == (older,)
    assert (
        with_header(
            COMMUNITY.columns, older.header_line(COMMUNITY.columns), COMMUNITY.formats_in_force(date(2026, 5, 31))
        )
        == ()
    )
    without = next(one for one in PATIENT.formats if not one.is_current)
    assert without.absent == ("main_language", "interpreter_required", "household_id")
    assert len(without.header_line(PATIENT.columns)) == len(without.names(PATIENT.columns)) == len(PATIENT.names()) - 3
    told = dict(zip(without.names(PATIENT.columns), without.header_line(PATIENT.columns), strict=True))
    assert (told["patient_id"], told["is_deleted"]) == ("PatientID", "IsDeleted")


def test_values_decide_between_formats_with_one_header() -> None:
    newest_first = CARE.formats_in_force(date(2025, 12, 31))
    assert telling_columns(newest_first) == ("client_type", "service_type")
    release_2, release_1 = newest_first

    def told(**present: set[str]) -> Format:
        return choose(newest_first, present)

    assert told() == release_2
    assert told(client_type={"Service user"}, service_type={"Long term support: Community"}) == release_2
    assert told(client_type={"Service User"}) == release_1
    assert told(client_type={"Service user"}, service_type={"Carer Support: Direct to Carer"}) == release_1
    assert telling_columns(newest_first[:1]) == ()
    with pytest.raises(ValueError, match="no format"):
        choose((), {})


def test_a_day_without_a_format_is_refused_by_name() -> None:
    ended = COMMUNITY.model_copy(update={"formats": (Format(name="x", valid_from=date(2025, 4, 1)),)})
    with pytest.raises(ContractError, match="community_contact"):
        ended.format_for(date(2025, 3, 31))


def test_mapped_services_are_those_of_the_code_list() -> None:
    listed = {row["code"] for row in load_codelists(PROJECT)["social_care_service"].rows()}
    release_1 = next(one for one in CARE.formats if not one.is_current)
    assert listed <= set(release_1.values["service_type"].values())
    assert set(release_1.values["service_type"].values()) == set(CARE.column("service_type").codes)
    assert set(release_1.values["client_type"].values()) == set(CARE.column("client_type").codes)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    made = read_settings({"RISKSTRAT_HOME": str(tmp_path / "home")})
    settings = made.model_copy(update={"now": datetime(2027, 3, 1, tzinfo=UTC)})
    return Context(settings=settings, ledger=open_ledger(settings.ledger_url), keys=create_keys(settings.keys_folder))


def land(context: Context, contract: ExtractContract, chosen: str, changes: dict[str, str], **receipt: Any) -> str:
    """Land the sample with these values in every row, written in the named format; the delivery id."""
    written = next(one for one in contract.formats if one.name == chosen)
    rows = [{**row, **changes} for row in sample_rows(contract)]
    back = {name: {new: old for old, new in values.items()} for name, values in written.values.items()}
    lines = [written.header_line(contract.columns)]
    lines += [[back.get(n, {}).get(row[n], row[n]) for n in written.names(contract.columns)] for row in rows]
    data = "".join(f"{csv_line(line)}\n" for line in lines).encode()
    announced = {
        "schema": "receipt/1",
        "extract": contract.extract,
        "sender": contract.example_sender,
        "kind": "regular",
        "received_at": "2026-11-20T21:00:00Z",
        "rows": len(rows),
        "sha256": hashlib.sha256(data).hexdigest(),
        **receipt,
    }
    folder = layout.landing(context.settings.home) / contract.example_sender
    folder.mkdir(parents=True)
    (folder / "older.csv").write_bytes(data)
    (folder / "older.receipt.json").write_text(json.dumps(announced))
    (taken,) = receive(context).delivery_ids
    return taken


def verdict(context: Context, delivery_id: str) -> tuple[Delivery, list[str]]:
    validate(context, delivery_id=delivery_id)
    delivery = get_delivery(context.ledger, delivery_id)
    assert delivery is not None
    report = json.loads((layout.delivery_report(context.settings.home, delivery_id) / "report.json").read_text())
    return delivery, [rule["rule"] for rule in report["rules"]]


def test_a_community_file_with_the_older_names_is_read_as_one_of_today(context: Context) -> None:
    period = {"reporting_period_start": "2024-10-01", "reporting_period_end": "2024-10-31"}
    changes = {**period, "care_contact_date": "2024-10-12", "consultation_mechanism": "11", "attendance_status": "5"}
    taken = land(context, COMMUNITY, "CSDS v1.5", changes, period_start="2024-10-01", period_end="2024-10-31")
    delivery, broken = verdict(context, taken)
    assert (delivery.state, delivery.format_name, broken) == ("accepted", "CSDS v1.5", [])
    clean = tables.read(layout.clean(context.settings.home, "community_contact"))
    assert clean["consultation_mechanism"].unique().to_pylist() == ["11"]
    assert clean["attendance_status"].unique().to_pylist() == ["5"]


def test_the_older_names_are_refused_for_a_period_they_are_not_in_force_for(context: Context) -> None:
    taken = land(context, COMMUNITY, "CSDS v1.5", {}, period_start="2026-10-01", period_end="2026-10-31")
    delivery, _ = verdict(context, taken)
    assert (delivery.state, delivery.reason_code) == ("refused", "FILE-026")


@pytest.mark.parametrize("release", ["Client Level Data Release 1", "Client Level Data Release 2"])
def test_either_release_of_client_level_data_is_read_in_the_overlap(context: Context, release: str) -> None:
    ends = {"reporting_period_start": "2025-01-01", "reporting_period_end": "2025-12-31"}
    changes = {**ends, "event_start_date": "2025-02-03", "event_end_date": ""}
    taken = land(context, CARE, release, changes, period_start="2025-01-01", period_end="2025-12-31")
    delivery, broken = verdict(context, taken)
    assert (delivery.state, delivery.format_name) == ("accepted", release)
    assert set(broken) <= {"SC-EV-029"}, "only that ends were left out here"
    clean = tables.read(layout.clean(context.settings.home, "social_care_event"))
    assert set(clean["client_type"].to_pylist()) == {"Service user", "Unpaid carer"}
    assert set(clean["service_type"].to_pylist()) == {"Long term support: Community", None}


def test_a_patient_list_without_language_has_none(context: Context) -> None:
    ends = {"period_start": "2026-11-15", "period_end": "2026-11-15"}
    taken = land(context, PATIENT, "Patient list without language", {"interpreter_required": ""}, **ends)
    delivery, broken = verdict(context, taken)
    assert (delivery.state, broken) == ("accepted", [])
    clean = tables.read(layout.clean(context.settings.home, "gp_patient"))
    assert (
        clean["household_id"].null_count
        == clean["main_language"].null_count
        == clean.num_rows
        == len(CONTRACTS["gp_patient"].sample)
    )
