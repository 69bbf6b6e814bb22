"""The lives of exposed_lives.py as files that senders land: lists, coded entries, hospital, community, council."""

import csv
import hashlib
import io
import json
import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

from exposed_lives import EARLY, MAIN, SENDER_OF, WEEK, Life

from pipeline.contracts.extract import ExtractContract

RECEIVED = {EARLY: "2026-11-01T20:00:00Z", MAIN: "2026-11-14T20:00:00Z", WEEK: "2026-11-21T20:00:00Z"}
CODES = {(False, "dissent"): "827241000000103", (False, "withdrawal"): "827261000000102",
         (True, "dissent"): "999000000000101", (True, "withdrawal"): "999000000000102"}  # fmt: skip
# An entry that says nothing of the use of the record, and is read by no feature.
OTHER_CODE = "1234561000000108"
Row = dict[str, object]


def land(landing: Path, people: Sequence[Life], contracts: dict[str, ExtractContract]) -> int:
    """Write every delivery with its receipt; number of rows."""
    written = 0
    for week in RECEIVED:
        for extract, sender, rows in _files(people, week=week):
            if rows:
                _write(landing, contracts[extract], sender=sender, week=week, rows=rows)
                written += len(rows)
    return written


def _files(people: Sequence[Life], *, week: int) -> Iterable[tuple[str, str, list[Row]]]:
    for sender in ("GPS01", "GPS02"):
        yield "gp_patient", sender, [row for life in people for row in _listed(life, week=week, sender=sender)]
        yield "gp_event", sender, [row for life in people for row in _coded(life, week=week, sender=sender)]
        # A source of which one extract never came covers nobody.
        yield "gp_medication", sender, [row for life in people for row in _issued(life, week=week, sender=sender)]
    # Council and community rows belong to a period, of which the newest submission holds: they are sent once.
    new = [life for life in people if life.first_week == week]
    yield "acute_apc", "RAL", [row for life in new for row in _stays(life)]
    if week == MAIN:
        yield "community_contact", "RKE", [_contact(life) for life in people if life.place % 9 == 0]
        yield "community_referral", "RKE", [_referral(life) for life in people if life.place % 9 == 0]
        yield "social_care_event", "E09000019", [_care(life) for life in people if life.place % 14 == 0]
    if week != EARLY:
        yield "nhs_number_change", "PDS", [_change(life) for life in people if (life.number_change_week or 9) <= week]


def _listed(life: Life, *, week: int, sender: str) -> Iterable[Row]:
    for row in life.rows:
        if row.week == week and SENDER_OF[row.practice] == sender:
            yield {
                "patient_id": f"{life.place}-{row.practice[-3:]}",
                "nhs_number": row.number,
                "family_name": f"ZZTEST{life.family_name}" if row.is_test else life.family_name,
                "given_name": life.given_name,
                "birth_date": life.born,
                "gender_code": "1" if life.place % 2 else "2",
                "postcode": "ZZ99 3VZ",
                "ethnic_category": "A",
                "lsoa_code": "E01000907",
                "practice_code": row.practice,
                "registration_start_date": row.start,
                "registration_end_date": row.end,
                "death_date": row.death,
                "main_language": "en",
                "interpreter_required": "0",
                "household_id": f"H-{life.place // 3}",
                "is_confidential": int(row.is_confidential),
                "is_deleted": int(row.is_deleted),
            }


