"""The receipt that travels with every file: who sent what for which period, when received, how many rows.

Its received-at stamp is what the pipeline knows as `known_at`; no clock of a machine stands in for it. Also the
rules about files as such, which hold for every extract and cannot be switched off.
"""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import DeliveryRefused

# How far a stamp may lie ahead of our clock: clocks differ by minutes, and a time written under another zone by hours.
MOST_AHEAD = timedelta(hours=24)

# code: (what the supplier reads, what to do next)
FILE_RULES = {
    "FILE-001": ("The receipt cannot be read", "write it as the page for those who send us data shows"),
    "FILE-002": ("The receipt's file is not there", "land the file, then its receipt"),
    "FILE-003": ("The bytes are not those the receipt names (SHA-256 differs)", "send the file again, whole"),
    "FILE-004": (
        "The receipt names an extract that is not declared",
        "use a name from the index of extracts",
    ),
    "FILE-005": ("The receipt's sender is not the folder it landed in", "land it in the sender's own folder"),
    "FILE-006": (
        "Another file with this extract, sender and received-at stamp was received",
        "stamp it anew",
    ),
    "FILE-007": (
        "The file is larger than a delivery may be",
        "pack it (.gz or Parquet), split it where rows are replaced by key, or ask the operator",
    ),
    "FILE-008": ("The compressed file is damaged", "compress it again and send it again"),
    "FILE-009": ("The file is not UTF-8 text", "write it as UTF-8"),
    "FILE-010": (
        "The header line is not the declared one",
        "send the columns that the page of the extract lists, in order",
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
    "FILE-014": ("More than one file could be the one the receipt speaks of", "land one file per receipt"),
    "FILE-015": (
        "The file is of a kind that is not taken",
        "send CSV (plain, .gz or .zip), Parquet or XLSX under a name that says which",
    ),
    "FILE-016": ("The archive does not hold exactly one CSV file", "put one CSV file into a .zip, nothing else"),
    "FILE-017": (
        "The file unpacks to far more than its own size",
        "send it less tightly packed, or as plain CSV",
    ),
    "FILE-018": (
        "The archive names its content with a path or unsafe characters",
        "pack the file without folders, named with letters, digits, '.', '_' and '-'",
    ),
    "FILE-019": ("The fields are not separated by commas", "write it with commas between the fields"),
    "FILE-020": (
        "A line is longer than a line may be",
        "look for a quotation mark that is never closed, and send the file again",
    ),
    "FILE-021": (
        "The workbook holds formulas, macros or other active content",
        "save the values alone as .xlsx, or send CSV",
    ),
    "FILE-022": (
        "Cells of the workbook have lost or hide what they should say",
        "format every column as text before filling it, or send CSV",
    ),
    "FILE-023": (
        "Columns of the Parquet file have types that cannot be written as text without doubt",
        "write them as strings, dates, timestamps, integers or decimals",
    ),
    "FILE-024": ("The checksum beside the file is not that of its bytes", "send the file again, whole"),
    "FILE-025": ("The manifest cannot be read", "write it as the page for those who send us data shows"),
    "FILE-026": (
        "The file is in a format that is not in force for the period on its receipt",
        "send the format declared for that period, or correct the period",
    ),
    "FILE-027": (
        "The receipt corrects a delivery that this sender did not send",
        "name the id on the delivery's report, or leave `corrects` out",
    ),
    "FILE-028": (
        "What lies there is no plain file that can be opened",
        "land the file itself, not a link, readable by us",
    ),
    "FILE-029": ("The file is protected by a password", "send it without; it is kept encrypted here"),
    "FILE-030": (
        "A person refused these very bytes before",
        "ask why, and send a file that has been put right",
    ),
    "FILE-031": (
        f"The receipt's received_at lies more than {MOST_AHEAD // timedelta(hours=1)} hours ahead of our clock",
        "write the moment at which the file was handed over, with its zone, and send the receipt again",
    ),
}

# Rules that no person may overrule: the bytes are not known to be what the sender meant, or cannot be read.
INTEGRITY = "FILE-"


def refusal(code: str, *, where: str) -> "RefusedByRule":
    """The refusal of a file under one of FILE_RULES."""
    says, next_step = FILE_RULES[code]
    return RefusedByRule(says, where=where, next_step=next_step, code=code)


def read_receipt(data: bytes, *, where: str) -> "Receipt":
    """The receipt in these bytes; raises RefusedByRule (FILE-001) naming the field, never its value."""
    try:
        return Receipt.model_validate(json.loads(data))
    # Also a number of thousands of digits, and brackets nested past what can be followed.
    except (ValueError, RecursionError) as error:
        problem = unreadable(error)
    # Raised outside the handler: the caught errors quote what they were given.
    raise refusal("FILE-001", where=f"{where}, {problem}")


def unreadable(error: ValueError | RecursionError) -> str:
    """What is wrong with a receipt or manifest: the first field and the kind of problem, never what stands there.

    A field that is not declared is not named: its name is the sender's own text.
    """
    if not isinstance(error, ValidationError):
        return "not JSON"
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    declared = {*Receipt.model_fields, "schema", "files", "file"}
    field = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part in declared)
    return f"field {field or '(whole)'}: {first['type']}"


class RefusedByRule(DeliveryRefused):
    """A delivery refused under a numbered rule."""

    def __init__(self, what: str, *, where: str, next_step: str, code: str) -> None:
        self.code = code
        super().__init__(what, where=where, next_step=next_step)


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Sender = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DeliveryId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")]
Rows = Annotated[int, Field(ge=0, le=2_000_000_000)]
# Stamps and days beyond these are slips of the hand, and some of them no calendar can reckon with.
FIRST_YEAR, LAST_YEAR = 1900, 2199


class Receipt(BaseModel):
    """One delivery as its sender announces it. `received_at` has a time zone and whole seconds.

    header_rows: rows that a header record of the sender's own counts. format: the declared format it is in, if the
    sender says so. corrects: the id of the delivery it puts right. note: kept beside the original and nowhere else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_name: Literal["receipt/1"] = Field(alias="schema")
    extract: Name
    sender: Sender
    kind: Literal["bulk", "regular"]
    period_start: date
    period_end: date
    received_at: AwareDatetime
    rows: Rows
    sha256: Digest
    header_rows: Rows | None = None
    format: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    corrects: DeliveryId | None = None
    note: Annotated[str, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Receipt":
        if self.period_end < self.period_start:
            raise ValueError("the period ends before it starts")
        years = [one.year for one in (self.period_start, self.period_end, self.received_at)]
        if min(years) < FIRST_YEAR or max(years) > LAST_YEAR:
            raise ValueError("a date is centuries away")
        return self

    @property
    def received_at_utc(self) -> datetime:
        return self.received_at.astimezone(UTC).replace(microsecond=0)

    @property
    def delivery_id(self) -> str:
        """`<extract>.<sender>.<received at>`: the same receipt always makes the same id."""
        return f"{self.extract}.{self.sender}.{self.received_at_utc:%Y%m%dT%H%M%SZ}"
