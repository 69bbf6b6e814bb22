"""The declared columns of what we publish (expectations/outputs), the risk bands, and both as a page of words.

The declarations decide names and order; the writers follow them. Nothing is published from here.
"""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError

OUTPUTS = PROJECT / "expectations" / "outputs"

ColumnType = Literal["nhs_number", "text", "code", "integer", "decimal", "date", "yes_no"]

TYPE_WORDS: dict[str, str] = {
    "nhs_number": "ten digits",
    "text": "free text",
    "code": "code",
    "integer": "whole number",
    "decimal": "number, one decimal",
    "date": "date (year-month-day)",
    "yes_no": "yes or no",
}


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Declared):
    """One column as its readers are promised it; `answer` marks those left blank for the practice."""

    name: str
    title: str
    meaning: str
    type: ColumnType
    example: str
    values: tuple[str, ...] = ()
    answer: bool = False


class RiskBand(_Declared):
    """A word for calibrated risks from `from_risk` (0 to 1) up to the band above."""

    band: str
    title: str
    from_risk: Decimal
    says: str


class OutputContract(_Declared):
    """The promise about one published file."""

    output: str
    register_contract_version: int
    title: str
    audience: str
    identifiable: bool
    formula_rule: str
    columns: tuple[Column, ...]
    risk_bands: tuple[RiskBand, ...] = ()


def load_output_contract(path: Path) -> OutputContract:
    """Read and check one declaration; raises ContractError naming the field or the column."""
    try:
        contract = OutputContract(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        fault = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error).splitlines()[0]
        raise ContractError("An output declaration does not hold together", where=f"{path.name}: {fault}") from error
    names = [column.name for column in contract.columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ContractError("A column is declared twice", where=f"{path.name}: {', '.join(doubled)}")
    starts = [band.from_risk for band in contract.risk_bands]
    if starts and (starts != sorted(set(starts), reverse=True) or starts[-1] != 0):
        raise ContractError("Risk bands must fall, without repeats, to 0", where=path.name)
    return contract


@cache
def practice_contract() -> OutputContract:
    """The practice's register, as declared."""
    return load_output_contract(OUTPUTS / "register.yml")


@cache
def locality_contract() -> OutputContract:
    """The locality's list, as declared."""
    return load_output_contract(OUTPUTS / "locality_register.yml")


def risk_band(risk_score: Decimal) -> RiskBand:
    """The band of a calibrated risk from 0 to 1."""
    return next(band for band in practice_contract().risk_bands if risk_score >= band.from_risk)


def register_columns_text() -> str:
    """docs/generated/register-columns.md: every column of every register file in words."""
    lines = [
        "# The columns of the register files",
        "",
        "Written by `riskstrat docs` from `expectations/outputs/`; do not edit by hand. An empty cell means unknown or",
        "not applicable; 0 means looked and found none. Files are UTF-8, comma separated, every cell in quotes.",
        "",
    ]
    for contract in (practice_contract(), locality_contract()):
        lines += _contract_lines(contract)
    return "\n".join(lines)


def _contract_lines(contract: OutputContract) -> list[str]:
    who = "names people" if contract.identifiable else "names nobody"
    lines = [
        f"## {contract.title}",
        "",
        f"Contract version {contract.register_contract_version}. For {contract.audience}. This file {who}.",
        "",
        contract.formula_rule,
        "",
        "| # | column | title | what it means | kind | example |",
        "|---|---|---|---|---|---|",
    ]
    for position, column in enumerate(contract.columns, start=1):
        kind = TYPE_WORDS[column.type] + (f": {', '.join(column.values)}" if column.values else "")
        cells = (str(position), f"`{column.name}`", column.title, column.meaning, kind, column.example)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines.append("")
    if contract.risk_bands:
        lines += ["### Risk in words", "", "| word | from | meaning |", "|---|---|---|"]
        lines += [f"| {b.title} | {_in_100(b.from_risk)} in 100 | {b.says} |" for b in contract.risk_bands]
        lines.append("")
    return lines


def _in_100(risk: Decimal) -> int:
    return int(risk * 100)
