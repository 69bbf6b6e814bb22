"""What lands: headers of the standards, true receipts, reporting lags, dirty rows and the second week's accidents."""

import csv
import functools
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.holidays import load_holidays
from pipeline.rules.calendar import working_days_after
from pipeline.rules.nhs_number import is_valid

AS_OF = date(2026, 11, 15)
Rows = Callable[[str], list[dict[str, str]]]
Receipts = list[tuple[Path, dict[str, object]]]
DISSENT, WITHDRAWN = "827241000000103", "827261000000102"


@pytest.fixture(scope="module")
def diary(region: Path) -> dict[str, object]:
    return json.loads((region / "_truth" / "defects.json").read_text())


def _received(receipt: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(receipt["received_at"]))


def _delivery(receipts: Receipts, delivery_id: str) -> tuple[Path, dict[str, object]]:
    for path, receipt in receipts:
        if f"{receipt['extract']}.{receipt['sender']}.{_received(receipt):%Y%m%dT%H%M%SZ}" == delivery_id:
            return path, receipt
    raise AssertionError(f"{delivery_id} was not landed")


@functools.cache
def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _cut_off(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo("Europe/London")).replace(hour=2)


def test_headers_are_those_of_the_contracts(receipts: Receipts) -> None:
    contracts = load_extracts(Path())
    seen = set()
    for path, receipt in receipts:
        contract = contracts[str(receipt["extract"])]
        in_force = contract.formats_in_force(date.fromisoformat(str(receipt["period_end"])))
        header = next(csv.reader([path.read_text(encoding="utf-8").split("\n", 1)[0]]))
        own = [form.name for form in in_force if form.header_line(contract.columns) == tuple(header)]
        assert own, path.name
        seen |= {(contract.extract, name) for name in own}
    assert {name for name, _ in seen} == set(contracts)
    assert {"CSDS v1.5", "CSDS v1.6", "Client Level Data Release 1", "Client Level Data Release 2"} <= {
        form for _, form in seen
    }


def test_receipts_tell_rows_and_digest(receipts: Receipts, diary: dict[str, object]) -> None:
    cut = {entry["delivery_id"] for entry in diary["second_week"] if entry["what"] == "delivery_cut"}
    for path, receipt in receipts:
        data = path.read_bytes()
        assert receipt["sha256"] == hashlib.sha256(data).hexdigest(), path.name
        is_cut = f"{receipt['extract']}.{receipt['sender']}.{_received(receipt):%Y%m%dT%H%M%SZ}" in cut
        assert is_cut == (not data.endswith(b"\n")), path.name
        if not is_cut:
            assert data.count(b"\n") - 1 == receipt["rows"], path.name


def test_stamps_differ_within_an_extract_and_sender(receipts: Receipts) -> None:
    stamps = Counter((r["extract"], r["sender"], r["received_at"]) for _, r in receipts)
    assert max(stamps.values()) == 1


def test_senders_send_what_is_theirs(receipts: Receipts) -> None:
    pairs = {(str(r["extract"]), str(r["sender"])) for _, r in receipts}
    gp = {(extract, s) for extract in ("gp_patient", "gp_event", "gp_medication") for s in ("GPS01", "GPS02")}
    hospital = ("acute_daily", "acute_apc", "acute_ecds", "acute_outpatient")
    acute = {(extract, s) for extract in hospital for s in ("RKE", "RAP")}
    mental = {(f"mental_health_{kind}", s) for kind in ("contact", "spell") for s in ("TAF", "RRP")}
    councils = {("social_care_event", f"E090000{area}") for area in ("03", "07", "10", "14", "19")}
    community = {("community_contact", "RKE"), ("community_referral", "RKE")}
    reference = {("reference_organisation", "ODS"), ("nhs_number_change", "PDS")}
    assert pairs == gp | acute | mental | councils | community | reference
    assert all(path.parent.name == r["sender"] for path, r in receipts)


