"""Deliveries: what arrived, what became of it, and an account of every row in it.

rows in = kept + duplicate + superseded + quarantined + refused, where a row that validation accepted is kept
unless linkage finds no usable NHS number for it, or the GP lists contradict it. A reason names rules and columns, never
a person's value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update

from pipeline.errors import PipelineError
from pipeline.ledger.connect import Ledger, insert_new, reading, writing
from pipeline.ledger.tables import delivery as table

VERDICTS = ("accepted", "refused", "duplicate")


@dataclass(frozen=True)
class Delivery:
    """One delivery and where its rows went; row counts are zero until the verdict."""

    delivery_id: str
    extract: str
    sender: str
    kind: str
    file_name: str
    sha256: str
    period_start: date
    period_end: date
    received_at: datetime
    state: str
    reason_code: str | None
    reason: str | None
    content_digest: str | None
    rows_in: int
    rows_valid: int
    rows_duplicate: int
    rows_superseded: int
    rows_broken: int
    rows_refused: int
    rows_unlinked: int
    rows_opted_out: int
    latest_event_date: date | None
    format_name: str | None = None
    corrects: str | None = None
    original_expires_on: date | None = None
    original_deleted_at: datetime | None = None
    rows_conflict: int = 0

    @property
    def rows_kept(self) -> int:
        """Accepted by validation and linked to a person."""
        return self.rows_valid - self.rows_unlinked - self.rows_conflict

    @property
    def rows_quarantined(self) -> int:
        """Broke a rule, has no usable NHS number, or is in conflict with the GP lists."""
        return self.rows_broken + self.rows_unlinked + self.rows_conflict

    def balances(self) -> bool:
        """Whether every row that came in is accounted for exactly once."""
        gone = self.rows_duplicate + self.rows_superseded + self.rows_quarantined + self.rows_refused
        return self.rows_in == self.rows_kept + gone


def record_received(
    ledger: Ledger,
    *,
    delivery_id: str,
    extract: str,
    sender: str,
    kind: str,
    file_name: str,
    sha256: str,
    period_start: date,
    period_end: date,
    received_at: datetime,
    rows_in: int = 0,
    corrects: str | None = None,
    original_expires_on: date | None = None,
) -> None:
    """Enter a delivery as received. One that is there already, with or without a verdict, is left alone."""
    row = {
        "delivery_id": delivery_id,
        "extract": extract,
        "sender": sender,
        "kind": kind,
        "file_name": file_name,
        "sha256": sha256,
        "period_start": period_start,
        "period_end": period_end,
        "received_at": received_at,
        "state": "received",
        "rows_in": rows_in,
        "rows_valid": 0,
        "rows_duplicate": 0,
        "rows_superseded": 0,
        "rows_broken": 0,
        "rows_refused": 0,
        "rows_unlinked": 0,
        "rows_opted_out": 0,
        "corrects": corrects,
        "original_expires_on": original_expires_on,
    }
    with writing(ledger) as connection:
        insert_new(connection, table, [row])


def record_verdict(
    ledger: Ledger,
    *,
    delivery_id: str,
    state: str,
    reason_code: str | None = None,
    reason: str | None = None,
    content_digest: str | None = None,
    rows_in: int = 0,
    rows_valid: int = 0,
    rows_duplicate: int = 0,
    rows_superseded: int = 0,
    rows_broken: int = 0,
    rows_refused: int = 0,
    latest_event_date: date | None = None,
) -> None:
    """Set the outcome of validation. Linkage counts stay if the content is the same, else go back to 0.

    Raises PipelineError if the counts do not balance, the state is no verdict, or the delivery is unknown.
    """
    parts = (rows_valid, rows_duplicate, rows_superseded, rows_broken, rows_refused)
    if state not in VERDICTS or min(parts) < 0 or rows_in != sum(parts):
        raise PipelineError(
            f"delivery {delivery_id}: verdict {state} does not hold together: {rows_in} rows in, but valid, "
            f"duplicate, superseded, broken and refused are {parts}"
        )
    known = get_delivery(ledger, delivery_id)
    if known is None:
        raise PipelineError(f"delivery {delivery_id} gets a verdict but was never received")
    values: dict[str, object] = {
        "state": state,
        "reason_code": reason_code,
        "reason": reason,
        "content_digest": content_digest,
        "rows_in": rows_in,
        "rows_valid": rows_valid,
        "rows_duplicate": rows_duplicate,
        "rows_superseded": rows_superseded,
        "rows_broken": rows_broken,
        "rows_refused": rows_refused,
        "latest_event_date": latest_event_date,
    }
    if (known.content_digest, known.rows_valid) != (content_digest, rows_valid):
        values |= {"rows_unlinked": 0, "rows_opted_out": 0, "rows_conflict": 0}
    _update(ledger, delivery_id, values)


def record_linkage(
    ledger: Ledger, *, delivery_id: str, rows_unlinked: int, rows_opted_out: int, rows_conflict: int = 0
) -> None:
    """Set what linkage found among the valid rows: without usable NHS number, of people opted out, in conflict.

    Raises PipelineError if the delivery was not accepted or the counts together exceed its valid rows.
    """
    known = get_delivery(ledger, delivery_id)
    if known is None or known.state != "accepted":
        raise PipelineError(f"delivery {delivery_id} was linked but not accepted")
    counts = {"rows_unlinked": rows_unlinked, "rows_opted_out": rows_opted_out, "rows_conflict": rows_conflict}
    if min(counts.values()) < 0 or sum(counts.values()) > known.rows_valid:
        raise PipelineError(
            f"delivery {delivery_id}: {rows_unlinked} unlinked, {rows_opted_out} opted out and {rows_conflict} "
            f"conflicting rows among {known.rows_valid} valid ones"
        )
    _update(ledger, delivery_id, dict(counts))


def record_format(ledger: Ledger, *, delivery_id: str, format_name: str) -> None:
    """Say in which of the contract's declared formats the file was."""
    _update(ledger, delivery_id, {"format_name": format_name})


def record_original_deleted(ledger: Ledger, *, delivery_id: str, at: datetime) -> None:
    """Say that the sealed original bytes are gone; what was made of them, and their digest, stay."""
    _update(ledger, delivery_id, {"original_deleted_at": at})


def get_delivery(ledger: Ledger, delivery_id: str) -> Delivery | None:
    """The delivery, or None."""
    with reading(ledger) as connection:
        row = connection.execute(select(table).where(table.c.delivery_id == delivery_id)).one_or_none()
    return None if row is None else Delivery(**row._mapping)


def list_deliveries(
    ledger: Ledger,
    *,
    received_before: datetime | None = None,
    states: Sequence[str] | None = None,
    extract: str | None = None,
    sender: str | None = None,
) -> list[Delivery]:
    """Deliveries that fit every condition (`received_before` excludes), ordered by received_at, then id."""
    chosen = select(table).order_by(table.c.received_at, table.c.delivery_id)
    if received_before is not None:
        chosen = chosen.where(table.c.received_at < received_before)
    if states is not None:
        chosen = chosen.where(table.c.state.in_(list(states)))
    if extract is not None:
        chosen = chosen.where(table.c.extract == extract)
    if sender is not None:
        chosen = chosen.where(table.c.sender == sender)
    with reading(ledger) as connection:
        return [Delivery(**row._mapping) for row in connection.execute(chosen)]


def _update(ledger: Ledger, delivery_id: str, values: dict[str, object]) -> None:
    with writing(ledger) as connection:
        connection.execute(update(table).where(table.c.delivery_id == delivery_id).values(**values))
