"""What the landed files say of a person, read with `csv` alone: no query, no rule and no table of the pipeline.

The rules of intake that matter here are written down once more in plain words: what came before the night is known, a
row that is taken back is gone, of one key the newest version counts, a period sent again replaces itself, and what
cannot be (a date ahead of the delivery or before birth, a code that nobody knows) was never taken in.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

Row = dict[str, str]

# Extract: (number, birth, what happened when, key, version, column and value that take a row back).
SHAPES: dict[str, tuple[str, str, str, tuple[str, ...], str | None, tuple[str, str] | None]] = {
    "gp_event": ("NHSNumber", "DateOfBirth", "EffectiveDate", ("ObservationID",), None, ("IsDeleted", "1")),
    "gp_medication": ("NHSNumber", "DateOfBirth", "IssueDate", ("MedicationOrderID",), None, ("IsDeleted", "1")),
    "acute_apc": (
        "NHS NUMBER",
        "PERSON BIRTH DATE",
        "START DATE (HOSPITAL PROVIDER SPELL)",
        ("CDS UNIQUE IDENTIFIER",),
        "CDS APPLICABLE DATE TIME",
        ("CDS UPDATE TYPE", "1"),
    ),
    "acute_daily": (
        "NHS NUMBER",
        "PERSON BIRTH DATE",
        "START DATE (HOSPITAL PROVIDER SPELL)",
        ("ORGANISATION CODE (CODE OF PROVIDER)", "HOSPITAL PROVIDER SPELL NUMBER"),
        "MESSAGE DATE TIME",
        ("MESSAGE TYPE", "X"),
    ),
    "acute_ecds": (
        "NHS NUMBER",
        "PERSON BIRTH DATE",
        "EMERGENCY CARE ARRIVAL DATE",
        ("CDS UNIQUE IDENTIFIER",),
        "CDS APPLICABLE DATE TIME",
        ("CDS UPDATE TYPE", "1"),
    ),
    "acute_outpatient": (
        "NHS NUMBER",
        "PERSON BIRTH DATE",
        "APPOINTMENT DATE",
        ("CDS UNIQUE IDENTIFIER",),
        "CDS APPLICABLE DATE TIME",
        ("CDS UPDATE TYPE", "1"),
    ),
    "community_contact": (
        "NHS NUMBER",
        "PERSON BIRTH DATE",
        "CARE CONTACT DATE",
        ("SERVICE REQUEST IDENTIFIER", "CARE CONTACT IDENTIFIER"),
        "REPORTING PERIOD END DATE",
        None,
    ),
    "community_referral": (
        "NHS NUMBER",
        "PERSON BIRTH DATE",
        "REFERRAL REQUEST RECEIVED DATE",
        ("SERVICE REQUEST IDENTIFIER",),
        "REPORTING PERIOD END DATE",
        None,
    ),
    "mental_health_contact": (
        "NHSNumber",
        "PersonBirthDate",
        "CareContDate",
        ("ServiceRequestId", "CareContactId"),
        "ReportingPeriodEndDate",
        None,
    ),
    "mental_health_spell": (
        "NHSNumber",
        "PersonBirthDate",
        "StartDateHospProvSpell",
        ("HospProvSpellNum",),
        "ReportingPeriodEndDate",
        None,
    ),
    "social_care_event": (
        "NHS_Number",
        "Date_of_Birth",
        "Event_Start_Date",
        (
            "LA_Code",
            "LA_Person_Unique_Identifier",
            "Client_Type",
            "Event_Type",
            "Event_Start_Date",
            "Request_Route_of_Access",
            "Assessment_Type",
            "Service_Type",
            "Service_Component",
            "Review_Reason",
        ),
        "Reporting_Period_End_Date",
        None,
    ),
}


# Codes that no standard knows, as a history holds a few of: a row with one of them is not taken in.
UNKNOWN = {
    "IsDeleted": {"7"},
    "ADMISSION METHOD CODE": {"99"},
    "EMERGENCY CARE DEPARTMENT TYPE": {"99"},
    "AdmMethCodeHospProvSpell": {"99"},
}


# What comes by the month or quarter, so that it matters how far it reaches.
BY_PERIOD = ("community_contact", "social_care_event")


@dataclass
class Landed:
    """Rows of the people asked for, by extract, as known on the evening of a day; and their households."""

    rows: dict[str, dict[str, list[Row]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    people: dict[str, Row] = field(default_factory=dict)
    # By extract and sender, the last day that any row of anybody tells of.
    reach: dict[tuple[str, str], date] = field(default_factory=dict)

    def of(self, number: str, extract: str) -> list[Row]:
        return self.rows[extract].get(number, [])


def read_landed(landing: Path, *, as_of: date, numbers: set[str]) -> Landed:
    """Everything the landed files of the day and before say of these NHS numbers."""
    files = sorted(_known_files(landing, as_of), key=lambda known: (known[1], known[0].name))
    renamed = _renamed(files)
    found = Landed()
    for extract, (number, birth, when, key, version, gone) in SHAPES.items():
        kept: dict[tuple[str, ...], tuple[tuple[str, ...], Row]] = {}
        of_extract = [known for known in files if known[0].name.startswith(f"{extract}_")]
        for path, received in _latest_period(of_extract) if extract == "social_care_event" else of_extract:
            sender = path.parent.name
            for row in _read(path):
                if extract in BY_PERIOD and _can_be(row, birth, when, received):
                    _reaches(found, extract, sender, row[when], as_of=as_of)
                row[number] = renamed.get(row[number], row[number])
                if row[number] not in numbers or not _can_be(row, birth, when, received):
                    continue
                row["_sender"] = sender
                place = (sender, *(row[name] for name in key))
                order = (row[version] if version else "", received)
                if place not in kept or order >= kept[place][0]:
                    kept[place] = (order, row)
        for _, row in kept.values():
            if gone is None or row[gone[0]] != gone[1]:
                found.rows[extract][row[number]].append(row)
    return found


def _reaches(found: Landed, extract: str, sender: str, told: str, *, as_of: date) -> None:
    day = date.fromisoformat(told) if told else date.min
    if day <= as_of:
        found.reach[extract, sender] = max(day, found.reach.get((extract, sender), day))


def renamed_numbers(landing: Path) -> set[str]:
    """Every NHS number that a file of changes names, old and new."""
    changed: set[str] = set()
    for path in landing.glob("PDS/nhs_number_change_*.csv"):
        for row in _read(path):
            changed |= {row["SupersededNHSNumber"], row["CurrentNHSNumber"]}
    return changed


def _known_files(landing: Path, as_of: date) -> Iterator[tuple[Path, str]]:
    for receipt in landing.glob("*/*.receipt.json"):
        path = receipt.with_name(receipt.name.replace(".receipt.json", ".csv"))
        received = json.loads(receipt.read_text())["received_at"]
        if path.exists() and received <= f"{as_of + timedelta(days=1)}T01:00:00Z":
            yield path, received


def _latest_period(files: list[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    """Of each council the submission of the latest period, sent last: it replaces all others whole."""
    newest: dict[str, tuple[str, str, Path]] = {}
    for path, received in files:
        ends = max((row["Reporting_Period_End_Date"] for row in _read(path)), default="")
        sender = path.parent.name
        if sender not in newest or (ends, received) >= newest[sender][:2]:
            newest[sender] = (ends, received, path)
    yield from ((path, received) for _, received, path in newest.values())


def _read(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as handle:
        yield from csv.DictReader(handle)


def _renamed(files: list[tuple[Path, str]]) -> dict[str, str]:
    return {
        row["SupersededNHSNumber"]: row["CurrentNHSNumber"]
        for path, _ in files
        if path.name.startswith("nhs_number_change_")
        for row in _read(path)
    }


def _can_be(row: Row, birth: str, when: str, received: str) -> bool:
    """Not ahead of the delivery (an appointment may be), not before birth, and without a code that nobody knows."""
    if any(row.get(column) in unknown for column, unknown in UNKNOWN.items()):
        return False
    ahead = row[when] > received[:10] and when != "APPOINTMENT DATE"
    return bool(row[when]) and not ahead and not (row[birth] and row[when] < row[birth])
