"""What is to leave, what became of it, and when each mailbox last answered.

A row is entered in the transaction that records its edition, and moves: waiting → sending → sent → collected. A row
that is found `sending` is unknown: it may have left. Every move is told as an event and stays. No row names a person.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text, update

from pipeline.errors import ChannelError
from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, insert_new, reading, upsert, writing
from pipeline.ledger.tables import mailbox as mailbox_table
from pipeline.ledger.tables import outbox as table
from pipeline.ledger.tables import outbox_event as event_table

# What is over, whatever comes later.
ENDED = ("collected", "undelivered", "refused", "withdrawn")
# Any constant will do, as long as every process that uses a mailbox takes the same one.
MAILBOX_LOCK = 7_126_003


@dataclass(frozen=True)
class Outgoing:
    """One pack or notice for one recipient. `way` is folder or mesh; `recipient` a folder's path or a mailbox."""

    local_id: str
    edition_id: str
    kind: str
    plane: str
    code: str
    way: str
    recipient: str
    workflow: str
    file_name: str
    sha256: str
    entered_at: datetime
    state: str = "waiting"
    attempts: int = 0
    message_id: str | None = None
    sending_at: datetime | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Event:
    """One thing that became of a row."""

    local_id: str
    at: datetime
    event: str
    message_id: str | None
    says: str | None


def enter(connection: Connection, rows: Sequence[Outgoing]) -> None:
    """Enter rows within the caller's transaction; one that is there already is left alone."""
    for row in rows:
        known = select(table.c.local_id).where(table.c.local_id == row.local_id)
        if connection.execute(known).one_or_none() is None:
            insert_new(connection, table, [asdict(row)])
            _tell(connection, row.local_id, at=row.entered_at, event="entered")


def recall(connection: Connection, *, edition_id: str, notice: Sequence[Outgoing], at: datetime) -> None:
    """Within the transaction that records a recall: what has not left stays here, and after what has goes the notice.

    What may have left counts as left.
    """
    rows = _chosen(connection, table.c.edition_id == edition_id, table.c.kind == "register")
    for row in rows:
        if row.state in ("waiting", "held"):
            _move(connection, row.local_id, at=at, event="withdrawn", state="withdrawn", reason="recalled", ended_at=at)
    if any(row.state in ("sending", "sent", "collected", "undelivered") for row in rows):
        enter(connection, notice)


def move(ledger: Ledger, local_id: str, *, at: datetime, event: str, says: str | None = None, **values: Any) -> None:
    """Set the row's columns and tell the event, in one transaction."""
    with writing(ledger) as connection:
        _move(connection, local_id, at=at, event=event, says=says, **values)


def move_within(
    connection: Connection, local_id: str, *, at: datetime, event: str, says: str | None = None, **values: Any
) -> None:
    """The same as part of the caller's transaction."""
    _move(connection, local_id, at=at, event=event, says=says, **values)


def settle(
    ledger: Ledger,
    local_id: str,
    *,
    at: datetime,
    who: str,
    event: str,
    says: str,
    enters: Sequence[Outgoing] = (),
    **values: Any,
) -> None:
    """What a person decided about a row: its move, what takes its place, and the audit, in one transaction."""
    with writing(ledger) as connection:
        _move(connection, local_id, at=at, event=event, says=says, **values)
        enter(connection, enters)
        subject = f"{local_id} {event}: {says}"
        append_within(connection, at=at, who=who, action="settle", run_key=None, subject=subject, counts={})


def get(ledger: Ledger, local_id: str) -> Outgoing | None:
    """The row, or None."""
    with reading(ledger) as connection:
        found = _chosen(connection, table.c.local_id == local_id)
    return found[0] if found else None


def list_outbox(
    ledger: Ledger, *, way: str | None = None, states: Sequence[str] | None = None, edition_id: str | None = None
) -> list[Outgoing]:
    """Rows that fit every condition given, in the order they were entered, then by local id."""
    conditions = []
    if way is not None:
        conditions.append(table.c.way == way)
    if states is not None:
        conditions.append(table.c.state.in_(list(states)))
    if edition_id is not None:
        conditions.append(table.c.edition_id == edition_id)
    with reading(ledger) as connection:
        found = _chosen(connection, *conditions)
    return sorted(found, key=lambda one: (one.entered_at, one.local_id))


def by_message(ledger: Ledger, message_id: str) -> Outgoing | None:
    """The row whose message this is, or None."""
    with reading(ledger) as connection:
        found = _chosen(connection, table.c.message_id == message_id)
    return found[0] if found else None


def events(ledger: Ledger, *, local_id: str | None = None) -> list[Event]:
    """What became of one row, or of all, oldest first."""
    columns = [column for column in event_table.c if column.name != "event_id"]
    chosen = select(*columns).order_by(event_table.c.event_id)
    if local_id is not None:
        chosen = chosen.where(event_table.c.local_id == local_id)
    with reading(ledger) as connection:
        return [Event(**row._mapping) for row in connection.execute(chosen)]


def shook_hands(ledger: Ledger, mailbox: str) -> datetime | None:
    """When the mailbox last proved that it works."""
    with reading(ledger) as connection:
        return connection.execute(
            select(mailbox_table.c.handshake_at).where(mailbox_table.c.mailbox == mailbox)
        ).scalar_one_or_none()


def record_mailbox(ledger: Ledger, mailbox: str, **moments: datetime) -> None:
    """Set `handshake_at` or `looked_at` of a mailbox."""
    with writing(ledger) as connection:
        upsert(connection, mailbox_table, [{"mailbox": mailbox, **moments}])


@contextmanager
def sole_user(ledger: Ledger, mailbox: str) -> Iterator[None]:
    """Hold the mailbox among all machines that share this ledger; raises ChannelError at once when another holds it.

    Only a server can do so: on SQLite, which no two machines share, this does nothing.
    """
    if ledger.engine.dialect.name != "postgresql":
        yield
        return
    names = {"lock": MAILBOX_LOCK, "mailbox": mailbox}
    with ledger.engine.connect() as connection:
        if not connection.execute(text("select pg_try_advisory_lock(:lock, hashtext(:mailbox))"), names).scalar_one():
            raise ChannelError(
                "The mailbox is in use on another machine", where=f"mailbox {mailbox}", next_step="try again later"
            )
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(:lock, hashtext(:mailbox))"), names)


def _chosen(connection: Connection, *conditions: Any) -> list[Outgoing]:
    return [Outgoing(**row._mapping) for row in connection.execute(select(table).where(*conditions))]


def _move(
    connection: Connection, local_id: str, *, at: datetime, event: str, says: str | None = None, **values: Any
) -> None:
    if values:
        connection.execute(update(table).where(table.c.local_id == local_id).values(**values))
    _tell(connection, local_id, at=at, event=event, message_id=values.get("message_id"), says=says)


def _tell(
    connection: Connection,
    local_id: str,
    *,
    at: datetime,
    event: str,
    message_id: str | None = None,
    says: str | None = None,
) -> None:
    row = {"local_id": local_id, "at": at, "event": event, "message_id": message_id, "says": says}
    connection.execute(event_table.insert(), [row])
