"""What was told, when, by which way, and what stood open then: counts and ids, nobody's value."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from pipeline.ledger.connect import Ledger, reading, writing
from pipeline.ledger.tables import notice as notice_table


@dataclass(frozen=True)
class Notice:
    """One notice: its alerts as rows of `rules.alerts`, and for each way `sent` or why not."""

    at: datetime
    as_of: date
    run_key: str | None
    alerts: list[dict[str, Any]]
    ways: dict[str, str]


def record_notice(ledger: Ledger, *, notice: Notice) -> None:
    """Enter what was told."""
    with writing(ledger) as connection:
        connection.execute(notice_table.insert(), [vars(notice)])


def list_notices(ledger: Ledger) -> list[Notice]:
    """Every notice, the oldest first."""
    with reading(ledger) as connection:
        rows = connection.execute(select(notice_table).order_by(notice_table.c.notice_id))
        return [_notice(row) for row in rows]


def last_notice(ledger: Ledger) -> Notice | None:
    """The newest one, or None."""
    chosen = select(notice_table).order_by(notice_table.c.notice_id.desc()).limit(1)
    with reading(ledger) as connection:
        row = connection.execute(chosen).one_or_none()
    return None if row is None else _notice(row)


def _notice(row: Any) -> Notice:
    held = dict(row._mapping)
    del held["notice_id"]
    return Notice(**held)
