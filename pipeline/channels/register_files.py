"""The register as files for machines and spreadsheets: CSV for practice and locality, and the manifest beside them.

Columns and their order come from expectations/outputs. Only bytes are made here: nothing is written to disk, and
the same pack always makes the same bytes.
"""

import csv
import hashlib
import io
import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from pipeline.channels.correction_files import told_in_manifest
from pipeline.channels.page_answers import is_plan_overdue, is_without_contact
from pipeline.channels.page_text import news
from pipeline.contracts.answers import disagreement_words, nomination_words, printed
from pipeline.contracts.register import LocalityPack, LocalityRow, PracticePack, RegisterPerson
from pipeline.contracts.register_dictionary import (
    Column,
    OutputContract,
    locality_contract,
    practice_contract,
    risk_band,
)
from pipeline.errors import ContractError

# What a spreadsheet takes for a formula, by its first character, full-width twins included. Source: OWASP,
# "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
# Characters that reorder the text around them, so that a name could pose as something else.
BIDIRECTIONAL_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Cell = str | int | Decimal | date | bool | None


def practice_csv(pack: PracticePack) -> bytes:
    """One row per person by rank, columns as in expectations/outputs/register.yml; UTF-8 with BOM, CRLF, all quoted."""
    contract = practice_contract()
    return csv_bytes(contract, [practice_cells(pack, person) for person in pack.people])


def locality_csv(pack: LocalityPack) -> bytes:
    """Pseudonymous rows by rank, columns as in locality_register.yml; same form as the practice's."""
    return csv_bytes(locality_contract(), [_locality_cells(row) for row in pack.rows])


def register_file_name(pack: PracticePack, extension: str) -> str:
    """RISKREG_<practice>_<yyyymmdd>_r<revision>.<extension>: no personal data, ASCII."""
    return f"RISKREG_{pack.practice_code}_{pack.as_of:%Y%m%d}_r{pack.revision}.{extension}"


def locality_file_name(pack: LocalityPack, extension: str) -> str:
    """RISKLOC_<locality>_<yyyymmdd>_r<revision>.<extension>."""
    return f"RISKLOC_{pack.locality_code}_{pack.as_of:%Y%m%d}_r{pack.revision}.{extension}"


def manifest(
    pack: PracticePack | LocalityPack, files: Mapping[str, bytes], *, counts: Mapping[str, int], signing_key: str
) -> bytes:
    """Canonical JSON that names the run, what it was made of, and each file's size and digest; no person in it.

    `signing_key` is the id of the key whose signature lies beside it.
    """
    content: dict[str, object] = {
        "schema": "register-manifest/1",
        "run_key": pack.run_key,
        "signing_key": signing_key,
        "as_of": pack.as_of,
        "index_date": pack.index_date,
        "revision": pack.revision,
        "supersedes": pack.supersedes,
        **told_in_manifest(pack),
        "model_id": pack.model_id,
        "source_set": pack.source_set,
        "policy": {"name": pack.policy_name, "is_fictitious": pack.is_fictitious},
        "counts": dict(counts),
        "sources": [asdict(source) for source in sorted(pack.sources, key=lambda source: source.source)],
        "files": [
            {"name": name, "bytes": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
            for name in sorted(files)
        ],
    }
    if isinstance(pack, PracticePack):
        content |= {
            "practice_code": pack.practice_code,
            "edition_number": pack.edition_number,
            "previous_as_of": pack.previous_as_of,
            "notices": pack.notices,
            "register_contract_version": practice_contract().register_contract_version,
        }
    else:
        content |= {
            "locality_code": pack.locality_code,
            "locality_kind": pack.kind,
            "basis": pack.basis,
            "planning": {"bases": pack.planning, "why_no_counts": pack.why_no_counts},
            "register_contract_version": locality_contract().register_contract_version,
        }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False, default=_json_value)
    return (text + "\n").encode("utf-8")


def plain(text: str) -> str:
    """Text on one line: control characters become spaces, and those that reorder their surroundings go."""
    return "".join(
        " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter
        for letter in text
        if letter not in BIDIRECTIONAL_CONTROLS
    )


def inert(text: str) -> str:
    """Free text that no spreadsheet will run: the rule stated in register.yml under `formula_rule`."""
    line = plain(text)
    # Looked at before and after cleaning: a line end counts, and so does what a removed character was hiding.
    firsts = {start[:1] for start in (text, line.lstrip(" \u00a0\u200b\ufeff"))} - {""}
    return ("'" if firsts & set(FORMULA_STARTS) else "") + line


