"""The supplier's pages are current and hold everything their contract declares."""

import argparse
import json
import re
from pathlib import Path

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.extract_dictionary import extract_pages
from pipeline.contracts.extract_rules_page import CODES, in_columns
from pipeline.contracts.extract_sample import sample_receipt, sample_rows
from pipeline.contracts.extract_timing import due_in_words
from pipeline.contracts.holidays import load_holidays
from pipeline.contracts.manifest import Manifest, ManifestFile, read_manifest
from pipeline.contracts.receipt import FILE_RULES, Receipt, read_receipt
from pipeline.contracts.settings import PROJECT
from pipeline.rules.delivery_history import HISTORY_RULES
from pipeline.rules.linkage_rules import LINKAGE_RULES
from pipeline.rules.nhs_number import is_valid
from pipeline.steps.docs.docs import docs

CONTRACTS = load_extracts(PROJECT)
GUIDE = (PROJECT / "docs" / "for-suppliers.md").read_text(encoding="utf-8")
PAGES = extract_pages(CONTRACTS, holidays=load_holidays(PROJECT), guide=GUIDE)
GENERATED = PROJECT / "docs" / "generated"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name: str) -> None:
    assert (GENERATED / name).read_text(encoding="utf-8") == PAGES[name], "run `make docs`"


def test_no_page_is_left_of_an_extract_that_is_gone() -> None:
    assert {f"extracts/{path.name}" for path in (GENERATED / "extracts").iterdir()} == set(PAGES)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_a_page_says_everything_of_its_contract(contract: ExtractContract) -> None:
    page = PAGES[f"extracts/{contract.extract}.md"]
    for column in contract.columns:
        assert f"`{column.header}`" in page
        assert all(f"`{code}`" in page for code in column.codes), column.name
        assert column.required_when_says in page
    for one in contract.formats:
        assert one.name in page
        assert all(f"| `{old}` | `{new}` |" in page for values in one.values.values() for old, new in values.items())
        assert all(f"`{header}`" in page for header in one.headers.values())
    told = {rule.rule: name for (name, _), rule in in_columns(contract).items()}
    for rule in contract.expectations:
        if rule.rule in told:
            row = next(
                line for line in page.splitlines() if f" | `{contract.column(told[rule.rule]).header}` | " in line
            )
            assert f"({rule.rule})" in row if rule.level == "quarantine" else f"({rule.rule}, counted)" in row
        else:
            assert f"| {rule.rule} | {rule.says.replace('|', '')} | {rule.next_step} |" in page
    assert contract.about.strip() in page
    if contract.cadence.every != "irregular":
        assert due_in_words(contract.cadence) in page


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_a_rule_in_the_table_of_columns_says_nothing_more(contract: ExtractContract) -> None:
    """Those that refuse a delivery, or judge more than one column, stand below with their own words."""
    for (name, kind), rule in in_columns(contract).items():
        column = contract.column(name)
        assert rule.level != "refuse" and "mostly" not in rule.kwargs
        if kind == CODES:
            assert rule.kwargs == {"column": name, "value_set": "$codes"} and column.codes
        else:
            assert column.required or column.required_when
            assert rule.kwargs["column"] in (column.as_sent, column.filled_when_required)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_a_page_says_first_how_a_delivery_replaces_another_and_how_its_period_is_judged(
    contract: ExtractContract,
) -> None:
    page = PAGES[f"extracts/{contract.extract}.md"]
    way = "By submission" if contract.supersession.by == "submission" else "By key"
    section = page.split("## What a delivery holds, and what replaces what\n")[1]
    assert re.findall(r"^- (?:\*\*(.+?)\.\*\*)?", section, re.MULTILINE)[0] == way
    period = next(line for line in page.splitlines() if line.startswith("Period (PERIOD-001)"))
    if "reporting_period_end" in contract.names():
        assert contract.column("reporting_period_end").header in period and "no history" in period
    elif contract.event_date:
        assert all(contract.column(name).header in period for name in contract.event_date) and "earlier" in period
    else:
        assert "does not apply" in period


def test_codes_and_units_that_are_read_stand_on_the_page_of_coded_entries() -> None:
    page, lists = PAGES["extracts/gp_event.md"], load_codelists(PROJECT)
    for name in ("measurement", "type_1_objection", "gp_contact"):
        for row in lists[name].rows():
            assert f"`{row['code']}`" in page, name
            assert f"`{row.get('unit', row['code'])}`" in page


def test_services_of_social_care_that_are_read_stand_on_its_page() -> None:
    notes = " ".join(CONTRACTS["social_care_event"].notes)
    assert all(f"`{row['code']}`" in notes for row in load_codelists(PROJECT)["social_care_service"].rows())


def test_what_is_kept_unchecked_is_named_on_the_page_of_social_care() -> None:
    contract = CONTRACTS["social_care_event"]
    judged = {
        str(rule.kwargs.get("column")).removeprefix("has_") for rule in contract.expectations if rule.level != "count"
    }
    free = {c.header for c in contract.columns if c.type == "text" and not c.codes and c.privacy == "keep"}
    free -= {contract.column("la_code").header, contract.column("registered_practice_code").header}
    assert "la_code" in judged
    unchecked = next(note for note in contract.notes if note.startswith("Kept as you write them"))
    assert set(re.findall(r"`(\w+)`", unchecked)) == free


