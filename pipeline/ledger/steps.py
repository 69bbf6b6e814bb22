"""Steps of a run or a delivery: started, finished, with counts and a digest of what they wrote.

The scope is a run key or a delivery id. There is one row per scope and step, restarted in place; the ledger
says how far a night got, the log does not.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from pipeline.errors import PipelineError
from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, reading, upsert, writing
from pipeline.ledger.tables import run
from pipeline.ledger.tables import step as table


@dataclass(frozen=True)
class StepRecord:
    """How far one step got."""

    scope: str
    step: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]
    digest: str | None


def start_step(ledger: Ledger, *, scope: str, step: str, at: datetime) -> None:
    """Say that the step starts; an earlier attempt's outcome is wiped."""
    row = {
        "scope": scope,
        "step": step,
        "state": "started",
        "started_at": at,
        "finished_at": None,
        "counts": {},
        "digest": None,
    }
    with writing(ledger) as connection:
        upsert(connection, table, [row])


def finish_step(
    ledger: Ledger, *, scope: str, step: str, at: datetime, counts: dict[str, Any], digest: str | None = None
) -> None:
    """Say that the step is done, with a row in the audit; raises PipelineError if it never started."""
    done = (
        update(table)
        .where(table.c.scope == scope, table.c.step == step)
        .values(state="finished", finished_at=at, counts=counts, digest=digest)
    )
    with writing(ledger) as connection:
        if connection.execute(done).rowcount != 1:
            raise PipelineError(f"step {step} of {scope} finished but never started")
        is_run = connection.execute(select(run.c.run_key).where(run.c.run_key == scope)).first() is not None
        append_within(
            connection,
            at=at,
            who="pipeline",
            action="step",
            run_key=scope if is_run else None,
            subject=f"{step} of {scope}, digest {digest or 'none'}",
            counts=counts,
        )


def find_step(ledger: Ledger, *, scope: str, step: str) -> StepRecord | None:
    """The step's row, or None if it never started."""
    with reading(ledger) as connection:
        row = connection.execute(select(table).where(table.c.scope == scope, table.c.step == step)).one_or_none()
    return None if row is None else StepRecord(**row._mapping)


def list_steps(ledger: Ledger, *, scope: str) -> list[StepRecord]:
    """Every step of the scope, in the order they started."""
    chosen = select(table).where(table.c.scope == scope).order_by(table.c.started_at, table.c.step)
    with reading(ledger) as connection:
        return [StepRecord(**row._mapping) for row in connection.execute(chosen)]