def _coded(life: Life, *, week: int, sender: str) -> Iterable[Row]:
    for one in life.said:
        if one.week == week and SENDER_OF[one.practice] == sender:
            code = CODES.get((one.is_local, one.says), OTHER_CODE)
            row = _entry(life, f"S{one.entry}", one.practice, one.number, code, one.day)
            nobody = {"nhs_number": None, "patient_id": f"unknown-{life.place}"} if one.names_nobody else {}
            yield {**row, **nobody, "is_deleted": int(one.is_deleted)}
    first = life.rows[0]
    if life.first_week == week and SENDER_OF[first.practice] == sender:
        if life.place % 3 == 0:
            code = ("44054006", "13645005", "84114007")[life.place // 3 % 3]
            yield _entry(life, "C", first.practice, life.numbers[-1], code, date(2024, 3, 1))
        # An entry of the practice that knew them under their former number.
        if len(life.numbers) > 1:
            yield _entry(life, "F", first.practice, life.numbers[0], "195967001", date(2023, 6, 1))


def _issued(life: Life, *, week: int, sender: str) -> Iterable[Row]:
    first = life.rows[0]
    if life.place % 5 == 0 and life.first_week == week and SENDER_OF[first.practice] == sender:
        yield {
            "medication_order_id": f"M-{life.place}",
            "patient_id": f"{life.place}-{first.practice[-3:]}",
            "nhs_number": life.numbers[-1],
            "birth_date": life.born,
            "practice_code": first.practice,
            "dmd_code": "39113311000001107",
            "bnf_section": "0212",
            "issue_date": date(2026, 9, 4),
            "quantity": "28",
            "is_deleted": 0,
        }


def _entry(life: Life, name: str, practice: str, number: str, code: str, day: date | None) -> Row:
    return {
        "observation_id": f"O-{life.place}-{name}",
        "patient_id": f"{life.place}-{practice[-3:]}",
        "nhs_number": number,
        "birth_date": life.born,
        "practice_code": practice,
        "snomed_code": code,
        "effective_date": day,
        "is_deleted": 0,
    }


def _stays(life: Life) -> Iterable[Row]:
    """Emergency stays, more for the old; the first of them under the number of then."""
    chance = random.Random(life.place)
    age = (date(2026, 11, 1) - life.born).days / 365.25
    for position in range(sum(chance.random() < 0.08 + age / 250 for _ in range(4))):
        day = date(2023, 1, 10) + timedelta(days=chance.randrange(1_370))
        if day <= life.born:
            continue
        name = f"{life.place}-{position}"
        yield {
            "cds_unique_identifier": f"BRAL{name}",
            "cds_update_type": "9",
            "cds_applicable_at": "2026-11-14T03:10:00" if life.first_week else "2026-11-01T03:10:00",
            "nhs_number": life.numbers[0] if position == 0 else life.numbers[-1],
            "nhs_number_status": "01",
            "birth_date": life.born,
            "postcode": "ZZ99 3VZ",
            "registered_practice_code": life.rows[0].practice,
            "provider_code": "RAL01",
            "spell_number": f"S{name}",
            "patient_classification": "1",
            "admission_method": "21",
            "admission_source": "19",
            "admission_date": day,
            "discharge_date": day + timedelta(days=3),
            "discharge_method": "1",
            "episode_number": "1",
            "episode_start_date": day,
            "episode_end_date": day + timedelta(days=3),
            "treatment_function": "300",
            "primary_diagnosis": chance.choice(("J440", "I500", "N390")),
            "secondary_diagnosis_1": "I10X",
        }


def _contact(life: Life) -> Row:
    return {
        "reporting_period_start": "2026-09-01",
        "reporting_period_end": "2026-09-30",
        "local_patient_id": f"L-{life.place}",
        "nhs_number": life.numbers[-1],
        "birth_date": life.born,
        "postcode": "ZZ99 3VZ",
        "service_request_identifier": f"SR-{life.place}",
        "care_contact_identifier": f"CC-{life.place}",
        "care_contact_date": "2026-09-12",
        "team_type": "12",
        "attendance_status": "5",
        "consultation_mechanism": "01",
    }


def _referral(life: Life) -> Row:
    return {
        "reporting_period_start": "2026-09-01",
        "reporting_period_end": "2026-09-30",
        "local_patient_id": f"L-{life.place}",
        "nhs_number": life.numbers[-1],
        "birth_date": life.born,
        "postcode": "ZZ99 3VZ",
        "service_request_identifier": f"SR-{life.place}",
        "referral_received_date": "2026-09-02",
        "referral_source": "01",
        "priority": "1",
        "team_type": "12",
    }


def _care(life: Life) -> Row:
    return {
        "la_code": "E09000019",
        "reporting_period_start": "2025-10-01",
        "reporting_period_end": "2026-09-30",
        "nhs_number": life.numbers[0],
        "la_person_id": f"C-{life.place}",
        "birth_date": life.born,
        "client_type": "Service user",
        "postcode": "ZZ99 3VZ",
        "accommodation_status": "Owner occupier",
        "registered_practice_code": life.rows[0].practice,
        "primary_support_reason": "Physical support: Personal care support",
        "event_type": "Service",
        "event_start_date": max(date(2026, 2, 3), life.born),
        "service_type": "Long term support: Community",
        "service_component": "Home care",
    }


def _change(life: Life) -> Row:
    return {
        "superseded_nhs_number": life.numbers[0],
        "current_nhs_number": life.numbers[1],
        "changed_on": "2025-05-04",
    }


def _write(landing: Path, contract: ExtractContract, *, sender: str, week: int, rows: list[Row]) -> None:
    folder = landing / sender
    folder.mkdir(parents=True, exist_ok=True)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(contract.headers())
    names = contract.names()
    writer.writerows([row.get(name) for name in names] for row in rows)
    data = out.getvalue().encode()
    stem = f"{contract.extract}-{week}"
    (folder / f"{stem}.csv").write_bytes(data)
    is_bulk = week != WEEK and contract.person is not None
    receipt = {
        "schema": "receipt/1",
        "extract": contract.extract,
        "sender": sender,
        "kind": "bulk" if is_bulk else "regular",
        "period_start": "2023-01-01" if is_bulk else "2026-11-15",
        "period_end": RECEIVED[week][:10] if is_bulk else "2026-11-21",
        "received_at": RECEIVED[week],
        "rows": len(rows),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    (folder / f"{stem}.receipt.json").write_text(json.dumps(receipt))
