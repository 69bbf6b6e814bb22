"""Why a night stopped: which step, which error of ours, what it said. A stop of a step that went through later is over.

Of errors that are not ours only the kind is kept, since a library's message may quote a row.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from pipeline.ledger.connect import Ledger, reading, writing
from pipeline.ledger.tables import stop as stop_table


@dataclass(frozen=True)
class Stop:
    """One time that a night stopped; `subjects` are codes of practices or names of declarations."""

    as_of: date
    step: str
    run_key: str | None
    error: str
    exit_code: int
    what: str
    place: str
    next_step: str
    subjects: tuple[str, ...]
    at: datetime


def record_stop(ledger: Ledger, *, stop: Stop) -> bool:
    """Enter it; the same night may stop more than once. False where the database does not take it."""
    try:
        with writing(ledger) as connection:
            connection.execute(stop_table.insert(), [{**vars(stop), "subjects": list(stop.subjects)}])
    except SQLAlchemyError:
        return False
    return True


def list_stops(ledger: Ledger, *, as_of: date | None = None) -> list[Stop]:
    """Stops of one night, or of all, in the order they were entered."""
    chosen = select(stop_table).order_by(stop_table.c.stop_id)
    if as_of is not None:
        chosen = chosen.where(stop_table.c.as_of == as_of)
    with reading(ledger) as connection:
        rows = [dict(row._mapping) for row in connection.execute(chosen)]
    for row in rows:
        del row["stop_id"]
        row["subjects"] = tuple(row["subjects"])
    return [Stop(**row) for row in rows]
