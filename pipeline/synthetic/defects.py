"""Dirty rows, as suppliers send them: planted as further rows, so that what is true of a person stays in the data.

Every kind is counted; an exact duplicate keeps its identifiers, all others get identifiers of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.synthetic.gp import BODY_MASS, SYSTOLIC
from pipeline.synthetic.rows import Rows, joined

# Share of the rows of a history that each kind adds.
_COMMON = {"invalid_check_digit": 0.0004, "missing_nhs_number": 0.0006, "exact_duplicate": 0.0004}
_DATED = {"future_date": 0.0002, "birth_after_event": 0.0002}


def soil(rows: Rows, *, extract: str, future: int, rng: np.random.Generator) -> tuple[Rows, dict[str, int]]:
    """The rows with defects among them, and how many of each kind. `future` is the day number of impossible dates."""
    shape = SHAPES[extract]
    dirty: list[Rows] = []
    counts: dict[str, int] = {}
    for kind, share in shape.kinds.items():
        candidates = _candidates(rows, kind)
        if not len(candidates):
            continue
        count = max(1, round(share * len(rows.person)))
        chosen = rows.take(candidates[rng.integers(0, len(candidates), count)])
        table = chosen.table
        if kind != "exact_duplicate":
            serial = sum(counts.values())
            identifiers = [f"{shape.prefix}{9_000_000 + serial + k}" for k in range(count)]
            table = _set(table, shape.identifier, identifiers)
        table = _spoil(table, kind, shape=shape, future=future)
        dirty.append(Rows(table, chosen.person, chosen.day, chosen.sender))
        counts[kind] = count
    both = joined([rows, *dirty])
    places = np.append(np.arange(len(rows.person)), rng.uniform(0, len(rows.person), sum(counts.values())))
    return both.take(np.argsort(places, kind="stable")), counts


def _candidates(rows: Rows, kind: str) -> np.ndarray:
    wanted = {"impossible_pressure": SYSTOLIC, "impossible_body_mass": BODY_MASS}.get(kind)
    if wanted is None:
        return np.arange(len(rows.person))
    return np.flatnonzero(np.array(rows.table["Code"].to_pylist(), dtype=object) == wanted)


def _spoil(table: pa.Table, kind: str, *, shape: "Shape", future: int) -> pa.Table:
    numbers, happened = table[shape.nhs_number].to_pylist(), table[shape.date].to_pylist()
    if kind == "invalid_check_digit":
        return _set(table, shape.nhs_number, [n[:9] + str((int(n[9]) + 1) % 10) for n in numbers])
    if kind == "missing_nhs_number":
        table = _set(table, shape.nhs_number, [None] * len(numbers))
        status = "NHS NUMBER STATUS INDICATOR CODE"
        return _set(table, status, ["04"] * len(numbers)) if status in table.column_names else table
    if kind == "future_date":
        table = _set(table, shape.date, [str(np.datetime64(future + k, "D")) for k in range(len(numbers))])
        for header in shape.ends:
            table = _set(table, header, [None] * len(numbers))
        return table
    if kind == "birth_after_event":
        return _set(table, shape.birth_date, [str(np.datetime64(day) + 30) for day in happened])
    if kind == "unknown_admission_method":
        return _set(table, "ADMISSION METHOD CODE", ["99"] * len(numbers))
    if kind == "impossible_pressure":
        return _set(table, "Value", ["1200"] * len(numbers))
    if kind == "impossible_body_mass":
        return _set(table, "Value", ["430"] * len(numbers))
    return table


def _set(table: pa.Table, header: str, values: Sequence[str | None]) -> pa.Table:
    return table.set_column(table.column_names.index(header), header, pa.array(values, pa.string()))


def impossible_day(last: int) -> int:
    """A day no delivery of these weeks can hold: two years on."""
    return last + 730


@dataclass(frozen=True)
class Shape:
    """Where a kind of row keeps what can be spoilt, and the share of each kind."""

    identifier: str
    prefix: str
    nhs_number: str
    birth_date: str
    date: str
    kinds: dict[str, float]
    ends: tuple[str, ...] = ()


_CDS: dict[str, Any] = {
    "identifier": "CDS UNIQUE IDENTIFIER",
    "nhs_number": "NHS NUMBER",
    "birth_date": "PERSON BIRTH DATE",
}
_GP: dict[str, Any] = {"nhs_number": "NHSNumber", "birth_date": "DateOfBirth"}
SHAPES = {
    "gp_patient": Shape("PatientID", "", **_GP, date="RegistrationStartDate", kinds=_COMMON | _DATED),
    "gp_event": Shape(
        "ObservationID",
        "O-",
        **_GP,
        date="EffectiveDate",
        kinds={kind: share / 10 for kind, share in (_COMMON | _DATED).items()}
        | {"impossible_pressure": 0.00003, "impossible_body_mass": 0.00001},
    ),
    "gp_medication": Shape(
        "MedicationOrderID",
        "M-",
        **_GP,
        date="IssueDate",
        kinds={kind: share / 10 for kind, share in (_COMMON | _DATED).items()},
    ),
    "acute_apc": Shape(
        prefix="BX",
        **_CDS,
        date="START DATE (HOSPITAL PROVIDER SPELL)",
        kinds={**_COMMON, **_DATED, "missing_nhs_number": 0.004, "unknown_admission_method": 0.0006},
        ends=("DISCHARGE DATE", "DISCHARGE METHOD", "END DATE (EPISODE)"),
    ),
    "acute_ecds": Shape(
        prefix="BX",
        **_CDS,
        date="EMERGENCY CARE ARRIVAL DATE",
        kinds={**_COMMON, **_DATED, "missing_nhs_number": 0.008},
        ends=("EMERGENCY CARE DEPARTURE DATE",),
    ),
    "community_contact": Shape(
        "CARE CONTACT IDENTIFIER",
        "CC-",
        "NHS NUMBER",
        "PERSON BIRTH DATE",
        "CARE CONTACT DATE",
        kinds=_COMMON | _DATED,
    ),
    "social_care_event": Shape(
        "LA_Person_Unique_Identifier",
        "C-",
        "NHS_Number",
        "Date_of_Birth",
        "Event_Start_Date",
        kinds={"invalid_check_digit": 0.002, "missing_nhs_number": 0.02, "exact_duplicate": 0.002},
    ),
}