def practice_cells(pack: PracticePack, person: RegisterPerson) -> dict[str, Cell]:
    """What stands in a person's row, by column of register.yml; the workbook writes the same."""
    reasons = dict(zip((f"reason_{n}" for n in range(1, 6)), (*person.reasons, *[None] * 5), strict=False))
    return {
        "nhs_number": person.nhs_number,
        "family_name": person.family_name,
        "given_name": person.given_name,
        "birth_date": person.birth_date,
        "age_years": person.age_years,
        "sex": person.sex,
        "practice_code": pack.practice_code,
        "as_of_date": pack.as_of,
        "edition_number": pack.edition_number,
        "revision": pack.revision,
        "listing": person.listing,
        "rank": person.rank,
        "rank_before": person.rank_before,
        "change": person.change,
        "risk_pct": in_100(person.risk_score),
        "risk_before_pct": in_100(person.risk_before),
        "risk_band": risk_band(person.risk_score).title,
        "first_listed_on": person.first_listed_on,
        "editions_on_register": person.editions_on_register,
        "segment": person.segment,
        "segment_title": person.segment_title,
        **reasons,
        "against": person.against,
        "not_in_gp_record": "; ".join(person.not_in_gp_record),
        "emergency_admissions_12m": person.emergency_admissions_12m,
        "emergency_admission_last_date": person.emergency_admission_last_date,
        "emergency_attendances_12m": person.emergency_attendances_12m,
        "in_hospital_since": person.in_hospital_since,
        "long_term_conditions": "; ".join(person.long_term_conditions),
        "lives_in": person.lives_in,
        "has_home_care": person.has_home_care,
        "data_gaps": "; ".join(person.data_gaps),
        "practice_key": person.practice_key,
        "run_key": pack.run_key,
        "model_id": pack.model_id,
        "register_contract_version": practice_contract().register_contract_version,
        "segment_before": person.segment_before_title,
        "need_tier": person.need_tier_title,
        **printed(person.answers),
        "answers_disagree": disagreement_words(person.answers),
        "nomination": nomination_words(person.answers),
        **_standing_cells(pack, person),
    }


def _standing_cells(pack: PracticePack, person: RegisterPerson) -> dict[str, Cell]:
    """What helps to plan: frailty, needs, what happened since the last edition, and what is due."""
    return {
        "frailty": person.frailty,
        "palliative_care": person.is_palliative,
        "carer": person.is_carer,
        "needs_interpreter": person.needs_interpreter,
        "discharged_on": person.discharged_on,
        "attendances_since": person.attendances_since,
        "last_gp_contact_date": person.last_gp_contact_date,
        "care_plan_overdue": is_plan_overdue(pack, person),
        "no_contact_since_discharge": is_without_contact(pack, person),
        "link_note": person.link_note,
        "new_since": news(person),
    }


def _locality_cells(row: LocalityRow) -> dict[str, Cell]:
    return {
        "practice_code": row.practice_code,
        "rank": row.rank,
        "rank_in_practice": row.rank_in_practice,
        "risk_band": risk_band(row.risk_score).title,
        "segment": row.segment,
        "practice_key": row.practice_key,
    }


def csv_bytes(contract: OutputContract, rows: list[dict[str, Cell]]) -> bytes:
    """Rows as declared; raises ContractError when the code fills other columns than the declaration names."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([column.name for column in contract.columns])
    declared = {column.name for column in contract.columns}
    for row in rows:
        if row.keys() != declared:
            raise ContractError(
                "The writer and the declaration name different columns",
                where=f"{contract.output}.yml: {', '.join(sorted(row.keys() ^ declared))}",
            )
        writer.writerow([csv_cell(column, row[column.name]) for column in contract.columns])
    return ("\ufeff" + out.getvalue()).encode("utf-8")


# Each kind of column accepts one kind of value, so that nothing but text can ever carry a formula.
_WRITERS: dict[str, tuple[type, Callable[..., str]]] = {
    "nhs_number": (str, lambda value: value),
    "text": (str, inert),
    "code": (str, inert),
    "integer": (int, str),
    "decimal": (Decimal, lambda value: f"{value:.1f}"),
    "date": (date, date.isoformat),
    "slashed_date": (date, lambda value: f"{value:%d/%m/%Y}"),
    "yes_no": (bool, lambda value: "yes" if value else "no"),
}


def csv_cell(column: Column, value: Cell) -> str:
    """The value as text; None is empty."""
    checked(column, value)
    return "" if value is None else _WRITERS[column.type][1](value)


def checked(column: Column, value: Cell) -> None:
    """Raises ContractError, without the value, when it is of another kind than its column's."""
    kind, _ = _WRITERS[column.type]
    if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise ContractError(f"A {type(value).__name__} stands in a column declared as {column.type}", where=column.name)


def in_100(risk: Decimal | None) -> Decimal | None:
    return None if risk is None else (risk * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def _json_value(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise ContractError(f"A {type(value).__name__} cannot stand in a manifest", where="manifest")
