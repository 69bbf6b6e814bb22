"""Extract contracts: the project's hold together, and one that does not is refused by file and field."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.extract import check_name, load_extracts
from pipeline.contracts.extract_given import check_digit_sql, required_sql
from pipeline.contracts.extract_parts import Cadence, Column
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError
from pipeline.rules.nhs_number import is_valid

CONTRACTS = load_extracts(PROJECT)
EXTRACTS = (
    "acute_apc",
    "acute_daily",
    "acute_ecds",
    "acute_outpatient",
    "community_contact",
    "community_referral",
    "gp_event",
    "gp_medication",
    "gp_patient",
    "mental_health_contact",
    "mental_health_spell",
    "nhs_number_change",
    "reference_organisation",
    "social_care_event",
)


def test_these_extracts_are_declared() -> None:
    assert tuple(sorted(CONTRACTS)) == EXTRACTS


@pytest.mark.parametrize("extract", EXTRACTS)
def test_what_must_be_filled_and_every_code_list_has_its_rule(extract: str) -> None:
    contract = CONTRACTS[extract]
    named = {(rule.type, rule.kwargs.get("column"), rule.kwargs.get("mostly")) for rule in contract.expectations}
    for column in contract.columns:
        if column.required:
            assert ("expect_column_values_to_not_be_null", column.as_sent, None) in named, column.name
        if column.codes:
            assert ("expect_column_values_to_be_in_set", column.name, None) in named, column.name


@pytest.mark.parametrize("extract", EXTRACTS)
def test_a_supplier_is_told_who_sends_what_when_and_for_how_long_it_is_kept(extract: str) -> None:
    contract = CONTRACTS[extract]
    assert contract.about and contract.sent_by and check_name(contract.example_sender)
    assert contract.cadence.every != "irregular"
    assert contract.originals_kept_days >= 90
    assert all(one.name != "current" for one in contract.formats), "the current format has a name of its own"
    for column in contract.columns:
        assert column.description and (column.example or not column.required), column.name
        assert set(column.code_meanings) == set(column.codes), column.name


@pytest.mark.parametrize("extract", EXTRACTS)
def test_what_must_be_filled_under_a_condition_has_its_rule(extract: str) -> None:
    contract = CONTRACTS[extract]
    judged = {rule.kwargs.get("column") for rule in contract.expectations if rule.kwargs.get("value_set") == [True]}
    for column in contract.columns:
        if column.required_when:
            assert column.filled_when_required in judged, column.name


@pytest.mark.parametrize("extract", [name for name in EXTRACTS if CONTRACTS[name].person])
def test_rows_that_can_be_linked_to_nobody_are_counted_for_their_supplier(extract: str) -> None:
    levels = {rule.kwargs.get("column"): rule.level for rule in CONTRACTS[extract].expectations}
    assert levels["is_check_digit_right"] == levels["is_number_given"] == "count"
    if {"practice_code", "registered_practice_code"} & set(CONTRACTS[extract].names()):
        assert levels["is_practice_known"] == "count"


def test_units_taken_are_those_of_the_measurement_code_list() -> None:
    listed: dict[str, set[str]] = {}
    for row in load_codelists(PROJECT)["measurement"].rows():
        listed.setdefault(row["code"], set()).add(row["unit"])
    derive = CONTRACTS["gp_event"].derive["is_unit_usable"]
    for code, units in listed.items():
        taken = re.search(rf"when '{code}' then value_unit in \((.+?)\)", derive)
        assert taken is not None and set(re.findall(r"'([^']+)'", taken.group(1))) == units, code
    assert len(re.findall("when '", derive)) == len(listed)


@pytest.mark.parametrize("extract", [name for name in EXTRACTS if CONTRACTS[name].person])
def test_identifiers_are_never_kept(extract: str) -> None:
    contract = CONTRACTS[extract]
    assert contract.column(contract.person.nhs_number).privacy == "identifier"
    assert contract.column(contract.person.birth_date).privacy == "birth_date"
    assert not contract.column(contract.person.nhs_number).required
    risky = {"postcode": "drop", "family_name": "identifier", "given_name": "identifier", "patient_id": "local"}
    for column in contract.columns:
        assert column.privacy == risky.get(column.name, column.privacy)
    assert not {"date", "timestamp", "decimal"} & {contract.column(name).type for name in contract.private("local")}


@pytest.mark.parametrize("extract", [name for name in EXTRACTS if not CONTRACTS[name].person])
def test_extracts_without_people_are_whole_snapshots_that_are_never_linked(extract: str) -> None:
    contract = CONTRACTS[extract]
    assert (contract.source, contract.supersession.by, contract.cadence.content) == (
        "reference",
        "submission",
        "snapshot",
    )
    numbers = {column.name for column in contract.columns if "nhs_number" in column.name}
    assert numbers == set(contract.private("identifier"))


def test_without_takes_one_rule_away_and_an_unknown_column_is_a_key_error() -> None:
    contract = CONTRACTS["gp_event"]
    left = {rule.rule for rule in contract.without("GP-EV-009").expectations}
    assert left == {rule.rule for rule in contract.expectations} - {"GP-EV-009"}
    with pytest.raises(KeyError):
        contract.column("star_sign")


def edited(tmp_path: Path, change: Any, *, name: str = "gp_event") -> Path:
    """A project with one contract, changed."""
    folder = tmp_path / "expectations" / "extracts"
    folder.mkdir(parents=True)
    declared = yaml.safe_load((PROJECT / "expectations" / "extracts" / "gp_event.yml").read_text())
    change(declared)
    (folder / f"{name}.yml").write_text(yaml.safe_dump(declared))
    return tmp_path


NOW = {"name": "b", "valid_from": "2025-01-01"}


def older(**differences: Any) -> dict[str, Any]:
    """A format before the current one."""
    return {"name": "a", "valid_to": "2025-06-30", "headers": {"is_deleted": "Removed"}, **differences}


def gap() -> list[dict[str, Any]]:
    return [older(), {**NOW, "valid_from": "2025-07-02"}]


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("star_sign", lambda d: d.update(star_sign=1)),
        ("columns.0.privacy", lambda d: d["columns"][0].update(privacy="public")),
        ("expectations.0.level", lambda d: d["expectations"][0].update(level="ignore")),
        ("key: no column star_sign", lambda d: d.update(key=["star_sign"])),
        ("version: no column star_sign", lambda d: d.update(version="star_sign")),
        ("effective_date is declared twice", lambda d: d["columns"].append(d["columns"][6])),
        ("derive.is_odd: no column star_sign", lambda d: d["derive"].update(is_odd="star_sign > 1")),
        ("derive.is_odd: is not an SQL", lambda d: d["derive"].update(is_odd="((")),
        ("no column star_sign", lambda d: d["expectations"][4]["kwargs"].update(column="star_sign")),
        ("unknown placeholder", lambda d: d["expectations"][0]["kwargs"].update(value="$luck")),
        ("declares no codes", lambda d: d["expectations"][4]["kwargs"].update(value_set="$codes")),
        ("is taken by gp_event.yml", lambda d: d["expectations"].append(d["expectations"][0])),
        ("watch: no column star_sign", lambda d: d.update(watch=[{"column": "star_sign", "kind": "mean"}])),
        ("sample: no column star_sign", lambda d: d.update(sample=[{"star_sign": "x"}])),
        ("cadence.every", lambda d: d.update(cadence={"every": "fortnight"})),
        ("go together", lambda d: d["columns"][8].update(required_when_says="")),
        ("not under a condition", lambda d: d["columns"][8].update(required=True)),
        ("value_unit.required_when: no column star", lambda d: d["columns"][8].update(required_when="star > 1")),
        ("exactly one is the current one", lambda d: d.update(formats=[{"name": "a"}, {"name": "b"}])),
        ("the first has no beginning", lambda d: d.update(formats=[{"name": "a", "valid_from": "2020-01-01"}])),
        ("two have the same name", lambda d: d.update(formats=[older(name="b"), {"name": "b"}])),
        ("no format is in force before b", lambda d: d.update(formats=gap())),
        ("no column star_sign", lambda d: d.update(formats=[older(headers={"star_sign": "x"}), {"name": "b"}])),
        ("same header", lambda d: d.update(formats=[older(headers={"is_deleted": "Unit"}), {"name": "b"}])),
        ("a value of today is mapped", lambda d: d.update(formats=[older(values={"is_deleted": {"0": "1"}}), NOW])),
        ("maps to no code", lambda d: d.update(formats=[older(values={"is_deleted": {"N": "2"}}), NOW])),
        ("absent and has a header", lambda d: d.update(formats=[older(absent=["is_deleted"]), NOW])),
        ("must be gp_event", lambda d: d.update(extract="gp_patient")),
    ],
)
def test_a_contract_that_does_not_hold_together_is_refused_by_field(tmp_path: Path, says: str, change: Any) -> None:
    with pytest.raises(ContractError) as caught:
        load_extracts(edited(tmp_path, change))
    assert "gp_event.yml" in str(caught.value)
    assert says in str(caught.value)


def test_a_file_that_is_no_yaml_and_a_project_without_contracts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="No extract is declared"):
        load_extracts(tmp_path)
    folder = tmp_path / "expectations" / "extracts"
    folder.mkdir(parents=True)
    (folder / "x.yml").write_text("a: [")
    with pytest.raises(ContractError, match="is not YAML"):
        load_extracts(tmp_path)


def test_safe_names() -> None:
    assert check_name("gp_event-2026.csv")
    assert not any(check_name(name) for name in ("", ".hidden", "a/b", "a b", "x" * 200))


def test_codes_may_be_a_list_or_say_what_they_mean() -> None:
    column = {"name": "a", "header": "A", "type": "text", "privacy": "keep", "description": "x"}
    listed, meant = (Column.model_validate({**column, "codes": codes}) for codes in (["1"], {"1": "one"}))
    assert listed.codes == meant.codes == ("1",)
    assert (listed.code_meanings, meant.code_meanings) == ({}, {"1": "one"})


def test_the_key_on_of_a_cadence_is_the_word_and_not_true() -> None:
    assert Cadence.model_validate(yaml.safe_load("{every: day, on: working_day}")).on == "working_day"


def test_people_are_asked_for_only_where_there_are_any() -> None:
    assert CONTRACTS["gp_event"].identified_by().nhs_number == "nhs_number"
    nobody = CONTRACTS["gp_event"].model_copy(update={"person": None})
    with pytest.raises(ContractError, match="Nobody is in this extract"):
        nobody.identified_by()


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("9990000018", True),
        ("9990000019", False),
        ("9434765919", True),
        ("9434765910", False),
        # The rule gives 10 for these nine: no digit is right.
        *((f"999000000{digit}", False) for digit in range(10)),
        *((f"999000002{digit}", is_valid(f"999000002{digit}")) for digit in range(10)),
        ("1111111111", False),
        ("999000001", None),
        ("99900000I8", None),
        (None, None),
    ],
)
def test_the_check_digit_is_judged_in_sql_as_by_the_rule(number: str | None, right: bool | None) -> None:
    answer = duckdb.connect().execute(
        f"select {check_digit_sql('number')} from (select ?::varchar as number)", [number]
    )
    assert answer.fetchone() == (right,)


def test_a_condition_that_cannot_be_judged_asks_for_nothing() -> None:
    sql = required_sql("a = 'x'", "b")
    cases = {("x", None): False, ("x", "1"): True, ("y", None): True, (None, None): True}
    for (a, b), right in cases.items():
        answer = duckdb.connect().execute(f"select {sql} from (select ?::varchar as a, ?::varchar as b)", [a, b])
        assert answer.fetchone() == (right,)
