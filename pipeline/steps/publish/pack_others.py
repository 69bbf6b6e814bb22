"""The files of a staged pack beside its CSV, read from their bytes: whom they name, and whether they say the same.

Part of the last check before a pack is revealed; independent of how the files were made.
"""

import re
from collections.abc import Collection
from datetime import date
from pathlib import Path

from pipeline.channels.import_list import MOST_PEOPLE, is_import_list
from pipeline.channels.workbook_back import read_back
from pipeline.contracts.register_dictionary import import_list_contract
from pipeline.rules.nhs_number import is_valid

# As machines write a number and as people read it, with a space that breaks, one that does not, or a hyphen.
NUMBER = re.compile(r"(?<![0-9])([0-9]{3})[\s\u00a0\u202f-]?([0-9]{3})[\s\u00a0\u202f-]?([0-9]{4})(?![0-9])")


def numbers_named(staged: Path, *, names: Collection[str]) -> dict[str, set[str]]:
    """Valid NHS numbers by where they stand: pages and workbooks name those who left, too.

    `names`: of the run and the model, whose digits may by chance be a valid number.
    """
    pages = " ".join(path.read_text(encoding="utf-8") for path in sorted(staged.glob("*.html")))
    found = {"on the page": numbers_in(without(names, pages))}
    for path in sorted(staged.glob("*.xlsx")):
        found["in the workbook"] = numbers_in(without(names, _text(path)))
    for path in _import_lists(staged):
        found.setdefault("on an import list", set()).update(numbers_in(path.read_text(encoding="utf-8")))
    return found


def without(names: Collection[str], text: str) -> str:
    """The text with these names taken out, each leaving a gap that no number spans."""
    for name in names:
        text = text.replace(name, " name ")
    return text


def other_problems(staged: Path, *, rows: list[dict[str, str]], practice_code: str) -> list[str]:
    """What is wrong with the workbook and the import lists, beside the rows of the CSV, in words without a value."""
    problems = []
    for path in sorted(staged.glob("*.xlsx")):
        problems += _workbook_problems(path, rows=rows, practice_code=practice_code)
    lists = _import_lists(staged)
    return problems + (_list_problems(lists, rows=rows) if lists else [])


def _import_lists(staged: Path) -> list[Path]:
    return [path for path in sorted(staged.glob("*.csv")) if is_import_list(path.name)]


def numbers_in(text: str) -> set[str]:
    """Valid NHS numbers in a text, in whatever form."""
    return {number for number in ("".join(found) for found in NUMBER.findall(text)) if is_valid(number)}


def _text(path: Path) -> str:
    try:
        return read_back(path.read_bytes()).text
    except ValueError:
        return ""  # told by _workbook_problems


def _workbook_problems(path: Path, *, rows: list[dict[str, str]], practice_code: str) -> list[str]:
    try:
        found = read_back(path.read_bytes())
    except ValueError:
        return ["the workbook cannot be opened"]
    listed = sorted(
        (re.sub(r"\s", "", row.get("NHS number", "")), row.get("Date of birth", "")) for row in found.register
    )
    told = {
        "formulas stand in the workbook": found.formulas,
        "parts of the workbook are more than sheets": found.lively_parts,
        "rows of the workbook carry another practice's code": sum(
            row.get("Practice code") != practice_code for row in found.register
        ),
    }
    problems = [f"{count} {what}" for what, count in told.items() if count]
    same = listed == sorted((row["nhs_number"], row.get("birth_date", "")) for row in rows)
    return problems + ([] if same else ["the workbook lists other people than the CSV"])


def _list_problems(lists: list[Path], *, rows: list[dict[str, str]]) -> list[str]:
    head = ",".join(column.name for column in import_list_contract().columns)
    people, problems = [], []
    for path in lists:
        lines = path.read_bytes().decode("utf-8", "replace").split("\r\n")
        if lines[0] != head or lines[-1] != "" or len(lines) - 2 > MOST_PEOPLE:
            problems.append(f"{path.name} is not a list of at most {MOST_PEOPLE} people under its headings")
        people += lines[1:-1]
    expected = [f"{row['nhs_number']},{_slashed(row.get('birth_date', ''))}" for row in rows]
    return problems + ([] if people == expected else ["the import lists name other people than the CSV"])


def _slashed(iso: str) -> str:
    return f"{date.fromisoformat(iso):%d/%m/%Y}" if iso else ""