def test_practice_without_agreement_sends_no_gp_data_but_is_seen_elsewhere(rows_of: Rows) -> None:
    for extract in ("gp_patient", "gp_event", "gp_medication"):
        assert "F85065" not in {row["PracticeCode"] for row in rows_of(f"GPS0[12]/{extract}_*.csv")}
    column = "GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)"
    practices = Counter(row[column] for row in rows_of("R*/acute_apc_*_20261013_01.csv"))
    assert practices["F85065"] > 50
    assert practices["V81997"] > 2
    assert "F85065" in {row["GP_Practice_Code"] for row in rows_of("E0*/social_care_event_*_20260930_01.csv")}


@pytest.mark.parametrize(
    ("pattern", "column", "lag"),
    [
        ("GPS0[12]/gp_event_*_20261114_01.csv", "EffectiveDate", 1),
        ("GPS0[12]/gp_medication_*_20261114_01.csv", "IssueDate", 1),
        ("R*/acute_apc_*_20261013_01.csv", "START DATE (HOSPITAL PROVIDER SPELL)", 33),
        ("R*/acute_apc_*_20261013_01.csv", "DISCHARGE DATE", 33),
        ("R*/acute_ecds_*_20261113_01.csv", "EMERGENCY CARE ARRIVAL DATE", 2),
        ("RKE/community_contact_*_20261013_01.csv", "CARE CONTACT DATE", 33),
        ("*/mental_health_contact_*_20261013_01.csv", "CareContDate", 33),
        ("R*/acute_daily_*_20261114_01.csv", "START DATE (HOSPITAL PROVIDER SPELL)", 1),
    ],
)
def test_history_ends_where_the_reporting_lag_begins(rows_of: Rows, pattern: str, column: str, lag: int) -> None:
    last, impossible = str(AS_OF - timedelta(days=lag)), str(AS_OF + timedelta(days=365))
    days = [row[column] for row in rows_of(pattern) if row[column] and row[column] < impossible]
    # A small region may have a day on which nothing happens; practices and clinics have weekends.
    assert str(AS_OF - timedelta(days=lag + 3)) <= max(days) <= last


def test_no_stay_is_known_to_end_before_it_does(rows_of: Rows) -> None:
    rows = rows_of("R*/acute_apc_*_20261013_01.csv")
    unfinished = [row for row in rows if not row["DISCHARGE DATE"] and row["CDS UNIQUE IDENTIFIER"][:2] != "BX"]
    assert 1 <= len(unfinished) < 100
    assert not any(row["PRIMARY DIAGNOSIS (ICD)"] or row["DISCHARGE METHOD"] for row in unfinished)


def test_councils_send_twelve_quarters_of_twelve_months_when_they_are_due(receipts: Receipts) -> None:
    cadence, holidays = load_extracts(Path())["social_care_event"].cadence, load_holidays(Path())
    for council in ("E09000014", "E09000019"):
        own = [receipt for _, receipt in receipts if receipt["sender"] == council]
        assert len(own) == 12
        for receipt in own:
            start, end = (date.fromisoformat(str(receipt[name])) for name in ("period_start", "period_end"))
            assert (end + timedelta(days=1)).replace(year=end.year) >= start
            assert 364 <= (end - start).days <= 365
            assert _received(receipt).date() == working_days_after(end, cadence.due_working_days, holidays)
            assert receipt["kind"] == "regular"


def test_council_rows_overlap_their_period_and_no_end_is_foretold(receipts: Receipts) -> None:
    for path, receipt in receipts:
        if receipt["extract"] != "social_care_event":
            continue
        for row in _rows(path):
            assert row["Event_Start_Date"] <= str(receipt["period_end"])
            assert row["Event_End_Date"] == "" or (
                str(receipt["period_start"]) <= row["Event_End_Date"] <= str(receipt["period_end"])
            )
            assert row["Event_End_Date"] or row["Event_Type"] == "Service"


