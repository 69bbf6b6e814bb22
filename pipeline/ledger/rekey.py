"""Other pseudonyms in the place of those the ledger holds, in one transaction with the row of the audit that tells it.

Every column of the ledger's tables that is called `person_key` is meant, so that a new table cannot be forgotten.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, bindparam, delete, func, select, update

from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, empty_write_ahead_log, reading, writing
from pipeline.ledger.tables import metadata, step

CHUNK = 1_000


def _columns() -> list[Column[Any]]:
    return [table.c.person_key for table in metadata.sorted_tables if "person_key" in table.c]


def person_keys_with(ledger: Ledger, *, prefix: str) -> frozenset[str]:
    """Distinct pseudonyms in the ledger that begin so."""
    found: set[str] = set()
    with reading(ledger) as connection:
        for column in _columns():
            chosen = select(column).where(column.startswith(prefix, autoescape=True)).distinct()
            found |= set(connection.execute(chosen).scalars())
    return frozenset(found)


def rekey_ledger(
    ledger: Ledger,
    new_keys: Mapping[str, str],
    *,
    prefix: str,
    linked_by: tuple[str, str],
    at: datetime,
    who: str,
    subject: str,
) -> tuple[int, int]:
    """Rows changed, and rows dropped because no new pseudonym is known; all of it, or nothing.

    `linked_by` is the beginning of the digest of a finished linkage before and after: rows under the new keys need
    not be linked again.
    """
    before, after = linked_by
    with writing(ledger) as connection:
        changed = dropped = 0
        for column in _columns():
            table = column.table
            held = select(column).where(column.startswith(prefix, autoescape=True)).distinct()
            held_keys = sorted(connection.execute(held).scalars())
            pairs = [{"was": key, "person_key": new_keys[key]} for key in held_keys if key in new_keys]
            within = column.startswith(prefix, autoescape=True)
            rows = connection.execute(select(func.count()).select_from(table).where(within)).scalar_one()
            for start in range(0, len(pairs), CHUNK):
                changing = update(table).where(column == bindparam("was"))
                connection.execute(changing, pairs[start : start + CHUNK])
            lost = connection.execute(delete(table).where(within)).rowcount
            changed, dropped = changed + rows - lost, dropped + lost
        links = select(step.c.scope, step.c.digest).where(
            step.c.step == "link", step.c.digest.startswith(f"{before}.", autoescape=True)
        )
        for row in connection.execute(links).all():
            digest = after + row.digest.removeprefix(before)
            here = (step.c.scope == row.scope, step.c.step == "link")
            connection.execute(update(step).where(*here).values(digest=digest))
        append_within(
            connection,
            at=at,
            who=who,
            action="keys_re-keyed",
            run_key=None,
            subject=subject,
            counts={"entries": changed, "entries_dropped": dropped},
        )
    empty_write_ahead_log(ledger)
    return changed, dropped
