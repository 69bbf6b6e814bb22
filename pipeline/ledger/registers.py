"""Editions of registers as they were published, and who was on them, as pseudonyms.

An edition is written once and never rewritten: a correction is a further revision, a replay an edition apart, and one
that was recalled stays and counts no more (recalls.py).
Only `forget_people` takes anything away.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from pipeline.errors import PipelineError
from pipeline.ledger import outbox
from pipeline.ledger.connect import Ledger, empty_write_ahead_log, reading, writing
from pipeline.ledger.tables import edition as edition_table
from pipeline.ledger.tables import recall as recall_table
from pipeline.ledger.tables import register_entry as entry_table

# Well below the number of parameters either database takes in one statement.
CHUNK = 500


@dataclass(frozen=True)
class Edition:
    """One published register. `path` is relative to the home."""

    edition_id: str
    run_key: str
    kind: str
    plane: str
    as_of: date
    code: str
    revision: int
    manifest_sha256: str
    path: str
    counts: dict[str, Any]
    published_at: datetime


@dataclass(frozen=True)
class Entry:
    """One person on an edition; `risk_score` is a probability with six places."""

    person_key: str
    listing: str
    rank: int
    risk_score: Decimal
    segment: str
    first_listed_on: date
    editions_on_register: int
    editions_beyond: int


def record_edition(
    ledger: Ledger, *, edition: Edition, entries: Sequence[Entry], leaves: Sequence[outbox.Outgoing] = ()
) -> None:
    """Enter the edition, its people and what is to leave in one transaction; one that is there already is left alone.

    Raises PipelineError if it is there with another manifest: a published edition is never rewritten.
    """
    same = select(edition_table.c.manifest_sha256).where(edition_table.c.edition_id == edition.edition_id)
    with writing(ledger) as connection:
        known = connection.execute(same).scalar_one_or_none()
        if known is None:
            connection.execute(edition_table.insert(), [asdict(edition)])
            rows = [{"edition_id": edition.edition_id, **vars(entry)} for entry in entries]
            if rows:
                connection.execute(entry_table.insert(), rows)
            outbox.enter(connection, leaves)
        elif known != edition.manifest_sha256:
            raise PipelineError(f"edition {edition.edition_id} is in the ledger with another manifest")


def last_edition(
    ledger: Ledger, *, plane: str, code: str, before: date, among: Collection[str] | None = None
) -> Edition | None:
    """The last edition of an earlier night that counts, or None.

    Of a night the highest revision counts and it alone: when that one is recalled the night counts for nothing, since
    what it replaced was wrong as well (docs/decisions/0029). With `among`, only editions of these runs.
    """
    chosen = (
        select(edition_table)
        .where(
            edition_table.c.kind == "current",
            edition_table.c.plane == plane,
            edition_table.c.code == code,
            edition_table.c.as_of < before,
        )
        .order_by(edition_table.c.as_of.desc(), edition_table.c.revision.desc())
    )
    with reading(ledger) as connection:
        recalled = set(connection.execute(select(recall_table.c.edition_id)).scalars())
        newest: dict[date, Edition] = {}
        for row in connection.execute(chosen):
            if among is None or row.run_key in among:
                newest.setdefault(row.as_of, Edition(**row._mapping))
    return next((one for one in newest.values() if one.edition_id not in recalled), None)


def get_edition(ledger: Ledger, edition_id: str) -> Edition | None:
    """The edition of this id, current or replay, recalled or not, or None."""
    with reading(ledger) as connection:
        row = connection.execute(select(edition_table).where(edition_table.c.edition_id == edition_id)).one_or_none()
    return None if row is None else Edition(**row._mapping)


def find_edition(ledger: Ledger, *, plane: str, code: str, as_of: date, run_key: str) -> Edition | None:
    """The edition this run published for the practice or locality, current or replay, or None."""
    chosen = (
        select(edition_table)
        .where(
            edition_table.c.plane == plane,
            edition_table.c.code == code,
            edition_table.c.as_of == as_of,
            edition_table.c.run_key == run_key,
        )
        .order_by(edition_table.c.revision.desc(), edition_table.c.edition_id)
        .limit(1)
    )
    with reading(ledger) as connection:
        row = connection.execute(chosen).one_or_none()
    return None if row is None else Edition(**row._mapping)


def list_editions(
    ledger: Ledger, *, as_of: date | None = None, plane: str | None = None, code: str | None = None
) -> list[Edition]:
    """Editions that fit every condition given, by as-of date, plane, code, revision and id."""
    chosen = select(edition_table)
    if as_of is not None:
        chosen = chosen.where(edition_table.c.as_of == as_of)
    if plane is not None:
        chosen = chosen.where(edition_table.c.plane == plane)
    if code is not None:
        chosen = chosen.where(edition_table.c.code == code)
    with reading(ledger) as connection:
        found = [Edition(**row._mapping) for row in connection.execute(chosen)]
    # Sorted here, since databases order text by their own collation.
    return sorted(found, key=lambda one: (one.as_of, one.plane, one.code, one.revision, one.edition_id))


def entries(ledger: Ledger, *, edition_id: str) -> list[Entry]:
    """Who is on the edition, by rank."""
    columns = [column for column in entry_table.c if column.name != "edition_id"]
    chosen = select(*columns).where(entry_table.c.edition_id == edition_id)
    with reading(ledger) as connection:
        found = [Entry(**row._mapping) for row in connection.execute(chosen)]
    return sorted(found, key=lambda one: (one.rank, one.person_key))


def editions_with(ledger: Ledger, *, person_keys: Sequence[str]) -> list[str]:
    """Ids of editions that list any of these people, sorted."""
    wanted = sorted(set(person_keys))
    found: set[str] = set()
    with reading(ledger) as connection:
        for start in range(0, len(wanted), CHUNK):
            chosen = select(entry_table.c.edition_id).where(entry_table.c.person_key.in_(wanted[start : start + CHUNK]))
            found |= set(connection.execute(chosen.distinct()).scalars())
    return sorted(found)


def forget_entries(ledger: Ledger, *, edition_ids: Sequence[str]) -> int:
    """Remove who was on these editions, down to the bytes; the editions stay. Number of entries removed."""
    removed = 0
    with writing(ledger) as connection:
        for start in range(0, len(edition_ids), CHUNK):
            chunk = list(edition_ids[start : start + CHUNK])
            removed += connection.execute(delete(entry_table).where(entry_table.c.edition_id.in_(chunk))).rowcount
    empty_write_ahead_log(ledger)
    return removed


def editions_with_entries(ledger: Ledger) -> set[str]:
    """Ids of editions of which it is still held who was on them."""
    with reading(ledger) as connection:
        return set(connection.execute(select(entry_table.c.edition_id).distinct()).scalars())


def forget_people(ledger: Ledger, *, person_keys: Sequence[str]) -> int:
    """Remove these people's entries from every edition, down to the bytes; number of entries removed."""
    wanted = sorted(set(person_keys))
    removed = 0
    with writing(ledger) as connection:
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            removed += connection.execute(delete(entry_table).where(entry_table.c.person_key.in_(chunk))).rowcount
    if wanted:
        # Also when none was left: a run killed before this has yet to do it.
        empty_write_ahead_log(ledger)
    return removed
