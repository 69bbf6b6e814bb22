"""Returned files as files: each attack of the corpus is refused under its rule before anything else is looked at."""

from functools import cache

import pytest
from returned_files import COLUMNS, Hostile, as_csv, as_workbook, hostile_files

from pipeline.channels.returned_file import read_returned
from pipeline.contracts.receipt import RefusedByRule

ROW = {name: f"canary {name}" for name in COLUMNS} | {
    "nhs_number": "9990000018", "birth_date": "1940-03-09", "practice_code": "F83671", "run_key": "0123",
    "practice_key": "22-222-222",
}  # fmt: skip
NAMES = (
    "formula", "formula on another sheet", "macros", "macros by name", "macro-enabled content", "macro sheet",
    "embedded object", "external link", "relationship to the outside", "data connection", "entities",
    "entities in UTF-16", "zip bomb in a sheet", "zip bomb in a picture", "part that lies about its size",
    "merged cells", "renamed column", "column added", "column twice", "no practice key", "no sheet of the register",
    "100,000 rows", "100,000 rows as CSV", "cut short", "no workbook at all", "workbook with a password", "PDF",
    "workbook named CSV", "too large", "UTF-16", "semicolons", "open quotation", "endless cell",
    "renamed column in a CSV", "headings alone", "nothing",
)  # fmt: skip


@cache
def corpus() -> Hostile:
    return hostile_files([ROW, ROW])


def test_the_whole_corpus_is_named_here() -> None:
    assert set(NAMES) == corpus().keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_is_refused_under_its_rule(name: str) -> None:
    file_name, content, code = corpus()[name]
    with pytest.raises(RefusedByRule) as refused:
        read_returned(content, file_name=file_name)
    assert refused.value.code == code
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_good_file_is_read_with_the_numbers_a_spreadsheet_shows(kind: str) -> None:
    """Else a reader that refuses everything would pass the rest."""
    content = as_csv([ROW, {}, ROW]) if kind == "csv" else as_workbook([ROW, {}, ROW], above=["Title"])
    found = read_returned(content, file_name=f"back.{kind}")
    first = 2 if kind == "csv" else 3
    assert [row.number for row in found.rows] == [first, first + 2]
    assert found.rows[0].cells == ROW