def test_every_night_of_the_second_week_brings_ten_files_in_time(receipts: Receipts, diary: dict[str, object]) -> None:
    late = {e["delivery_id"] for e in diary["second_week"] if e["what"] == "delivery_late"}
    assert len(late) == 1
    for night in range(1, 8):
        day = AS_OF + timedelta(days=night)
        own = [r for _, r in receipts if r["kind"] == "regular" and r["period_start"] == r["period_end"] == str(day)]
        nightly = {(r["extract"], r["sender"]) for r in own}
        assert len(nightly) == 10
        in_time = {(r["extract"], r["sender"]) for r in own if _received(r) < _cut_off(day)}
        assert nightly - in_time == ({("acute_daily", "RAP")} if night == 5 else set())


@pytest.mark.parametrize("size", ["whole_region", "region"])
def test_no_regular_delivery_is_far_shorter_than_others_of_its_kind_of_day(
    size: str, request: pytest.FixtureRequest
) -> None:
    """Practices write little at weekends; on working days, and from month to month, no file is next to empty."""
    sizes: dict[tuple[str, str], list[int]] = {}
    for path in sorted(request.getfixturevalue(size).glob("[!_]*/*.receipt.json")):
        receipt = json.loads(path.read_text())
        day = date.fromisoformat(receipt["period_end"])
        if receipt["kind"] == "regular" and (receipt["period_start"] != receipt["period_end"] or day.weekday() < 5):
            sizes.setdefault((str(receipt["extract"]), str(receipt["sender"])), []).append(int(str(receipt["rows"])))
    judged = {key: counts for key, counts in sizes.items() if sum(counts) / len(counts) >= 15}
    assert len(judged) >= 10
    for key, counts in judged.items():
        assert min(counts) > 0.3 * (sum(counts) / len(counts)), key


def test_a_weekend_brings_little_from_practices_and_as_much_as_ever_from_hospitals(whole_region: Path) -> None:
    rows: dict[tuple[str, bool], int] = {}
    for path in sorted(whole_region.glob("[!_]*/*.receipt.json")):
        receipt = json.loads(path.read_text())
        if receipt["period_start"] == receipt["period_end"]:
            key = (receipt["extract"], date.fromisoformat(receipt["period_end"]).weekday() >= 5)
            rows[key] = rows.get(key, 0) + receipt["rows"]
    assert rows["gp_event", True] / 2 < 0.2 * rows["gp_event", False] / 5
    assert rows["acute_daily", True] / 2 > 0.5 * rows["acute_daily", False] / 5


def test_planted_defects_are_there_in_the_numbers_told(receipts: Receipts, diary: dict[str, object]) -> None:
    kinds_seen: set[str] = set()
    for delivery_id, kinds in diary["history"].items():
        path, receipt = _delivery(receipts, delivery_id)
        rows = _rows(path)
        number = next(name for name in ("NHSNumber", "NHS NUMBER", "NHS_Number") if name in rows[0])
        copies = len(rows) - len({tuple(row.values()) for row in rows})
        assert sum(not row[number] for row in rows) == kinds.get("missing_nhs_number", 0), delivery_id
        invalid = sum(bool(row[number]) and not is_valid(row[number]) for row in rows)
        assert invalid == kinds.get("invalid_check_digit", 0), delivery_id
        assert copies == kinds.get("exact_duplicate", 0), delivery_id
        if receipt["extract"] == "acute_apc":
            unknown = sum(row["ADMISSION METHOD CODE"] == "99" for row in rows)
            assert unknown == kinds["unknown_code"] > 0
        if receipt["extract"] == "gp_event":
            assert sum(row["Value"] == "1200" for row in rows) == kinds["impossible_pressure"] > 0
            assert sum(row["EffectiveDate"] > "2028" for row in rows) == kinds["future_date"] > 0
            early = sum(row["EffectiveDate"] < row["DateOfBirth"] for row in rows)
            assert early == kinds["birth_after_event"] > 0
        kinds_seen |= set(kinds)
        lines = diary["rows"][delivery_id]
        assert {kind: len(numbers) for kind, numbers in lines.items()} == kinds
        assert all(not rows[place - 1][number] for place in lines.get("missing_nhs_number", []))
    assert kinds_seen == {
        "invalid_check_digit",
        "missing_nhs_number",
        "exact_duplicate",
        "future_date",
        "birth_after_event",
        "unknown_code",
        "impossible_pressure",
        "impossible_body_mass",
        "impossible_unit",
        "pseudo_practice",
        "after_death",
    }


