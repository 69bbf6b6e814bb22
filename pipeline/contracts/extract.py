"""What each supplier sends, read from `expectations/extracts/*.yml` into frozen models.

One file says everything about one extract: its columns and how private each is, its key and versions, and the
rules a delivery must meet, with the sentence its supplier reads. Nothing here looks at a delivery.
"""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import sqlglot
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlglot import exp

from pipeline.errors import ContractError

# Columns every file gets while it is checked; `derive` may read them and rules may name them.
GIVEN = ("received_on", "period_start", "period_end")
COMPUTED = ("is_readable", "is_only_version")
PLACEHOLDERS = ("$codes", "$rows_on_receipt", "$minimum_rows")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


@cache
def load_extracts(project: Path) -> dict[str, "ExtractContract"]:
    """Every extract contract by its name; raises ContractError naming the file and the field."""
    contracts: dict[str, ExtractContract] = {}
    owners: dict[str, str] = {}
    for path in sorted((project / "expectations" / "extracts").glob("*.yml")):
        contract = _read(path)
        for rule in contract.expectations:
            if rule.rule in owners:
                raise _wrong(path, f"expectations: {rule.rule} is taken by {owners[rule.rule]}")
            owners[rule.rule] = path.name
        contracts[contract.extract] = contract
    if not contracts:
        raise ContractError(
            "No extract is declared",
            where="expectations/extracts",
            next_step="restore the project's own files",
        )
    return contracts


def _read(path: Path) -> "ExtractContract":
    try:
        contract = ExtractContract.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise _wrong(path, "is not YAML") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "(file)"
        raise _wrong(path, f"{field}: {first['msg']}") from error
    if contract.extract != path.stem:
        raise _wrong(path, f"extract: must be {path.stem}, as the file is named")
    for problem in _inconsistencies(contract):
        raise _wrong(path, problem)
    return contract


def _wrong(path: Path, problem: str) -> ContractError:
    return ContractError(
        "An extract contract does not hold together",
        where=f"{path.name}, {problem}",
        next_step="correct the file",
    )


def _inconsistencies(contract: "ExtractContract") -> list[str]:
    """References to columns that do not exist, and names used twice; empty when the contract is sound."""
    names = [column.name for column in contract.columns]
    sent = {column.as_sent for column in contract.columns}
    known = {*names, *sent, *contract.derive, *GIVEN, *COMPUTED}
    problems = [f"columns: {name} is declared twice" for name in sorted(set(names)) if names.count(name) > 1]
    referred = {
        "key": contract.key,
        "version": (contract.version,) if contract.version else (),
        "withdrawn": (contract.withdrawn.column,) if contract.withdrawn else (),
        "event_date": contract.event_date,
        "known_from": contract.known_from,
        "person": (contract.person.nhs_number, contract.person.birth_date),
        "supersession.within": contract.supersession.within,
    }
    for field, columns in referred.items():
        problems += [f"{field}: no column {name}" for name in columns if name not in names]
    for name, expression in contract.derive.items():
        problems += [f"derive.{name}: {text}" for text in _unknown_in_sql(expression, {*names, *GIVEN})]
    for rule in contract.expectations:
        problems += [f"expectations.{rule.rule}: {text}" for text in _unknown_in_rule(rule, contract, known)]
    return problems


def _unknown_in_sql(expression: str, known: set[str]) -> list[str]:
    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except sqlglot.errors.ParseError:
        return ["is not an SQL expression"]
    return [f"no column {column.name}" for column in tree.find_all(exp.Column) if column.name not in known]


def _unknown_in_rule(rule: "Expectation", contract: "ExtractContract", known: set[str]) -> list[str]:
    column = rule.kwargs.get("column")
    problems = [f"no column {column}"] if column is not None and column not in known else []
    for argument, value in rule.kwargs.items():
        if isinstance(value, str) and value.startswith("$") and value not in PLACEHOLDERS:
            problems.append(f"{argument}: unknown placeholder {value}")
        if value == "$codes" and not any(c.codes for c in contract.columns if c.name == column):
            problems.append(f"{argument}: column {column} declares no codes")
    return problems


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Declared):
    """One column of the file: the standard's header, our name, and how private it is.

    privacy: identifier (vault only), local (becomes a keyed hash), birth_date (becomes a month), drop, keep.
    """

    name: Name
    header: str
    type: Literal["text", "date", "timestamp", "integer", "decimal"]
    privacy: Literal["identifier", "local", "birth_date", "drop", "keep"]
    description: str
    required: bool = False
    codes: tuple[str, ...] = ()
    example: str = ""

    @property
    def as_sent(self) -> str:
        """Name of the column as text: a date that cannot be read is not an empty one."""
        return self.name if self.type == "text" else f"{self.name}_as_sent"


class Supersession(_Declared):
    """How a later delivery replaces an earlier one: row by key, or the whole submission of one period."""

    by: Literal["key", "submission"]
    within: tuple[str, ...] = ()


class Withdrawn(_Declared):
    """The column, and its values, by which a supplier takes a row back."""

    column: str
    values: tuple[str, ...]


class Person(_Declared):
    """The columns a row is linked by."""

    nhs_number: str
    birth_date: str


class DeliverySize(_Declared):
    """A regular delivery is short when it holds less than this share of the median of the last ones."""

    minimum_rows_share: float = Field(ge=0, le=1)
    deliveries_needed: int = Field(ge=1)
    deliveries_looked_at: int = Field(ge=1)


class Expectation(_Declared):
    """One rule: a Great Expectations type, its arguments, what breaking it means, what the supplier reads."""

    rule: Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z]{2,3}-[0-9]{3}$")]
    level: Literal["refuse", "quarantine", "count"]
    type: Annotated[str, Field(pattern=r"^expect_[a-z_]+$")]
    kwargs: dict[str, Any]
    says: str
    next_step: str


class ExtractContract(_Declared):
    """Everything the pipeline knows about one extract before it sees a file."""

    extract: Name
    title: str
    standard: str
    source: Literal["gp", "acute", "emergency", "community", "social_care"]
    supersession: Supersession
    key: tuple[str, ...]
    version: str | None
    withdrawn: Withdrawn | None
    event_date: tuple[str, ...]
    known_from: tuple[str, ...]
    reporting_lag_days: int = Field(ge=0)
    person: Person
    delivery: DeliverySize
    columns: tuple[Column, ...]
    derive: dict[Name, str] = {}
    expectations: tuple[Expectation, ...]

    def headers(self) -> tuple[str, ...]:
        """The header line a file must have, in order."""
        return tuple(column.header for column in self.columns)

    def names(self) -> tuple[str, ...]:
        """Our names of the columns, in the order of the file."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The declaration of one column; raises KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def private(self, privacy: str) -> tuple[str, ...]:
        """Names of the columns of one privacy class."""
        return tuple(column.name for column in self.columns if column.privacy == privacy)

    def required_key(self) -> tuple[str, ...]:
        """The parts of the key that may never be empty."""
        return tuple(name for name in self.key if self.column(name).required)

    def without(self, rule: str) -> "ExtractContract":
        """This contract less one rule: how tests show that each rule catches something of its own."""
        return self.model_copy(update={"expectations": tuple(e for e in self.expectations if e.rule != rule)})


def check_name(name: str) -> bool:
    """Whether a sender or file name holds only what is safe in an id and in a path."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}", name) is not None
