"""What one supplier sends: the frozen model of a file of `expectations/extracts/`.

It says everything about one extract: its columns and how private each is, its key and versions, and the rules a
delivery must meet, with the sentence its supplier reads. Nothing here looks at a delivery.
"""

from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from pipeline.contracts.extract_format import Format
from pipeline.contracts.extract_given import given_columns
from pipeline.contracts.extract_parts import (
    Cadence,
    Column,
    Declared,
    DeliverySize,
    Expectation,
    Name,
    Person,
    Supersession,
    Watch,
    Withdrawn,
)
from pipeline.errors import ContractError


class ExtractContract(Declared):
    """Everything the pipeline knows about one extract before it sees a file."""

    extract: Name
    title: str
    standard: str
    about: str = ""
    sent_by: str = ""
    example_sender: str = ""
    source: Literal["gp", "acute", "emergency", "outpatient", "community", "mental_health", "social_care", "reference"]
    cadence: Cadence = Cadence()
    supersession: Supersession
    key: tuple[str, ...]
    version: str | None
    withdrawn: Withdrawn | None
    event_date: tuple[str, ...]
    known_from: tuple[str, ...]
    reporting_lag_days: int = Field(ge=0)
    person: Person | None
    originals_kept_days: int = Field(default=90, ge=1)
    delivery: DeliverySize
    formats: tuple[Format, ...] = (Format(name="current"),)
    # What a supplier should know beside the columns and the rules; each a paragraph in Markdown.
    notes: tuple[str, ...] = ()
    watch: tuple[Watch, ...] = ()
    columns: tuple[Column, ...]
    # Rows of the sample file: what differs from the columns' examples.
    sample: tuple[dict[Name, str], ...] = ({},)
    derive: dict[Name, str] = {}
    expectations: tuple[Expectation, ...]

    @model_validator(mode="before")
    @classmethod
    def _with_given_columns(cls, declared: Any) -> Any:
        """Adds to `derive` what every extract may have worked out without writing it: see `extract_given`."""
        return given_columns(declared) if isinstance(declared, dict) else declared

    def identified_by(self) -> Person:
        """The columns its rows are linked by; raises ContractError for an extract without people."""
        if self.person is None:
            raise ContractError(
                "Nobody is in this extract, so its rows cannot be linked",
                where=self.extract,
                next_step="ask only for extracts that declare `person`",
            )
        return self.person

    def formats_in_force(self, period_end: date) -> tuple[Format, ...]:
        """Formats a delivery whose period ends on this day may have, the newest first; empty when none."""
        found = [one for one in self.formats if one.covers(period_end)]
        return tuple(sorted(found, key=lambda one: one.valid_from or date.min, reverse=True))

    def format_for(self, period_end: date) -> Format:
        """The newest format in force; raises ContractError when there is none for that day."""
        found = self.formats_in_force(period_end)
        if not found:
            raise ContractError(
                f"No format of {self.extract} is in force for a period that ends on {period_end}",
                where=f"expectations/extracts/{self.extract}.yml",
                next_step="correct the period on the receipt, or declare the format",
            )
        return found[0]

    def headers(self) -> tuple[str, ...]:
        """The header line of the current format, in order."""
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
