"""Runs: named by their run key, with inputs and delivery set frozen at the start.

A run that was killed is found again and goes on under the same key; its inputs are never gathered again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from pipeline.errors import PipelineError
from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, insert_new, reading, writing
from pipeline.ledger.tables import run, run_delivery

# Of what a run is made of: what the audit names.
DIGESTS = ("code", "policy", "model_id", "source_set", "plan", "deliveries", "reference", "codelist_release", "erasure")


@dataclass(frozen=True)
class Run:
    """One computation and everything that went into it."""

    run_key: str
    kind: str
    as_of: date
    knowledge: str
    state: str
    model_id: str | None
    inputs: dict[str, Any]
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]


def freeze_run(
    ledger: Ledger,
    *,
    run_key: str,
    kind: str,
    as_of: date,
    knowledge: str,
    model_id: str | None,
    inputs: dict[str, Any],
    delivery_ids: Sequence[str],
    at: datetime,
) -> Run:
    """Enter the run with its delivery set, in one transaction; the run as it stands if it is there already.

    Raises PipelineError if the key is there with another delivery set: a key may not name two things.
    """
    row = {
        "run_key": run_key,
        "kind": kind,
        "as_of": as_of,
        "knowledge": knowledge,
        "state": "started",
        "model_id": model_id,
        "inputs": inputs,
        "started_at": at,
        "finished_at": None,
        "counts": {},
    }
    with writing(ledger) as connection:
        known = _find(connection, run_key)
        if known is None and not insert_new(connection, run, [row]):
            # Another process entered it between our look and our row: it is the one.
            known = _find(connection, run_key)
        elif known is None:
            pairs = [{"run_key": run_key, "delivery_id": name} for name in sorted(set(delivery_ids))]
            insert_new(connection, run_delivery, pairs)
            append_within(
                connection,
                at=at,
                who="pipeline",
                action="freeze_run",
                run_key=run_key,
                subject=f"{kind} of {as_of}, knowledge {knowledge}: {_made_of(inputs)}",
                counts={"deliveries": len(pairs)},
            )
            known = _find(connection, run_key)
        elif _delivery_ids(connection, run_key) != sorted(set(delivery_ids)):
            raise PipelineError(f"run {run_key} is in the ledger with another delivery set")
    assert known is not None
    return known


def run_deliveries(ledger: Ledger, run_key: str) -> list[str]:
    """Delivery ids of the run, sorted."""
    with reading(ledger) as connection:
        return _delivery_ids(connection, run_key)


def runs_of_delivery(ledger: Ledger, delivery_id: str) -> list[str]:
    """Keys of the runs whose delivery set holds this delivery, sorted."""
    chosen = select(run_delivery.c.run_key).where(run_delivery.c.delivery_id == delivery_id)
    with reading(ledger) as connection:
        return sorted(connection.execute(chosen).scalars())


def get_run(ledger: Ledger, run_key: str) -> Run | None:
    """The run, or None."""
    with reading(ledger) as connection:
        return _find(connection, run_key)


def find_unfinished(ledger: Ledger, *, kind: str, as_of: date, knowledge: str) -> Run | None:
    """The latest started run of this kind and date that never finished, or None."""
    chosen = (
        select(run)
        .where(run.c.kind == kind, run.c.as_of == as_of, run.c.knowledge == knowledge, run.c.state == "started")
        .order_by(run.c.started_at.desc(), run.c.run_key)
        .limit(1)
    )
    with reading(ledger) as connection:
        row = connection.execute(chosen).one_or_none()
    return None if row is None else Run(**row._mapping)


def list_runs(ledger: Ledger, *, as_of: date | None = None, kind: str | None = None) -> list[Run]:
    """Runs that fit every condition given, in the order they started."""
    chosen = select(run).order_by(run.c.started_at, run.c.run_key)
    if as_of is not None:
        chosen = chosen.where(run.c.as_of == as_of)
    if kind is not None:
        chosen = chosen.where(run.c.kind == kind)
    with reading(ledger) as connection:
        return [Run(**row._mapping) for row in connection.execute(chosen)]


def first_finished(ledger: Ledger, *, as_of: date) -> Run | None:
    """The run that first finished this night, a corrected one only where there is no other; None if none did.

    What was known then is what it was frozen with.
    """
    finished = [one for one in list_runs(ledger, as_of=as_of, kind="nightly") if one.state == "finished"]
    return min(finished, key=lambda one: (one.inputs.get("correction") is not None, one.started_at), default=None)


def finish_run(ledger: Ledger, *, run_key: str, at: datetime, counts: dict[str, Any]) -> None:
    """Say that the run is done; one finished before keeps its stamp. Raises PipelineError if unknown."""
    with writing(ledger) as connection:
        known = _find(connection, run_key)
        if known is None:
            raise PipelineError(f"run {run_key} finished but is not in the ledger")
        done = known.finished_at or at
        connection.execute(
            update(run).where(run.c.run_key == run_key).values(state="finished", finished_at=done, counts=counts)
        )


def _made_of(inputs: dict[str, Any]) -> str:
    """Ids and digests the run is made of, of code, policy, model and data among them; no text that a person wrote."""
    return " ".join(f"{name}={inputs[name]}" for name in DIGESTS if isinstance(inputs.get(name), str))


def _find(connection: Connection, run_key: str) -> Run | None:
    row = connection.execute(select(run).where(run.c.run_key == run_key)).one_or_none()
    return None if row is None else Run(**row._mapping)


def _delivery_ids(connection: Connection, run_key: str) -> list[str]:
    chosen = select(run_delivery.c.delivery_id).where(run_delivery.c.run_key == run_key)
    # Sorted here, since databases order text by their own collation.
    return sorted(connection.execute(chosen).scalars())
