"""The audit: who did what, in a chain in which each row's digest covers the digest before it.

Changing, removing or swapping rows in the middle breaks the chain. Cutting off the newest rows does not show
in the chain itself: keep its last digest somewhere else if that matters. Counts and ids only, never a
person's value.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from pipeline.errors import PipelineError
from pipeline.ledger.columns import canonical_json
from pipeline.ledger.connect import Ledger, reading, writing
from pipeline.ledger.tables import audit_entry as table
from pipeline.rules import nhs_number

FIRST = "0" * 64


@dataclass(frozen=True)
class AuditEntry:
    """What one row of the audit says."""

    at: datetime
    run_key: str | None
    subject: str
    counts: dict[str, Any]


def append(
    ledger: Ledger,
    *,
    at: datetime,
    who: str,
    action: str,
    run_key: str | None,
    subject: str,
    counts: dict[str, Any],
) -> None:
    """Add a row to the chain; raises PipelineError if any part of it looks like an NHS number."""
    with writing(ledger) as connection:
        append_within(connection, at=at, who=who, action=action, run_key=run_key, subject=subject, counts=counts)


def append_within(
    connection: Connection,
    *,
    at: datetime,
    who: str,
    action: str,
    run_key: str | None,
    subject: str,
    counts: dict[str, Any],
) -> None:
    """Add a row as part of a transaction, so that what it tells of and the row are kept together or not at all."""
    if nhs_number.mask(canonical_json([who, action, subject, counts])) != canonical_json(
        [who, action, subject, counts]
    ):
        raise PipelineError("an audit row holds what looks like an NHS number: name counts and ids instead")
    if connection.dialect.name == "postgresql":
        # Two writers must not both continue from the same last row; SQLite has one writer at a time.
        connection.execute(text("lock table audit_entry in exclusive mode"))
    newest = select(table).order_by(table.c.sequence.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    row = {
        "sequence": 1 if last is None else last.sequence + 1,
        "at": at.astimezone(UTC),
        "who": who,
        "action": action,
        "run_key": run_key,
        "subject": subject,
        "counts": counts,
        "previous_digest": FIRST if last is None else last.digest,
    }
    connection.execute(table.insert(), [{**row, "digest": _digest(row)}])


def list_entries(ledger: Ledger, *, action: str) -> list[AuditEntry]:
    """Rows of one action, oldest first."""
    chosen = select(table).where(table.c.action == action).order_by(table.c.sequence)
    with reading(ledger) as connection:
        return [
            AuditEntry(at=row.at, run_key=row.run_key, subject=row.subject, counts=row.counts)
            for row in connection.execute(chosen)
        ]


def verify(ledger: Ledger) -> list[str]:
    """Problems of the chain, in order; empty when it is sound."""
    problems: list[str] = []
    sequence, digest = 0, FIRST
    with reading(ledger) as connection:
        rows = connection.execute(select(table).order_by(table.c.sequence)).all()
    for row in rows:
        if row.sequence != sequence + 1:
            problems.append(f"audit rows {sequence + 1} to {row.sequence - 1} are missing")
        if row.previous_digest != digest:
            problems.append(f"audit row {row.sequence} does not continue from the row before it")
        if row.digest != _digest(_content(row)):
            problems.append(f"audit row {row.sequence} was changed after it was written")
        sequence, digest = row.sequence, row.digest
    return problems


def _content(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "digest"}


def _digest(content: dict[str, Any]) -> str:
    stated = {**content, "at": content["at"].isoformat()}
    return hashlib.sha256(canonical_json(stated).encode()).hexdigest()
