"""Masks codes whose disclosure the law restricts (code list legally_restricted), and NHS numbers that are withheld.

Before a row leaves the identified zone. The row stays, so that what came in still adds up: only the code, and what was
measured under it, becomes unknown.
"""

from collections.abc import Collection, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.codelist import CodeList

# Extract -> columns that may hold such a code, and the code system each is written in.
CODED: Mapping[str, Mapping[str, str]] = {
    "gp_event": {"snomed_code": "snomed"},
    "acute_apc": {
        "primary_diagnosis": "icd10",
        "secondary_diagnosis_1": "icd10",
        "secondary_diagnosis_2": "icd10",
        "secondary_diagnosis_3": "icd10",
        "treatment_function": "treatment_function",
    },
    "acute_ecds": {"chief_complaint_code": "snomed"},
    "acute_outpatient": {"treatment_function": "treatment_function"},
    "mental_health_contact": {"referral_reason": "mhsds_referral_reason"},
}
# What goes with a masked code because it says as much.
BESIDE: Mapping[str, tuple[str, ...]] = {"gp_event": ("value_number", "value_unit")}
STATUS, WITHHELD = "nhs_number_status", "07"


def mask_restricted(rows: pa.Table, *, extract: str, codelist: CodeList) -> tuple[pa.Table, int]:
    """The rows with every restricted code made null, and how many codes that were."""
    listed, masked = list(codelist.rows()), 0
    for column, system in CODED.get(extract, {}).items():
        if column not in rows.column_names:
            continue
        is_restricted = _restricted(rows[column], [row for row in listed if row["code_system"] == system])
        count = pc.sum(pc.cast(is_restricted, pa.int64())).as_py() or 0
        for name in (column, *BESIDE.get(extract, ())) if count else ():
            rows = _nulled(rows, name, where=is_restricted)
        masked += count
    return rows, masked


def number_columns(number: str, columns: Collection[str]) -> list[str]:
    """Of an extract's columns, those that `without_withheld` needs to see."""
    return [name for name in (number, STATUS) if name in columns]


def without_withheld(rows: pa.Table, *, number: str) -> pa.Table:
    """The rows without the NHS numbers that their sender marks as not to be had: such a row finds no person."""
    if STATUS not in rows.column_names:
        return rows
    return _nulled(rows, number, where=pc.fill_null(pc.equal(rows[STATUS], WITHHELD), False))


def _nulled(rows: pa.Table, name: str, *, where: pa.ChunkedArray) -> pa.Table:
    values = pc.if_else(where, pa.scalar(None, rows[name].type), rows[name])
    return rows.set_column(rows.column_names.index(name), rows.field(name), values)


def _restricted(values: pa.ChunkedArray, listed: list[dict[str, str]]) -> pa.ChunkedArray:
    """Whether each value is a listed code or begins with one that is listed as a prefix; null is not."""
    exact = [row["code"] for row in listed if row["match"] == "exact"]
    found = pc.is_in(values, value_set=pa.array(exact, type=pa.string()))
    for row in listed:
        if row["match"] == "prefix":
            found = pc.or_(found, pc.fill_null(pc.starts_with(values, row["code"]), False))
    return found