def test_the_cut_file_comes_whole_the_next_day_and_the_double_is_the_same_bytes(
    receipts: Receipts, diary: dict[str, object]
) -> None:
    entries = {entry["what"]: entry for entry in diary["second_week"]}
    cut, first = _delivery(receipts, entries["delivery_cut"]["delivery_id"])
    whole, second = _delivery(receipts, entries["delivery_cut"]["whole_in"])
    assert whole.read_bytes().startswith(cut.read_bytes())
    assert _received(second).date() == _received(first).date() + timedelta(days=1)
    once, _ = _delivery(receipts, entries["delivery_twice"]["first_in"])
    twice, _ = _delivery(receipts, entries["delivery_twice"]["delivery_id"])
    assert once.read_bytes() == twice.read_bytes()


def test_corrections_and_withdrawals_replace_rows_sent_before(receipts: Receipts, diary: dict[str, object]) -> None:
    entries = {entry["what"]: entry for entry in diary["second_week"]}
    for what, column, changed in (
        ("stay_corrected", "CDS UNIQUE IDENTIFIER", "PRIMARY DIAGNOSIS (ICD)"),
        ("stay_withdrawn", "CDS UNIQUE IDENTIFIER", "CDS UPDATE TYPE"),
        ("stay_corrected_after_cut_off", "CDS UNIQUE IDENTIFIER", "ADMISSION METHOD CODE"),
        ("entry_corrected", "ObservationID", "Value"),
        ("entry_withdrawn", "ObservationID", "IsDeleted"),
    ):
        path, receipt = _delivery(receipts, entries[what]["delivery_id"])
        new = [row for row in _rows(path) if row[column] == entries[what]["identifier"]]
        old = [
            row
            for other, earlier in receipts
            if earlier["extract"] == receipt["extract"] and _received(earlier) < _received(receipt)
            for row in _rows(other)
            if row[column] == entries[what]["identifier"]
        ]
        assert len(new) == 1, what
        assert old, what
        assert all(row[changed] != new[0][changed] for row in old), what
        if "CDS APPLICABLE DATE TIME" in new[0]:
            assert max(row["CDS APPLICABLE DATE TIME"] for row in old) < new[0]["CDS APPLICABLE DATE TIME"]


def test_the_last_correction_arrives_after_the_second_night_is_closed(
    receipts: Receipts, diary: dict[str, object]
) -> None:
    entry = next(e for e in diary["second_week"] if e["what"] == "stay_corrected_after_cut_off")
    path, receipt = _delivery(receipts, entry["delivery_id"])
    assert _received(receipt) == datetime(2026, 11, 23, 10, tzinfo=UTC) > _cut_off(date(2026, 11, 22))
    row = next(row for row in _rows(path) if row["CDS UNIQUE IDENTIFIER"] == entry["identifier"])
    assert row["START DATE (HOSPITAL PROVIDER SPELL)"] < str(AS_OF)


def test_people_dissent_die_move_and_leave_in_the_second_week(rows_of: Rows, diary: dict[str, object]) -> None:
    entries = {entry["what"]: entry for entry in diary["second_week"]}
    coded = rows_of("GPS0[12]/gp_event_*_2026111[6-9]_*.csv")
    dissent = [row for row in coded if row["Code"] == DISSENT]
    assert [row["NHSNumber"] for row in dissent] == [entries["type_1_dissent"]["nhs_number"]]
    lists = rows_of("GPS0[12]/gp_patient_*_202611[12][0-9]_01.csv")
    weekly = [row for row in lists if row["PatientID"] < "9000000"]

    def last_rows(what: str) -> list[dict[str, str]]:
        own = [row for row in weekly if row["NHSNumber"] == entries[what]["nhs_number"]]
        return list({(row["PracticeCode"], row["PatientID"]): row for row in own}.values())

    day = {what: entry.get("date") for what, entry in entries.items()}
    assert day["death"] in {row["DateOfDeath"] for row in weekly if row["NHSNumber"] == entries["death"]["nhs_number"]}
    assert [row["RegistrationEndDate"] for row in last_rows("deduction")] == [day["deduction"]]
    for what in ("move_within_supplier", "move_across_suppliers"):
        rows = sorted(last_rows(what), key=lambda row: row["RegistrationStartDate"])
        assert len({row["PracticeCode"] for row in rows}) == 2
        assert rows[0]["RegistrationEndDate"] == rows[1]["RegistrationStartDate"] == day[what]


