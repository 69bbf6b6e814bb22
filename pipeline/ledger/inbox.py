"""Messages that came: each entered once, when what it carries lies whole where it belongs, before it is acknowledged.

The same thing sent twice has two message ids. It is known by sender, workflow, local id and bytes together.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, reading, writing
from pipeline.ledger.tables import inbox as table


@dataclass(frozen=True)
class Incoming:
    """One message. `landed_as` is relative to the home."""

    message_id: str
    mailbox: str
    sender: str
    workflow: str
    local_id: str
    sha256: str
    state: str
    landed_as: str | None
    reason: str | None
    came_at: datetime
    acknowledged_at: datetime | None = None


def find(ledger: Ledger, message_id: str) -> Incoming | None:
    """The message, or None when it was never entered."""
    with reading(ledger) as connection:
        row = connection.execute(select(table).where(table.c.message_id == message_id)).one_or_none()
    return None if row is None else Incoming(**row._mapping)


def enter(ledger: Ledger, message: Incoming) -> Incoming:
    """Enter the message, as a duplicate when the same thing landed under another id; as it was entered."""
    with writing(ledger) as connection:
        return enter_within(connection, message)


def enter_within(connection: Connection, message: Incoming) -> Incoming:
    """The same as part of the caller's transaction."""
    first = _first_of(connection, message)
    if message.state == "landed" and first is not None:
        message = replace(message, state="duplicate", reason=f"the same as message {first}")
    connection.execute(table.insert(), [asdict(message)])
    return message


def first_of(ledger: Ledger, message: Incoming) -> str | None:
    """The message under whose id the same thing landed, or None."""
    with reading(ledger) as connection:
        return _first_of(connection, message)


def _first_of(connection: Connection, message: Incoming) -> str | None:
    same = select(table.c.message_id).where(
        table.c.sender == message.sender,
        table.c.workflow == message.workflow,
        table.c.local_id == message.local_id,
        table.c.sha256 == message.sha256,
        table.c.state == "landed",
        table.c.message_id != message.message_id,
    )
    return connection.execute(same.limit(1)).scalar_one_or_none()


def record_acknowledged(ledger: Ledger, message_id: str, *, at: datetime) -> None:
    """Say that the carrier was told that we have it."""
    with writing(ledger) as connection:
        connection.execute(update(table).where(table.c.message_id == message_id).values(acknowledged_at=at))


def clear(ledger: Ledger, message_id: str, *, at: datetime, who: str, reason: str) -> None:
    """A person dealt with a message that was set apart: so told here and in the audit, in one transaction."""
    with writing(ledger) as connection:
        connection.execute(
            update(table)
            .where(table.c.message_id == message_id, table.c.state == "set_apart")
            .values(state="cleared", reason=reason)
        )
        subject = f"message {message_id} dropped: {reason}"
        append_within(connection, at=at, who=who, action="settle", run_key=None, subject=subject, counts={})


def list_inbox(ledger: Ledger, *, state: str | None = None) -> list[Incoming]:
    """Messages by when they came, then by id; of one state, if given."""
    chosen = select(table).order_by(table.c.came_at, table.c.message_id)
    if state is not None:
        chosen = chosen.where(table.c.state == state)
    with reading(ledger) as connection:
        return [Incoming(**row._mapping) for row in connection.execute(chosen)]
