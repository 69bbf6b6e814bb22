"""Where each extract keeps what can be spoilt, and how often each kind of dirty row is found in its history.

Headers are those of the contracts. Shares are of the rows of a history, made up to be life-like; every kind is planted
at least once in a history that has rows for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SYSTOLIC, BODY_MASS = "271649006", "60621009"
_COMMON = {"invalid_check_digit": 0.0004, "missing_nhs_number": 0.0006, "exact_duplicate": 0.0004}
_DATED = {"future_date": 0.0002, "birth_after_event": 0.0002}
_RARE = {kind: share / 10 for kind, share in (_COMMON | _DATED).items()}


@dataclass(frozen=True)
class Shape:
    """Columns of one extract that dirt touches; values are what a spoilt row holds.

    identifier: given a number of its own, so that no good row is taken for a repeat. date: what happened. empties:
    columns a row with an impossible date leaves empty. sets: columns it fills. unknown: column and code nobody knows.
    version: column and value of a newer version of the same row. withdrawn: column and value that take a row back.
    """

    identifier: str
    prefix: str
    nhs_number: str
    birth_date: str
    date: str
    shares: Mapping[str, float]
    empties: tuple[str, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, str] = ("", "")
    withdrawn: tuple[str, str] = ("", "")
    practice: str = ""
    local: str = ""


_GP: dict[str, Any] = {"nhs_number": "NHSNumber", "birth_date": "DateOfBirth", "withdrawn": ("IsDeleted", "1")}
_CDS_PEOPLE: dict[str, Any] = {
    "nhs_number": "NHS NUMBER",
    "birth_date": "PERSON BIRTH DATE",
    "practice": "GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)",
}
_CDS: dict[str, Any] = {
    **_CDS_PEOPLE,
    "identifier": "CDS UNIQUE IDENTIFIER",
    "prefix": "BX",
    "withdrawn": ("CDS UPDATE TYPE", "1"),
}
_CSDS: dict[str, Any] = {
    "nhs_number": "NHS NUMBER",
    "birth_date": "PERSON BIRTH DATE",
    "local": "LOCAL PATIENT IDENTIFIER (EXTENDED)",
}
_MHSDS: dict[str, Any] = {"nhs_number": "NHSNumber", "birth_date": "PersonBirthDate", "local": "LocalPatientId"}

SHAPES: dict[str, Shape] = {
    "gp_patient": Shape(
        identifier="PatientID",
        prefix="9",
        date="RegistrationStartDate",
        unknown=("GenderCode", "7"),
        shares=_COMMON | _DATED | {"unknown_code": 0.0002},
        **_GP,
    ),
    "gp_event": Shape(
        identifier="ObservationID",
        prefix="O-",
        date="EffectiveDate",
        unknown=("IsDeleted", "7"),
        shares=_RARE
        | {"impossible_pressure": 0.00003, "impossible_body_mass": 0.00001, "impossible_unit": 0.00002}
        | {"unknown_code": 0.00001, "after_death": 0.00002},
        **_GP,
    ),
    "gp_medication": Shape(
        identifier="MedicationOrderID",
        prefix="M-",
        date="IssueDate",
        unknown=("IsDeleted", "7"),
        shares=_RARE | {"unknown_code": 0.00001},
        **_GP,
    ),
    "acute_daily": Shape(
        identifier="HOSPITAL PROVIDER SPELL NUMBER",
        prefix="X",
        date="START DATE (HOSPITAL PROVIDER SPELL)",
        empties=("DISCHARGE DATE", "DISCHARGE METHOD"),
        sets={"MESSAGE TYPE": "A"},
        unknown=("ADMISSION METHOD CODE", "99"),
        withdrawn=("MESSAGE TYPE", "X"),
        shares={**_COMMON, **_DATED, "missing_nhs_number": 0.004, "unknown_code": 0.0006},
        **_CDS_PEOPLE,
    ),
    "acute_apc": Shape(
        date="START DATE (HOSPITAL PROVIDER SPELL)",
        empties=("DISCHARGE DATE", "DISCHARGE METHOD", "END DATE (EPISODE)"),
        unknown=("ADMISSION METHOD CODE", "99"),
        shares={**_COMMON, **_DATED, "missing_nhs_number": 0.004, "unknown_code": 0.0006, "pseudo_practice": 0.0006},
        **_CDS,
    ),
    "acute_ecds": Shape(
        date="EMERGENCY CARE ARRIVAL DATE",
        empties=("EMERGENCY CARE DEPARTURE DATE",),
        unknown=("EMERGENCY CARE DEPARTMENT TYPE", "99"),
        shares={
            **_COMMON,
            **_DATED,
            "missing_nhs_number": 0.008,
            "unknown_code": 0.0003,
            "pseudo_practice": 0.0006,
            "after_death": 0.0002,
        },
        **_CDS,
    ),
    "acute_outpatient": Shape(
        date="APPOINTMENT DATE",
        sets={"ATTENDED OR DID NOT ATTEND CODE": "5"},
        unknown=("ATTENDED OR DID NOT ATTEND CODE", "9"),
        shares={**_COMMON, **_DATED, "unknown_code": 0.0002, "pseudo_practice": 0.0003, "after_death": 0.0001},
        **_CDS,
    ),
    "community_referral": Shape(
        identifier="SERVICE REQUEST IDENTIFIER",
        prefix="SR-X",
        date="REFERRAL REQUEST RECEIVED DATE",
        empties=("SERVICE DISCHARGE DATE",),
        shares=_COMMON | _DATED,
        **_CSDS,
    ),
    "community_contact": Shape(
        identifier="CARE CONTACT IDENTIFIER",
        prefix="CC-",
        date="CARE CONTACT DATE",
        unknown=("ATTENDANCE STATUS", "9"),
        shares=_COMMON | _DATED | {"unknown_code": 0.0002},
        **_CSDS,
    ),
    "mental_health_contact": Shape(
        identifier="CareContactId",
        prefix="MX-",
        date="CareContDate",
        unknown=("AttendStatus", "9"),
        shares=_COMMON | _DATED | {"unknown_code": 0.0002},
        **_MHSDS,
    ),
    "mental_health_spell": Shape(
        identifier="HospProvSpellNum",
        prefix="MS-X",
        date="StartDateHospProvSpell",
        empties=("DischDateHospProvSpell",),
        unknown=("AdmMethCodeHospProvSpell", "99"),
        shares=_COMMON | _DATED | {"unknown_code": 0.001},
        **_MHSDS,
    ),
    "social_care_event": Shape(
        identifier="LA_Person_Unique_Identifier",
        prefix="C-",
        nhs_number="NHS_Number",
        birth_date="Date_of_Birth",
        date="Event_Start_Date",
        practice="GP_Practice_Code",
        shares={"invalid_check_digit": 0.002, "missing_nhs_number": 0.02, "exact_duplicate": 0.002},
    ),
}
