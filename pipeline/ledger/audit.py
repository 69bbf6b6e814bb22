"""The audit: who did what, in a chain in which each row's digest covers the digest before it.

Changing, removing or swapping rows in the middle breaks the chain. Cutting off the newest rows shows in the anchor
(anchor.py). The database refuses to change or delete rows (migration 0003); what its owner does past that is found by
`verify`. Counts and ids only, never a person's value.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from pipeline.errors import PipelineError
from pipeline.ledger.anchor import AUDIT_HEAD, Head, read_anchor
from pipeline.ledger.columns import canonical_json
from pipeline.ledger.connect import Ledger, reading, writing
from pipeline.ledger.tables import audit_entry as table
from pipeline.rules import nhs_number

FIRST = "0" * 64
# Any constant will do, as long as every process that adds to the audit takes the same one.
APPEND_LOCK = 7_126_002


@dataclass(frozen=True)
class AuditEntry:
    """What one row of the audit says."""

    sequence: int
    at: datetime
    who: str
    action: str
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
        # Two writers must not both continue from the same last row; SQLite has one writer at a time. Not a lock on the
        # table: that asks for more than the role that runs nights may have, which adds rows and does nothing else.
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": APPEND_LOCK})
    newest = select(table).order_by(table.c.sequence.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    sequence = 1 if last is None else int(last.sequence) + 1
    row = {
        "sequence": sequence,
        "at": at.astimezone(UTC),
        "who": who,
        "action": action,
        "run_key": run_key,
        "subject": subject,
        "counts": counts,
        "previous_digest": FIRST if last is None else last.digest,
    }
    digest = _digest(row)
    connection.execute(table.insert(), [{**row, "digest": digest}])
    connection.info[AUDIT_HEAD] = Head(sequence=sequence, digest=digest)


def list_entries(
    ledger: Ledger,
    *,
    action: str | None = None,
    run_key: str | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> list[AuditEntry]:
    """Rows that fit every condition given, oldest first; `before` itself is not among them."""
    chosen = select(*(table.c[field.name] for field in fields(AuditEntry))).order_by(table.c.sequence)
    if action is not None:
        chosen = chosen.where(table.c.action == action)
    if run_key is not None:
        chosen = chosen.where(table.c.run_key == run_key)
    if since is not None:
        chosen = chosen.where(table.c.at >= since)
    if before is not None:
        chosen = chosen.where(table.c.at < before)
    with reading(ledger) as connection:
        return [AuditEntry(**row._mapping) for row in connection.execute(chosen)]


def newest_of(ledger: Ledger, *, actions: Sequence[str]) -> AuditEntry | None:
    """The newest row of any of these actions, or None."""
    chosen = select(*(table.c[field.name] for field in fields(AuditEntry))).where(table.c.action.in_(actions))
    with reading(ledger) as connection:
        row = connection.execute(chosen.order_by(table.c.sequence.desc()).limit(1)).one_or_none()
    return None if row is None else AuditEntry(**row._mapping)


def head(ledger: Ledger) -> Head:
    """The newest row of the chain; sequence 0 when there is none."""
    newest = select(table.c.sequence, table.c.digest).order_by(table.c.sequence.desc()).limit(1)
    with reading(ledger) as connection:
        row = connection.execute(newest).one_or_none()
    return Head(0, FIRST) if row is None else Head(row.sequence, row.digest)


def verify(ledger: Ledger, *, known: Sequence[Head] = ()) -> list[str]:
    """Problems of the chain, of its anchor where there is one, and of heads known from elsewhere; empty when sound."""
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
    held = {row.sequence: row.digest for row in rows}
    heads, told = _anchored(ledger, rows=len(rows))
    return [*problems, *told, *_against([*heads, *known], held, newest=sequence)]


def _anchored(ledger: Ledger, *, rows: int) -> tuple[list[Head], list[str]]:
    """What the anchor says, and what is wrong with the file itself."""
    if ledger.anchor is None:
        return [], []
    if not ledger.anchor.is_file():
        missing = f"the anchor {ledger.anchor.name} is gone: rows cut off at the end of the audit could not be noticed"
        return [], [missing] if rows else []
    heads, unreadable = read_anchor(ledger.anchor)
    return heads, [f"line {number} of the anchor {ledger.anchor.name} is not one of ours" for number in unreadable]


def _against(heads: Sequence[Head], held: dict[int, str], *, newest: int) -> list[str]:
    """Heads the chain once had and has no more."""
    problems = []
    furthest = max((one.sequence for one in heads), default=0)
    if furthest > newest:
        problems.append(f"audit rows {newest + 1} to {furthest} were cut off at the end")
    for one in heads:
        if one.sequence in held and held[one.sequence] != one.digest:
            problems.append(f"audit row {one.sequence} is not the one that was anchored")
    return list(dict.fromkeys(problems))


def _content(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "digest"}


def _digest(content: dict[str, Any]) -> str:
    stated = {**content, "at": content["at"].isoformat()}
    return hashlib.sha256(canonical_json(stated).encode()).hexdigest()
