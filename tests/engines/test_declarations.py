"""Declarations of concepts and code lists: whole ones load, and what is wrong in one is said precisely."""

import re
from pathlib import Path

import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.feature import load_features, load_outcomes
from pipeline.contracts.feature_catalogue import load_specs
from pipeline.engines.query import load_query
from pipeline.engines.visible import UNREAD
from pipeline.errors import ContractError

PROJECT = Path(__file__).parents[2]
LIST = "title: t\nowner: o\nsource: s\nversion: v\nlicence: l\ncolumns: {code: text, term: text}\nkey: [code]\n"
CONCEPT = """
title: t
rationale: r
sources: [gp]
owner: o
columns:
  - {name: has_fall, type: boolean, unit: null, meaning: m, "null": n, none_found: false, checks: []}
"""


def codelist(project: Path, rows: str, declaration: str = LIST) -> Path:
    folder = project / "sql" / "codelists"
    folder.mkdir(parents=True)
    (folder / "fall.csv").write_text(rows)
    (folder / "fall.yml").write_text(declaration)
    return project


def concept(project: Path, declaration: str = CONCEPT, name: str = "falls") -> Path:
    folder = project / "sql" / "features"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.sql").write_text("")
    (folder / f"{name}.yml").write_text(declaration)
    return project


def test_a_code_list_with_its_provenance(tmp_path: Path) -> None:
    [found] = load_codelists(codelist(tmp_path, "code,term\n1,one\n2,two\n")).values()
    assert (found.name, found.owner, found.version) == ("fall", "o", "v")
    assert re.fullmatch("[0-9a-f]{64}", found.digest)


@pytest.mark.parametrize(
    ("rows", "declaration", "says"),
    [
        ("code,term\n1,one\n1,uno\n", LIST, "stands twice.*fall.csv: 1"),
        ("code,term\n", LIST, "is empty"),
        ("code,term\n,one\n", LIST, "without its key"),
        ("code,name\n1,one\n", LIST, "not the declared ones.*code, name"),
        ("code,term\n1,one\n", LIST.replace("owner: o\n", ""), "owner"),
        ("code,term\n1,one\n", LIST.replace("[code]", "[id]"), "names a column it does not have"),
        ("code,term\n1,one\n", LIST + "colour: red\n", "colour"),
        ("code,term\n1,one\n", "- nothing\n", "does not hold together"),
    ],
)
def test_what_is_wrong_in_a_code_list(tmp_path: Path, rows: str, declaration: str, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        load_codelists(codelist(tmp_path, rows, declaration))


@pytest.mark.parametrize("gone", ["fall.csv", "fall.yml"])
def test_a_code_list_is_two_files(tmp_path: Path, gone: str) -> None:
    (codelist(tmp_path, "code,term\n1,one\n") / "sql" / "codelists" / gone).unlink()
    with pytest.raises(ContractError, match="no code lists|missing " + re.escape(gone)):
        load_codelists(tmp_path)


def test_no_code_lists_at_all(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no code lists"):
        load_codelists(tmp_path)


def test_code_lists_of_the_project() -> None:
    found = load_codelists(PROJECT)
    assert {"long_term_condition", "acsc_icd10", "measurement", "type_1_objection"} <= set(found)
    for codes in found.values():
        assert codes.owner and codes.source and codes.version and codes.licence


@pytest.mark.parametrize(
    ("declaration", "says"),
    [
        (CONCEPT.replace("type: boolean", "type: flag"), "columns.0.type"),
        (CONCEPT.replace("[gp]", "[pharmacy]"), "sources"),
        (CONCEPT.replace("[gp]", "[]"), "sources"),
        (CONCEPT.replace("checks: []", "checks: [{level: stop}]"), "a minimum or a maximum"),
        (CONCEPT.replace("checks: []", "checks: [{minimum: 0, level: shout}]"), "level"),
        (CONCEPT.replace("has_fall", "Has Fall"), "columns.0.name"),
        (CONCEPT.replace("meaning: m, ", ""), "meaning"),
        ("[]", "does not hold together"),
    ],
)
def test_what_is_wrong_in_a_concept(tmp_path: Path, declaration: str, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        load_features(concept(tmp_path, declaration))


def test_two_concepts_may_not_declare_one_column(tmp_path: Path) -> None:
    concept(tmp_path, name="again")
    with pytest.raises(ContractError, match="same column.*has_fall"):
        load_features(concept(tmp_path))


def test_a_concept_is_two_files(tmp_path: Path) -> None:
    (concept(tmp_path) / "sql" / "features" / "falls.sql").unlink()
    with pytest.raises(ContractError, match="missing falls.sql"):
        load_features(tmp_path)
    with pytest.raises(ContractError, match="no concept"):
        load_outcomes(tmp_path)


@pytest.mark.parametrize(
    "text",
    ['title = "t"\ncohort = "a"\nevent = "b"\n', '"""d"""\ntitle = "t"\ncohort = "a"\nevent = "b"\n', '"""d"""\n'],
)
def test_a_specification_without_its_parts_is_refused(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "tests" / "spec"
    folder.mkdir(parents=True)
    (folder / "test_spec_x.py").write_text(text)
    with pytest.raises(ContractError, match="test_spec_x.py"):
        load_specs(tmp_path)


def test_an_expectation_without_a_sentence_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "spec"
    folder.mkdir(parents=True)
    text = '"""d"""\ntitle = "t"\ncohort = "a"\nevent = "b"\n\ndef test_x(expect):\n    expect(features="f")\n'
    (folder / "test_spec_x.py").write_text(text)
    with pytest.raises(ContractError, match="sentence"):
        load_specs(tmp_path)


def test_no_query_asks_for_what_is_not_kept_of_an_event() -> None:
    """`pipeline/engines/visible.py` leaves these columns out of the events of a bucket."""
    event_columns = re.compile(rf"\bevent\.({'|'.join(UNREAD)})\b")
    asking = [
        path.name
        for folder in ("features", "facts", "outcomes", "monitoring")
        for path in sorted((PROJECT / "sql" / folder).glob("*.sql"))
        if "event" in load_query(path).reads and event_columns.search(path.read_text())
    ]
    assert asking == []