def test_a_first_code_named_in_words_is_one_of_the_code_list() -> None:
    """What a page says is read of a list that the standard owns, is what the project's code lists hold."""
    lists = load_codelists(PROJECT)
    community = CONTRACTS["community_contact"].column("team_type").description
    assert CONTRACTS["community_referral"].column("team_type").description == community
    assert set(re.findall(r"\b\d\d\b", community)) == {row["code"] for row in lists["community_team"].rows()}
    teams = {row["code"] for row in lists["mental_health_team"].rows()}
    named = set(re.findall(r"\bA\d\d\b", CONTRACTS["mental_health_contact"].column("team_type").description))
    assert named <= teams and {min(teams), max(teams)} <= named


def test_one_invented_world_runs_through_all_examples() -> None:
    """A person has one birth date, nobody current is superseded, and the practice they are registered with is open."""
    born: dict[str, set[str]] = {}
    practices: set[str] = set()
    for contract in CONTRACTS.values():
        for row in sample_rows(contract):
            if contract.person:
                born.setdefault(row[contract.person.nhs_number], set()).add(row[contract.person.birth_date])
            practices |= {
                row[name] for name in ("practice_code", "registered_practice_code") if contract.person and name in row
            }
    assert all(is_valid(number) for number in born) and len(born) > 4
    assert all(len(dates) == 1 for dates in born.values()), born
    changes = sample_rows(CONTRACTS["nhs_number_change"])
    assert not {row["superseded_nhs_number"] for row in changes} & set(born)
    assert {row["current_nhs_number"] for row in changes} <= set(born)
    closed = {row["practice_code"] for row in sample_rows(CONTRACTS["reference_organisation"]) if row["valid_to"]}
    current = {row["practice_code"] for row in sample_rows(CONTRACTS["reference_organisation"])} - closed
    assert closed and practices - {""} <= current


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_a_shape_that_a_rule_demands_is_said_where_the_column_is_described(contract: ExtractContract) -> None:
    shaped = ("expect_column_values_to_match_regex", "expect_column_value_lengths_to_be_between")
    judged = {str(rule.kwargs["column"]) for rule in contract.expectations if rule.type in shaped}
    assert [name for name in sorted(judged) if not contract.column(name).format] == []


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_nothing_in_an_example_was_written_after_it_was_received(contract: ExtractContract) -> None:
    received = json.loads(sample_receipt(contract, load_holidays(PROJECT)))["received_at"]
    moments = [column.name for column in contract.columns if column.type == "timestamp"]
    assert all(f"{row[name]}Z" <= received for row in sample_rows(contract) for name in moments)


def test_the_folder_is_whole_by_itself() -> None:
    """Every link leads to a page of the folder, so that it may be passed on."""
    for name, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#]+)", text):
            assert f"extracts/{target}" in PAGES, (name, target)


def test_nothing_of_the_workshop_stands_on_a_page_for_suppliers() -> None:
    for name, text in PAGES.items():
        told = re.sub(r"<!--.*?-->", "", text)
        if name != "extracts/data-dictionary.md":
            assert not re.search(r"our name|policy|assumption|told by|\.ya?ml|docs/", told), name


def test_the_pages_for_all_hold_every_extract_column_and_rule() -> None:
    index, rules, dictionary = (PAGES[f"extracts/{name}.md"] for name in ("README", "rules", "data-dictionary"))
    for name, contract in CONTRACTS.items():
        assert f"[`{name}`]({name}.md)" in index
        assert all(f"| `{column.name}` | {column.header} |" in dictionary for column in contract.columns)
    assert all(f"| {code} |" in rules for code in (*FILE_RULES, *HISTORY_RULES, *LINKAGE_RULES))


def test_the_receipt_and_the_manifest_that_suppliers_are_shown_are_read() -> None:
    text = (PROJECT / "docs" / "for-suppliers.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    receipt, manifest = (re.sub(r"<64 [^>]+>", "0" * 64, block).encode() for block in shown)
    assert read_receipt(receipt, where="page").extract in CONTRACTS
    assert {one.extract for _, one in read_manifest(manifest, where="page")} <= set(CONTRACTS)
    told = dict(re.findall(r"^\| `(\w+)` \| [a-z ]+ \| (yes|no) \|", text, re.MULTILINE))
    fields = {one.alias or name: "yes" if one.is_required() else "no" for name, one in Receipt.model_fields.items()}
    assert told == fields
    several = text.split("### Several files at once")[1].split("###")[0]
    lines = {one.alias or name for name, one in (*Manifest.model_fields.items(), *ManifestFile.model_fields.items())}
    assert all(f"`{name}`" in several for name in lines)


def test_a_page_left_over_is_named_and_taken_away(tmp_path: Path) -> None:
    for name in ("expectations", "reference", "sql", "pipeline", "models"):
        (tmp_path / name).symlink_to(PROJECT / name)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "for-suppliers.md").write_text(GUIDE, encoding="utf-8")
    (tmp_path / "docs" / "safety").symlink_to(PROJECT / "docs" / "safety")
    for name in ("policy", "tests", "dags", "pyproject.toml"):
        (tmp_path / name).symlink_to(PROJECT / name)
    parser = argparse.ArgumentParser()
    parser.add_subparsers()
    docs(tmp_path, parser=parser, check=False)
    old = tmp_path / "docs" / "generated" / "extracts" / "telegrams.md"
    old.write_text("gone")
    assert docs(tmp_path, parser=parser, check=True) == ["docs/generated/extracts/telegrams.md"]
    assert old.exists()
    docs(tmp_path, parser=parser, check=False)
    assert not old.exists()
    assert docs(tmp_path, parser=parser, check=True) == []
