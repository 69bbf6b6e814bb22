"""The CSV files and the manifest: columns as declared, inert in a spreadsheet, the same bytes every time."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented_packs import empty_pack, locality_pack, practice_pack

from pipeline.channels import register_files
from pipeline.channels.register_files import (
    inert,
    locality_csv,
    locality_file_name,
    manifest,
    practice_csv,
    register_file_name,
)
from pipeline.contracts.register_dictionary import locality_contract, practice_contract
from pipeline.errors import ContractError

GOLDEN = Path(__file__).parent / "golden"


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def with_first(pack, **changes: object):
    return replace(pack, people=(replace(pack.people[0], **changes), *pack.people[1:]))


def test_columns_stand_in_the_declared_order() -> None:
    header = practice_csv(empty_pack()).decode("utf-8-sig")
    assert header == ",".join(f'"{column.name}"' for column in practice_contract().columns) + "\r\n"
    header = locality_csv(locality_pack()).decode("utf-8-sig").split("\r\n")[0]
    assert header == ",".join(f'"{column.name}"' for column in locality_contract().columns)


@pytest.mark.parametrize("fault", ["missing", "unwritten"])
def test_code_and_declaration_may_not_differ(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    declared = practice_contract()
    columns = declared.columns[:-1]
    if fault == "unwritten":
        columns = (*declared.columns, declared.columns[-1].model_copy(update={"name": "shoe_size"}))
    other = declared.model_copy(update={"columns": columns})
    monkeypatch.setattr(register_files, "practice_contract", lambda: other)
    with pytest.raises(ContractError, match=declared.columns[-1].name if fault == "missing" else "shoe_size"):
        practice_csv(practice_pack(1, kept=0))


def test_the_first_rows_are_as_reviewed() -> None:
    written = practice_csv(practice_pack(3, kept=1))
    assert written == (GOLDEN / "register.csv").read_bytes()


def test_form_is_utf8_with_a_mark_crlf_and_every_cell_quoted() -> None:
    content = practice_csv(practice_pack(4))
    assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
    lines = content.decode("utf-8-sig").split("\r\n")[:-1]
    assert len(lines) == 1 + 4 + 3
    assert not any("\n" in line or "\r" in line for line in lines)
    assert all(line.startswith('"') and line.endswith('"') and ",," not in line for line in lines)


def test_unknown_is_empty_and_nought_is_nought() -> None:
    pack = with_first(
        practice_pack(1, kept=0),
        rank_before=None,
        risk_before=None,
        sex=None,
        against=None,
        has_home_care=None,
        emergency_admissions_12m=None,
        emergency_admission_last_date=None,
        emergency_attendances_12m=0,
        reasons=(),
        not_in_gp_record=(),
    )
    row = rows_of(practice_csv(pack))[0]
    for name in [
        "rank_before",
        "risk_before_pct",
        "sex",
        "against",
        "has_home_care",
        "emergency_admissions_12m",
        "emergency_admission_last_date",
        "in_hospital_since",
        "reason_1",
        "reason_5",
        "not_in_gp_record",
        "status",
        "status_date",
        "status_note",
    ]:
        assert row[name] == "", name
    assert row["emergency_attendances_12m"] == "0"
    assert not {"nan", "none", "nat", "null"} & {value.lower() for value in row.values()}


def test_values_are_written_as_declared() -> None:
    pack = with_first(
        practice_pack(1, kept=0), risk_score=Decimal("0.624499"), has_home_care=False, birth_date=date(1941, 3, 9)
    )
    row = rows_of(practice_csv(pack))[0]
    assert row["nhs_number"] == pack.people[0].nhs_number and row["nhs_number"].isdigit()
    assert (row["risk_pct"], row["risk_band"]) == ("62.4", "Very high")
    assert (row["has_home_care"], row["birth_date"]) == ("no", "1941-03-09")
    row = rows_of(practice_csv(with_first(pack, in_hospital_since=date(2026, 11, 12))))[0]
    assert row["in_hospital_since"] == "2026-11-12"


@pytest.mark.parametrize("value", ["'1", float("nan"), True, 1.5])
def test_a_value_of_another_kind_is_refused_and_not_shown(value: object) -> None:
    with pytest.raises(ContractError, match="declared as integer") as refusal:
        practice_csv(with_first(practice_pack(1, kept=0), age_years=value))
    assert "nan" not in str(refusal.value) and "'1" not in str(refusal.value)


HOSTILE = (
    '=HYPERLINK("http://example.invalid","x")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "  =1+1",
    "\u00a0=1+1",
    "\u202a=1+1",
    "\x00=1+1",
    "\u200b=1+1",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("column", ["family_name", "segment", "segment_title", "against", "reasons"])
def test_no_cell_is_a_formula(text: str, column: str) -> None:
    value = (text,) if column == "reasons" else text
    row = rows_of(practice_csv(with_first(practice_pack(1, kept=0), **{column: value})))[0]
    cell = row["reason_1" if column == "reasons" else column]
    assert cell.startswith("'") and len(cell) > 1


@given(st.text(max_size=40))
def test_any_text_is_one_inert_line(text: str) -> None:
    cell = inert(text)
    assert cell.lstrip(" \u00a0")[:1] not in tuple("=+-@＝＋－＠")
    assert not {"\r", "\n", "\t", "\0", "\u2028"} & set(cell)
    read = list(csv.reader(io.StringIO('"' + cell.replace('"', '""') + '"\r\n', newline="")))
    assert read == [[cell]]


def test_harmless_text_is_left_alone() -> None:
    for text in ("O'Dowd", "Świderska", "Patel-Lowe", "fell 3 = times", "", "1 - 2"):
        assert inert(text) == text


def test_the_same_pack_makes_the_same_bytes_whatever_its_order() -> None:
    pack = practice_pack(30)
    shuffled = replace(pack, people=pack.people[::-1])
    assert practice_csv(pack) == practice_csv(shuffled)
    assert locality_csv(locality_pack()) == locality_csv(replace(locality_pack(), rows=locality_pack().rows[::-1]))


def test_the_locality_list_names_nobody() -> None:
    text = locality_csv(locality_pack()).decode("utf-8-sig")
    assert "999000" not in text and "Okafor" not in text
    assert [row["risk_band"] for row in rows_of(text.encode())][:2] == [
        "Highest",
        "Extremely high",
    ] and "0.9" not in text
    assert [row["rank"] for row in rows_of(text.encode())] == [str(rank) for rank in range(1, 13)]


def test_file_names_hold_practice_date_and_revision_only() -> None:
    assert register_file_name(practice_pack(1), "csv") == "RISKREG_F83999_20261122_r1.csv"
    assert register_file_name(replace(practice_pack(1), revision=2), "html") == "RISKREG_F83999_20261122_r2.html"
    assert locality_file_name(locality_pack(), "csv") == "RISKLOC_U99999_20261122_r1.csv"


def test_the_manifest_seals_the_files_and_names_the_run() -> None:
    pack = practice_pack(3)
    files = {"b.html": b"page", "a.csv": practice_csv(pack)}
    sealed = manifest(pack, files, counts={"listed": 6, "left": 3}, signing_key="k1")
    content = json.loads(sealed)
    assert [entry["name"] for entry in content["files"]] == ["a.csv", "b.html"]
    assert content["files"][1] == {"name": "b.html", "bytes": 4, "sha256": hashlib.sha256(b"page").hexdigest()}
    assert content["schema"] == "register-manifest/1" and content["practice_code"] == "F83999"
    assert content["run_key"] == pack.run_key and content["model_id"] == pack.model_id
    assert content["counts"] == {"listed": 6, "left": 3} and content["as_of"] == "2026-11-22"
    assert content["policy"] == {"name": "demo policy, version 1", "is_fictitious": True}
    assert {"gp", "community"} <= {source["source"] for source in content["sources"]}
    backwards = {name: files[name] for name in reversed(files)}
    other = replace(pack, sources=pack.sources[::-1])
    assert sealed == manifest(other, backwards, counts={"left": 3, "listed": 6}, signing_key="k1")
    assert content["signing_key"] == "k1"
    assert not any(person.nhs_number.encode() in sealed for person in pack.people)


def test_the_localitys_manifest_names_its_basis() -> None:
    content = json.loads(manifest(locality_pack(), {}, counts={}, signing_key="k1"))
    assert content["basis"] == "FICTITIOUS-LOCALITY-1" and content["locality_kind"] == "pcn"