def test_dissent_tied_and_withdrawn_are_in_the_history(rows_of: Rows) -> None:
    by_person: dict[str, list[tuple[str, str]]] = {}
    for row in rows_of("GPS0[12]/gp_event_*_20261114_01.csv"):
        if row["Code"] in (DISSENT, WITHDRAWN):
            by_person.setdefault(row["NHSNumber"], []).append((row["EffectiveDate"], row["Code"]))
    both = [sorted(codes) for codes in by_person.values() if len(codes) == 2]
    assert sum(codes[0][0] == codes[1][0] for codes in both) == 1
    assert sum(codes[0][1] == DISSENT and codes[0][0] < codes[1][0] for codes in both) == 1


def test_community_submission_of_the_second_week_sends_the_month_before_again(receipts: Receipts) -> None:
    path, receipt = next((p, r) for p, r in receipts if r["extract"] == "community_contact" and r["kind"] == "regular")
    rows = _rows(path)
    assert (receipt["period_start"], receipt["period_end"]) == ("2026-10-01", "2026-10-31")
    assert {row["REPORTING PERIOD START DATE"] for row in rows} == {"2026-10-01"}
    assert all("2026-10-01" <= row["CARE CONTACT DATE"] <= "2026-10-31" for row in rows)
    assert len(rows) > 20


def test_hospitals_send_the_last_month_and_the_one_before_it_coded_further(receipts: Receipts) -> None:
    own = [(p, r) for p, r in receipts if r["extract"] == "acute_apc" and r["sender"] == "RKE"]
    flex, freeze = (
        [(p, r) for p, r in own if r["kind"] == "regular"][-1],
        [(p, r) for p, r in own if r["period_end"] == "2026-09-30"][0],
    )

    def uncoded(path: Path) -> float:
        rows = [row for row in _rows(path) if row["DISCHARGE DATE"]]
        return sum(not row["PRIMARY DIAGNOSIS (ICD)"] for row in rows) / len(rows)

    assert flex[1]["period_end"] == "2026-10-31"
    assert uncoded(freeze[0]) < uncoded(flex[0])


def test_contact_identifiers_are_reused_across_referrals(rows_of: Rows) -> None:
    rows = rows_of("RKE/community_contact_*_20261013_01.csv")
    referrals: dict[str, set[str]] = {}
    for row in rows:
        referrals.setdefault(row["CARE CONTACT IDENTIFIER"], set()).add(row["SERVICE REQUEST IDENTIFIER"])
    assert sum(len(found) > 1 for found in referrals.values()) > 20


def test_some_senders_still_use_superseded_numbers_and_some_people_go_by_two(region: Path, rows_of: Rows) -> None:
    people = pq.read_table(region / "_truth" / "people.parquet").to_pylist()
    superseded = {one["superseded_nhs_number"]: one["nhs_number"] for one in people if one["superseded_nhs_number"]}
    others = {one["other_nhs_number"] for one in people if one["other_nhs_number"]}
    assert len(superseded) > 3 and len(others) > 3
    told = {row["SupersededNHSNumber"]: row["CurrentNHSNumber"] for row in rows_of("PDS/nhs_number_change_*.csv")}
    assert told == superseded
    used = {row["NHS_Number"] for row in rows_of("E0*/social_care_event_*.csv")}
    used |= {row["NHS NUMBER"] for row in rows_of("RKE/community_*.csv")}
    assert used & set(superseded)
    assert {row["NHS NUMBER"] for row in rows_of("R*/acute_*.csv")} & others
    assert not {row["NHSNumber"] for row in rows_of("GPS0[12]/gp_event_*.csv")} & {*superseded, *others}
