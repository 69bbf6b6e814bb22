"""The receipt that travels with every file: who sent what for which period, when received, how many rows.

Its received-at stamp is what the pipeline knows as `known_at`; no clock of a machine stands in for it. Also the
rules about files as such, which hold for every extract and cannot be switched off.
"""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import DeliveryRefused

# code: (what the supplier reads, what to do next)
FILE_RULES = {
    "FILE-001": ("The receipt cannot be read", "write it as docs/for-suppliers.md shows"),
    "FILE-002": ("The receipt's file is not there", "land the file, then its receipt"),
    "FILE-003": ("The bytes are not those the receipt names (SHA-256 differs)", "send the file again, whole"),
    "FILE-004": (
        "The receipt names an extract that is not declared",
        "use a name from docs/generated/extracts.md",
    ),
    "FILE-005": ("The receipt's sender is not the folder it landed in", "land it in the sender's own folder"),
    "FILE-006": (
        "Another file with this extract, sender and received-at stamp was received",
        "stamp it anew",
    ),
    "FILE-007": ("The file is larger than a delivery may be", "split it into several deliveries"),
    "FILE-008": ("The compressed file is damaged", "compress it again and send it again"),
    "FILE-009": ("The file is not UTF-8 text", "write it as UTF-8"),
    "FILE-010": (
        "The header line is not the declared one",
        "send the columns of the data dictionary, in order",
    ),
    "FILE-011": (
        "Lines do not have as many fields as the header",
        "quote fields that hold commas or line ends",
    ),
    "FILE-012": (
        "The file breaks off: its last line or a quotation is not complete",
        "send the file again, whole",
    ),
    "FILE-013": (
        "The names of the file or sender hold unsafe characters",
        "use letters, digits, '.', '_' and '-'",
    ),
}


def refusal(code: str, *, where: str) -> "RefusedByRule":
    """The refusal of a file under one of FILE_RULES."""
    says, next_step = FILE_RULES[code]
    return RefusedByRule(says, where=where, next_step=next_step, code=code)


def read_receipt(data: bytes, *, where: str) -> "Receipt":
    """The receipt in these bytes; raises RefusedByRule (FILE-001) naming the field, never its value."""
    try:
        return Receipt.model_validate(json.loads(data))
    except (UnicodeDecodeError, json.JSONDecodeError):
        problem = "not JSON"
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        problem = f"field {'.'.join(str(part) for part in first['loc']) or '(whole)'}: {first['type']}"
    # Raised outside the handlers: the caught errors quote what they were given.
    raise refusal("FILE-001", where=f"{where}, {problem}")


class RefusedByRule(DeliveryRefused):
    """A delivery refused under a numbered rule."""

    def __init__(self, what: str, *, where: str, next_step: str, code: str) -> None:
        self.code = code
        super().__init__(what, where=where, next_step=next_step)


class Receipt(BaseModel):
    """One delivery as its sender announces it. `received_at` has a time zone and whole seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_name: Literal["receipt/1"] = Field(alias="schema")
    extract: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
    sender: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")]
    kind: Literal["bulk", "regular"]
    period_start: date
    period_end: date
    received_at: AwareDatetime
    rows: int = Field(ge=0)
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @model_validator(mode="after")
    def _ordered(self) -> "Receipt":
        if self.period_end < self.period_start:
            raise ValueError("the period ends before it starts")
        return self

    @property
    def received_at_utc(self) -> datetime:
        return self.received_at.astimezone(UTC).replace(microsecond=0)

    @property
    def delivery_id(self) -> str:
        """`<extract>.<sender>.<received at>`: the same receipt always makes the same id."""
        return f"{self.extract}.{self.sender}.{self.received_at_utc:%Y%m%dT%H%M%SZ}"
