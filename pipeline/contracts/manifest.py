"""The manifest that announces several files at once: what every file shares, then a line per file.

Each of its lines becomes a receipt, so that whatever holds of receipts holds of it.
"""

import json
from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from pipeline.contracts.receipt import DeliveryId, Digest, Name, Receipt, Rows, Sender, refusal, unreadable


def read_manifest(data: bytes, *, where: str) -> list[tuple[str, Receipt]]:
    """File names with their receipts, in the manifest's order.

    Raises RefusedByRule (FILE-025) naming the field, never its value: for the whole, since files that were announced
    together are not to be taken in by half because of a slip in their list.
    """
    try:
        return Manifest.model_validate(json.loads(data)).receipts()
    except (ValueError, RecursionError) as error:
        problem = unreadable(error)
    # Raised outside the handler: the caught errors quote what they were given.
    raise refusal("FILE-025", where=f"{where}, {problem}")


class ManifestFile(BaseModel):
    """One file of a manifest; what it does not say, the manifest says for all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$")]
    extract: Name
    rows: Rows
    sha256: Digest
    kind: Literal["bulk", "regular"] | None = None
    period_start: date | None = None
    period_end: date | None = None
    received_at: AwareDatetime | None = None
    header_rows: Rows | None = None
    format: str | None = None
    corrects: DeliveryId | None = None
    note: str | None = None


class Manifest(BaseModel):
    """Several files of one sender, received together."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_name: Literal["manifest/1"] = Field(alias="schema")
    sender: Sender
    received_at: AwareDatetime
    kind: Literal["bulk", "regular"] | None = None
    period_start: date | None = None
    period_end: date | None = None
    files: Annotated[tuple[ManifestFile, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _each_once(self) -> "Manifest":
        if len({one.file for one in self.files}) < len(self.files):
            raise ValueError("a file is listed twice")
        if len({(one.extract, one.received_at or self.received_at) for one in self.files}) < len(self.files):
            raise ValueError("two files of one extract have one stamp")
        return self

    def receipts(self) -> list[tuple[str, Receipt]]:
        """File names with their receipts; raises ValidationError where a line lacks what the whole does not give."""
        shared = self.model_dump(include={"sender", "received_at", "kind", "period_start", "period_end"})
        return [
            (
                one.file,
                Receipt.model_validate(
                    {"schema": "receipt/1", **shared, **one.model_dump(exclude={"file"}, exclude_none=True)}
                ),
            )
            for one in self.files
        ]
