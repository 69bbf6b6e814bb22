"""What certain pages promise to hold: the glossary's terms, the changelog's headings, the shape of a runbook, and
figures that the code can confirm."""

import re
from pathlib import Path

import pytest
from project_pages import PROJECT, fenced, name_of, text_of

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.feature import feature_columns, load_features

RUNBOOKS = sorted(path for path in (PROJECT / "docs" / "runbooks").glob("*.md") if path.name != "README.md")
SECTIONS = ["What you see", "What it means", "What to do", "Afterwards"]
TERMS = """As-of date, Index date, known_at, Intake cut-off, Delivery, Delivery set, Extract, Receipt, Quarantine,
Refused, Superseded, Coverage, Cohort, Feature, Outcome, Score, Segment, Register, Edition, Revision, Replay, Run key,
Pack, Plane, Locality, PCN, Practice key, Person key, Vault, Ledger, Champion, Promotion, Policy, Lawful basis, Home,
Type 1 objection, National Data Opt-Out, ACSC, APC, ECDS, CSDS, CLD, ODS, LSOA, IMD, ICB, Knowledge, Manifest, Capacity,
Kept"""


def defined() -> list[str]:
    return re.findall(r"^\*\*(.+?)\*\*", text_of("GLOSSARY.md"), re.MULTILINE)


def test_the_glossary_defines_every_noun_once_and_in_order() -> None:
    terms = defined()
    wanted = {term.strip() for term in TERMS.replace("\n", " ").split(",")}
    assert sorted(wanted - set(terms)) == []
    assert terms == sorted(set(terms), key=str.lower)


def test_the_changelog_begins_with_what_changes_for_patients() -> None:
    headings = re.findall(r"^### (.+)$", text_of("CHANGELOG.md"), re.MULTILINE)
    assert headings[:5] == [
        "Changes to scores or registers",
        "For practices",
        "For those who send data",
        "For operators",
        "For developers",
    ]
    version = re.search(r'^version = "(.+)"$', text_of("pyproject.toml"), re.MULTILINE)
    assert version is not None and f"## {version.group(1)}" in text_of("CHANGELOG.md")


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=name_of)
def test_a_runbook_has_its_shape_and_a_command(runbook: Path) -> None:
    text = runbook.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert any("riskstrat" in block for block in fenced(text, "sh"))
    assert len(text.splitlines()) <= 90, "a runbook is one page, also where several alerts lead to it"


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=name_of)
def test_messages_a_runbook_quotes_are_the_programs_own(runbook: Path) -> None:
    """Quoted lines (`>`) are literal parts of messages; an ellipsis stands for what differs each time."""
    spoken = [*sorted((PROJECT / "pipeline").rglob("*.py")), PROJECT / "policy" / "alerts.yml"]
    sources = " ".join(path.read_text(encoding="utf-8") for path in spoken)
    quoted = re.findall(r"^> (.+)$", runbook.read_text(encoding="utf-8"), re.MULTILINE)
    parts = [part.strip(" .") for line in quoted for part in line.split("…") if part.strip(" .")]
    assert parts and [part for part in parts if part not in sources] == []


def test_figures_of_the_readme_are_the_codes_own() -> None:
    readme, features = text_of("README.md"), load_features(PROJECT)
    told = re.search(r"(\d+) features in (\d+) concepts", readme)
    assert told is not None and told.groups() == (str(len(feature_columns(features))), str(len(features)))
    assert f"{len(load_extracts(PROJECT))} extracts" in readme


def test_the_pictures_are_small() -> None:
    pictures = sorted((PROJECT / "docs" / "images").glob("*"))
    assert pictures and all(path.suffix == ".png" and path.stat().st_size < 200_000 for path in pictures)
