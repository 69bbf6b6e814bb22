"""The supplier's pages are current and hold everything their contract declares."""

import argparse
import re
from pathlib import Path

import pytest

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.extract_dictionary import extract_pages
from pipeline.contracts.extract_timing import due_in_words
from pipeline.contracts.holidays import load_holidays
from pipeline.contracts.manifest import read_manifest
from pipeline.contracts.receipt import FILE_RULES, Receipt, read_receipt
from pipeline.contracts.settings import PROJECT
from pipeline.rules.delivery_history import HISTORY_RULES
from pipeline.rules.linkage_rules import LINKAGE_RULES
from pipeline.steps.docs import docs

CONTRACTS = load_extracts(PROJECT)
PAGES = extract_pages(CONTRACTS, holidays=load_holidays(PROJECT))
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
    for rule in contract.expectations:
        assert f"| {rule.rule} | {rule.says.replace('|', '')} | {rule.next_step} |" in page
    assert contract.about.strip() in page
    if contract.cadence.every != "irregular":
        assert due_in_words(contract.cadence) in page


def test_the_index_leads_to_every_page_and_holds_every_column_and_file_rule() -> None:
    index = PAGES["extracts/README.md"]
    for name, contract in CONTRACTS.items():
        assert f"[`{name}`]({name}.md)" in index
        assert all(f"| `{column.name}` | {column.header} |" in index for column in contract.columns)
    assert all(f"| {code} |" in index for code in (*FILE_RULES, *HISTORY_RULES, *LINKAGE_RULES))


def test_the_receipt_and_the_manifest_that_suppliers_are_shown_are_read() -> None:
    text = (PROJECT / "docs" / "for-suppliers.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    receipt, manifest = (re.sub(r"<64 [^>]+>", "0" * 64, block).encode() for block in shown)
    assert read_receipt(receipt, where="page").extract in CONTRACTS
    assert {one.extract for _, one in read_manifest(manifest, where="page")} <= set(CONTRACTS)
    fields = set(re.findall(r"^\| `(\w+)`(?:, `(\w+)`)?", text, re.MULTILINE))
    named = {name for pair in fields for name in pair if name}
    assert {name for name in Receipt.model_fields if name != "schema_name"} <= named


def test_a_page_left_over_is_named_and_taken_away(tmp_path: Path) -> None:
    for name in ("expectations", "reference", "sql", "pipeline", "models"):
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
