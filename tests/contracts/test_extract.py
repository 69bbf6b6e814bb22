"""Extract contracts: the project's hold together, and one that does not is refused by file and field."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.contracts.extract import check_name, load_extracts
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError

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
