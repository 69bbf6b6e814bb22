"""Backfills: what was asked for, and how far each has come. Dates, run keys and counts only, never a person's value."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from pipeline.errors import PipelineError
from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, insert_new, reading, upsert, writing
from pipeline.ledger.tables_backfill import backfill, backfill_night


@dataclass(frozen=True)
class Backfill:
    """What was asked for. `frozen`: what it knows of, however long it takes: deliveries, finished nights, model."""

    series: str
    knowledge: str
    first_day: date | None
    last_day: date | None
    every: str | None
    sends: bool
    state: str
    frozen: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True)
class BackfilledNight:
    """How far one night got; `content` is its comparison, or why it could not be made."""

    series: str
    as_of: date
    run_key: str | None
    state: str
    started_at: datetime
    finished_at: datetime | None = None
    content: Mapping[str, Any] = field(default_factory=dict)


def begin_backfill(ledger: Ledger, *, asked: Backfill) -> Backfill:
    """Enter it, with a row in the audit; the one of this name as it stands if it is there already."""
    with writing(ledger) as connection:
        known = select(backfill).where(backfill.c.series == asked.series)
        if connection.execute(known).first() is None:
            insert_new(connection, backfill, [asdict(asked)])
            dates = f"{asked.first_day} to {asked.last_day} every {asked.every}" if asked.every else "night by night"
            append_within(
                connection,
                at=asked.started_at,
                who="pipeline",
                action="backfill",
                run_key=None,
                subject=f"{asked.series}: {dates}, knowledge {asked.knowledge}{', sent' if asked.sends else ''}",
                counts={},
            )
        return Backfill(**connection.execute(known).one()._mapping)


def get_backfill(ledger: Ledger, series: str) -> Backfill | None:
    """The backfill of this name, or None."""
    with reading(ledger) as connection:
        row = connection.execute(select(backfill).where(backfill.c.series == series)).one_or_none()
    return None if row is None else Backfill(**row._mapping)


def list_backfills(ledger: Ledger) -> list[Backfill]:
    """Every backfill, in the order they began."""
    with reading(ledger) as connection:
        found = [Backfill(**row._mapping) for row in connection.execute(select(backfill))]
    return sorted(found, key=lambda one: (one.started_at, one.series))


def finish_backfill(ledger: Ledger, *, series: str, at: datetime) -> None:
    """Say that every night of it is made."""
    done = update(backfill).where(backfill.c.series == series).values(state="finished", finished_at=at)
    with writing(ledger) as connection:
        if connection.execute(done).rowcount != 1:
            raise PipelineError(f"backfill {series} finished but is not in the ledger")


def record_night(ledger: Ledger, *, night: BackfilledNight) -> None:
    """Set how far the night is; an earlier attempt's row is put out of place."""
    with writing(ledger) as connection:
        upsert(connection, backfill_night, [asdict(night)])


def nights(ledger: Ledger, *, series: str) -> list[BackfilledNight]:
    """The nights of a backfill that were begun, by date."""
    chosen = select(backfill_night).where(backfill_night.c.series == series)
    with reading(ledger) as connection:
        found = [BackfilledNight(**row._mapping) for row in connection.execute(chosen)]
    return sorted(found, key=lambda one: one.as_of)


def runs_in_progress(ledger: Ledger) -> frozenset[str]:
    """Keys of the runs of backfills that have nights to come: those continue them."""
    chosen = (
        select(backfill_night.c.run_key)
        .join(backfill, backfill.c.series == backfill_night.c.series)
        .where(backfill.c.state == "started", backfill.c.every.is_not(None), backfill_night.c.run_key.is_not(None))
    )
    with reading(ledger) as connection:
        return frozenset(str(key) for key in connection.execute(chosen).scalars())
