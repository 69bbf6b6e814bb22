"""The declared columns of what we publish (expectations/outputs), and the risk bands.

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

ColumnType = Literal["nhs_number", "text", "code", "integer", "decimal", "date", "slashed_date", "yes_no"]

TYPE_WORDS: dict[str, str] = {
    "nhs_number": "ten digits",
    "text": "free text",
    "code": "code",
    "integer": "whole number",
    "decimal": "number, one decimal",
    "date": "date (year-month-day)",
    "slashed_date": "date (day/month/year)",
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
        contract = OutputContract(**yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
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
def import_list_contract() -> OutputContract:
    """The list of the same people for other systems, as declared."""
    return load_output_contract(OUTPUTS / "import_list.yml")


@cache
def locality_contract() -> OutputContract:
    """The locality's list, as declared."""
    return load_output_contract(OUTPUTS / "locality_register.yml")


@cache
def meeting_contract() -> OutputContract:
    """The list for a network's meeting, as declared."""
    return load_output_contract(OUTPUTS / "mdt_list.yml")


def risk_band(risk_score: Decimal) -> RiskBand:
    """The band of a calibrated risk from 0 to 1."""
    return next(band for band in practice_contract().risk_bands if risk_score >= band.from_risk)
