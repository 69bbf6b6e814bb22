"""The declared workbook of a practice (expectations/outputs/workbook.yml): sheets, and the order of columns on one.

The columns themselves are those of register.yml; how they look belongs to the writer.
"""

from functools import cache

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.contracts.register_dictionary import OUTPUTS, Column, practice_contract
from pipeline.errors import ContractError


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sheet(_Declared):
    """One sheet and what its reader finds on it."""

    sheet: str
    says: str


class WorkbookContract(_Declared):
    """The promise about the workbook."""

    title: str
    audience: str
    identifiable: bool
    says: str
    sheets: tuple[Sheet, ...]
    kept_in_sight: tuple[str, ...]
    printed: tuple[str, ...]
    folded: tuple[str, ...]
    changes: tuple[Column, ...]


@cache
def workbook_contract() -> WorkbookContract:
    """The workbook, as declared; raises ContractError where it names columns that register.yml does not have."""
    path = OUTPUTS / "workbook.yml"
    try:
        contract = WorkbookContract(**yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ContractError("The declaration of the workbook does not hold together", where=path.name) from error
    placed = [*contract.kept_in_sight, *contract.printed, *contract.folded]
    unknown = sorted(set(placed) - {column.name for column in practice_contract().columns})
    if unknown or len(set(placed)) < len(placed):
        raise ContractError(
            "The workbook places a column twice, or one that is not there",
            where=f"{path.name}: {', '.join(unknown) or 'twice'}",
        )
    return contract


def register_columns() -> tuple[Column, ...]:
    """The columns of the sheet Register in order: in sight, printed, the other answers, all others, folded away."""
    contract = workbook_contract()
    declared = {column.name: column for column in practice_contract().columns}
    first = [declared[name] for name in (*contract.kept_in_sight, *contract.printed)]
    last = [declared[name] for name in contract.folded]
    others = [column for column in declared.values() if column not in first and column not in last]
    # Answers beside each other, so that nobody has to look for where to write.
    return (*first, *sorted(others, key=lambda column: not column.answer), *last)


def workbook_text() -> list[str]:
    """The workbook's part of docs/generated/register-columns.md, as lines."""
    contract = workbook_contract()
    names = [column.title for column in register_columns()]
    return [
        f"## {contract.title}",
        "",
        f"For {contract.audience}. This file {'names people' if contract.identifiable else 'names nobody'}.",
        "",
        contract.says,
        "",
        "| sheet | what you find there |",
        "|---|---|",
        *(f"| {one.sheet} | {one.says} |" for one in contract.sheets),
        "",
        "### Columns of the sheet Register, in order",
        "",
        f"Those of the CSV, which the next part explains, by title: {'; '.join(names)}.",
        "",
        "### Columns of the sheet Changes",
        "",
        "| title | what it means | example |",
        "|---|---|---|",
        *(f"| {column.title} | {column.meaning} | {column.example} |" for column in contract.changes),
        "",
    ]
