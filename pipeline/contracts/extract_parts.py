"""The parts an extract contract is made of: columns, cadence, supersession, rules. Frozen, and strict about names.

Only shapes: whether they fit together is `extract_checks`, what a contract can be asked is `extract`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Declared(BaseModel):
    """Frozen, and a field nobody declared is an error: a misspelt dial must not be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Declared):
    """One column of the file: the standard's header, our name, and how private it is.

    privacy: identifier (vault only), local (becomes a keyed hash), birth_date (becomes a month), drop, keep.
    codes: a list, or a mapping of code to meaning. required_when: an SQL expression (DuckDB) on our names;
    where it is true the column must be filled; required_when_says is the same in the supplier's words.
    """

    name: Name
    header: str
    type: Literal["text", "date", "timestamp", "integer", "decimal"]
    privacy: Literal["identifier", "local", "birth_date", "drop", "keep"]
    description: str
    required: bool = False
    required_when: str = ""
    required_when_says: str = ""
    codes: tuple[str, ...] = ()
    code_meanings: dict[str, str] = {}
    format: str = ""
    example: str = ""

    @model_validator(mode="before")
    @classmethod
    def _codes_with_meanings(cls, declared: Any) -> Any:
        if isinstance(declared, Mapping) and isinstance(declared.get("codes"), Mapping):
            meanings = dict(declared["codes"])
            return {**declared, "codes": tuple(meanings), "code_meanings": meanings}
        return declared

    @property
    def as_sent(self) -> str:
        """Name of the column as text: a date that cannot be read is not an empty one."""
        return self.name if self.type == "text" else f"{self.name}_as_sent"

    @property
    def filled_when_required(self) -> str:
        """Name of the computed column that is false where required_when holds and nothing was sent."""
        return f"has_{self.name}"


class Supersession(Declared):
    """How a later delivery replaces an earlier one: row by key, or the whole submission of one period."""

    by: Literal["key", "submission"]
    within: tuple[str, ...] = ()


class Withdrawn(Declared):
    """The column, and its values, by which a supplier takes a row back."""

    column: str
    values: tuple[str, ...]


class Person(Declared):
    """The columns a row is linked by."""

    nhs_number: str
    birth_date: str


class DeliverySize(Declared):
    """A regular delivery is short when it holds less than this share of the median of the last ones."""

    minimum_rows_share: float = Field(ge=0, le=1)
    deliveries_needed: int = Field(ge=1)
    deliveries_looked_at: int = Field(ge=1)


class Cadence(Declared):
    """How often a sender sends, what a delivery holds, and when it is due (`pipeline/rules/calendar.py`).

    every: the period one delivery covers. on: whether a day's delivery comes every day or on working days only.
    content: delta (new and changed rows), full (the whole period again), snapshot (everything there is),
    rolling_12_months (the twelve months up to the end of the period). Due within so many working days after the
    period's end (0: the same night, before the cut-off), late after `grace_days` calendar days more.
    """

    every: Literal["day", "week", "month", "quarter", "irregular"] = "irregular"
    on: Literal["every_day", "working_day"] = "every_day"
    content: Literal["delta", "full", "snapshot", "rolling_12_months"] = "delta"
    due_working_days: int = Field(default=0, ge=0)
    grace_days: int = Field(default=0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _on_is_a_word(cls, declared: Any) -> Any:
        """YAML 1.1 reads the bare key `on` as true."""
        if isinstance(declared, Mapping) and True in declared:
            return {"on" if key is True else key: value for key, value in declared.items()}
        return declared


class Watch(Declared):
    """A column whose distribution is compared with the sender's own history."""

    column: str
    kind: Literal["share_of_codes", "share_empty", "mean"]


class Expectation(Declared):
    """One rule: a Great Expectations type, its arguments, what breaking it means, what the supplier reads."""

    rule: Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z]{2,3}-[0-9]{3}$")]
    level: Literal["refuse", "quarantine", "count"]
    type: Annotated[str, Field(pattern=r"^expect_[a-z_]+$")]
    kwargs: dict[str, Any]
    says: str
    next_step: str
