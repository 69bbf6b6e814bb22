"""What was last asked of the check for national data opt-outs, and what became of it.

A small file without a person in it: names of files, counts and digests.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import ContractError


class Batch(BaseModel):
    """One file that was asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    people: int
    sha256: str


class Check(BaseModel):
    """One question to the service, in one or more files; whole or not at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Literal["waiting", "read", "refused"]
    requested_at: datetime
    reply_due_at: datetime
    batches: tuple[Batch, ...]
    # Why the reply was refused, in counts.
    reason: str = ""

    @property
    def people(self) -> int:
        return sum(batch.people for batch in self.batches)

    def next_number(self, at: datetime) -> int:
        """The first file number of the day that this check has not used; names must be unique."""
        day = f"-{at:%d%m%y}-"
        used = [int(batch.name.removesuffix(".dat")[-4:]) for batch in self.batches if day in batch.name]
        return max(used, default=0) + 1

    def is_overdue(self, at: datetime) -> bool:
        return at > self.reply_due_at


def asked(batches: tuple[Batch, ...], *, at: datetime, reply_within_hours: int) -> Check:
    """A check that waits for its reply."""
    due = at + timedelta(hours=reply_within_hours)
    return Check(state="waiting", requested_at=at, reply_due_at=due, batches=batches)


def read_check(path: Path) -> Check | None:
    """The last check, or None when nothing was ever asked; raises ContractError when the file was damaged."""
    if not path.is_file():
        return None
    try:
        return Check.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ContractError(
            "The record of the last check for national data opt-outs cannot be read",
            where=path.name,
            next_step="remove it and ask anew: riskstrat opt-outs request --who … --reason …",
        ) from error
